//! Who may ask. On a loopback address that is every program of this machine, and no page of another
//! origin; on any other address, who knows the token.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::params::Params;
use super::{State, answer, assets};

const COOKIE: &str = "witspan_token";

/// Sent with every answer. No page may run script that is not ours, frame this one, or be told
/// where its links come from. Pictures and sounds come out of spans, never from elsewhere.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         media-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// What is asked of a request.
pub(crate) struct Guard {
    token: Option<String>,
    address: IpAddr,
}

impl Guard {
    pub(crate) fn new(token: Option<String>, address: SocketAddr) -> Self {
        Self { token, address: address.ip() }
    }

    /// The reason not to answer, if there is one.
    fn refuse(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Refused> {
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let Some(host) = text(header::HOST) else {
            return Some(Refused(StatusCode::BAD_REQUEST, "the request has no Host header"));
        };
        // The first of two may be meant for us, and the second for who passed it on.
        if headers.get_all(header::HOST).iter().count() > 1 {
            return Some(Refused(StatusCode::BAD_REQUEST, "the request has two Host headers"));
        }
        // Before the header counts what a whole address in the first line says.
        let host = uri.authority().map_or(host, |authority| authority.as_str());
        // A name that another site has pointed to this machine is a page of that site asking. With
        // a token it would have to know that.
        if self.token.is_none() && !self.is_own_name(host) {
            return Some(Refused(
                StatusCode::FORBIDDEN,
                "the Host header must name this machine: localhost, 127.0.0.1 or [::1]",
            ));
        }
        let own =
            |origin: &str| origin.split_once("://").is_some_and(|(_, authority)| authority == host);
        if let Some(origin) = text(header::ORIGIN)
            && !own(origin)
        {
            return Some(Refused(StatusCode::FORBIDDEN, "a page of another origin may not ask"));
        }
        let site = text(HeaderName::from_static("sec-fetch-site"));
        if matches!(site, Some("cross-site" | "same-site")) {
            // A link from elsewhere may open the page, which then asks for itself.
            let opens = text(HeaderName::from_static("sec-fetch-mode")) == Some("navigate")
                && text(HeaderName::from_static("sec-fetch-dest")) == Some("document");
            if method != Method::GET || !opens || !assets::is_page(uri.path()) {
                return Some(Refused(StatusCode::FORBIDDEN, "a page of another site may not ask"));
            }
        }
        let Some(token) = &self.token else { return None };
        if given(headers).any(|given| same(given, token)) {
            return None;
        }
        Some(Refused(
            StatusCode::UNAUTHORIZED,
            "this intake needs its token: as `Authorization: Bearer TOKEN`, as `DD-API-KEY`, or in \
             the browser once as /?token=TOKEN",
        ))
    }

    fn is_own_name(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else { return false };
        let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let address = match address {
            Some(inner) => inner.parse().map(IpAddr::V6),
            None => name.parse().map(IpAddr::V4),
        };
        match address {
            Ok(address) => address.is_loopback() || address == self.address,
            Err(_) => {
                let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
                name == "localhost" || name.ends_with(".localhost")
            }
        }
    }
}

/// The host of `host` or `host:port`; `None` for any other text.
fn name_of(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') {
        host.find(']')? + 1
    } else {
        host.find(':').unwrap_or(host.len())
    };
    let (name, port) = host.split_at(end);
    let is_port = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(name)
}

struct Refused(StatusCode, &'static str);

/// The tokens a request carries.
fn given(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| {
        // The name of a scheme may be written in either case.
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
    });
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(';'));
    let cookie = cookies.filter_map(|one| one.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    bearer.into_iter().chain(text("dd-api-key")).chain(cookie)
}

/// Compares in a time that tells nothing of where they differ.
fn same(given: &str, token: &str) -> bool {
    let differences = given.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == token.len() && std::hint::black_box(differences) == 0
}

/// Lets a request through, or refuses it; adds the headers of safety to every answer.
pub(crate) async fn check(
    Shared(state): Shared<Arc<State>>,
    request: Request,
    next: Next,
) -> Response {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    let mut response = match state.guard.refuse(method, uri, headers) {
        None => next.run(request).await,
        Some(refused) => match enter(&state.guard, method, uri, &refused) {
            Some(entered) => entered,
            None => {
                let Refused(status, reason) = refused;
                state.refusals.add(status, uri.path(), reason);
                answer::refusal(status, reason, None)
            }
        },
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// `/?token=` in the browser: keeps the token in a cookie, and the address line clean of it.
fn enter(guard: &Guard, method: &Method, uri: &Uri, refused: &Refused) -> Option<Response> {
    let token = guard.token.as_deref()?;
    let given = Params::parse(uri.query()?).text("token")?;
    let may = refused.0 == StatusCode::UNAUTHORIZED
        && method == Method::GET
        && assets::is_page(uri.path())
        && same(&given, token);
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000");
    let cookie = may.then(|| HeaderValue::from_str(&cookie).ok())??;
    // One slash in front: two would be another host.
    let place = HeaderValue::from_str(&format!("/{}", uri.path().trim_start_matches('/'))).ok()?;
    let headers = [(header::SET_COOKIE, cookie), (header::LOCATION, place)];
    Some((StatusCode::SEE_OTHER, headers).into_response())
}
