//! Which requests are accepted. On a loopback address, those of every program on this machine, but not
//! those of pages of another origin; on any other address, those that carry the token.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
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
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
         img-src 'self' data:; media-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
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

    /// Why the request is rejected; `None` if it is accepted.
    fn refuse(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Refused> {
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Some(Refused(
                StatusCode::BAD_REQUEST,
                "a request must have exactly one Host header",
            ));
        };
        let host = host.to_str().unwrap_or("?");
        // Host confusion: a proxy may have checked one of them, and a receiver behind us may use the other.
        let target = uri.authority().map(|authority| authority.as_str());
        if target.is_some_and(|target| !target.eq_ignore_ascii_case(host)) {
            return Some(Refused(
                StatusCode::BAD_REQUEST,
                "the request's target and its Host header name different hosts",
            ));
        }
        let Some(name) = HostName::parse(host) else {
            let status = match self.token {
                Some(_) => StatusCode::BAD_REQUEST,
                None => StatusCode::FORBIDDEN,
            };
            return Some(Refused(status, "the Host header is neither a name nor an address"));
        };
        // DNS rebinding: a foreign name that resolves to this machine lets a page of that site send
        // requests here. A token stops it too, since the page does not know the token.
        if self.token.is_none() && !self.is_own(&name) {
            return Some(Refused(
                StatusCode::FORBIDDEN,
                "the Host header must name this machine: localhost, 127.0.0.1 or [::1]",
            ));
        }
        let own =
            |origin: &str| origin.split_once("://").is_some_and(|(_, authority)| authority == host);
        let mut origins = headers.get_all(header::ORIGIN).iter();
        if !origins.all(|origin| origin.to_str().is_ok_and(own)) {
            return Some(Refused(
                StatusCode::FORBIDDEN,
                "requests from pages of another origin are rejected",
            ));
        }
        let site = text(HeaderName::from_static("sec-fetch-site"));
        if matches!(site, Some("cross-site" | "same-site")) {
            // A link from elsewhere may open the page; the requests that follow are the page's own.
            let opens = text(HeaderName::from_static("sec-fetch-mode")) == Some("navigate")
                && text(HeaderName::from_static("sec-fetch-dest")) == Some("document");
            if method != Method::GET || !opens || !assets::is_page(uri.path()) {
                return Some(Refused(
                    StatusCode::FORBIDDEN,
                    "requests from pages of another site are rejected",
                ));
            }
        }
        let Some(token) = &self.token else { return None };
        if given(headers).any(|given| same(given, token)) {
            return None;
        }
        Some(Refused(
            StatusCode::UNAUTHORIZED,
            "this intake requires its token: send it as `Authorization: Bearer TOKEN` or `DD-API-KEY`, \
             or open /?token=TOKEN once in the browser",
        ))
    }

    fn is_own(&self, name: &HostName<'_>) -> bool {
        match name {
            HostName::Address(address) => address.is_loopback() || *address == self.address,
            HostName::Name(name) => {
                let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
                name == "localhost" || name.ends_with(".localhost")
            }
        }
    }
}

/// What a Host header names.
enum HostName<'a> {
    Address(IpAddr),
    Name(&'a str),
}

impl<'a> HostName<'a> {
    /// Reads `name`, `name:port`, `address:port` or `[address]:port`, and nothing else.
    fn parse(host: &'a str) -> Option<Self> {
        let (name, port) = match host.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                (Self::Address(address.parse::<Ipv6Addr>().ok()?.into()), port)
            }
            None => {
                let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                if name.is_empty() || !name.bytes().all(fits) {
                    return None;
                }
                (name.parse().map_or(Self::Name(name), Self::Address), port)
            }
        };
        let digits = match port.strip_prefix(':') {
            Some(digits) => digits,
            None if port.is_empty() => "",
            None => return None,
        };
        // No port after the colon is the usual one.
        let fits = digits.bytes().all(|byte| byte.is_ascii_digit());
        (fits && (digits.is_empty() || digits.parse::<u16>().is_ok())).then_some(name)
    }
}

struct Refused(StatusCode, &'static str);

/// Checks that a token fits both a header and a cookie; a `;` would end the cookie. The error names the
/// position of the character, and never shows the token.
pub(crate) fn check_token(token: &str) -> Result<(), String> {
    let wrong = |(_, letter): &(usize, char)| {
        *letter == ';' || !(letter.is_ascii_graphic() || *letter == ' ')
    };
    let outer = |&(at, letter): &(usize, char)| {
        letter == ' ' && (at == 0 || at + 1 == token.chars().count())
    };
    let mut letters = token.chars().enumerate();
    let Some((at, letter)) = letters.find(|each| wrong(each) || outer(each)) else { return Ok(()) };
    let what = match letter {
        ';' => "a `;`, which would cut off the browser's cookie",
        ' ' => "a space, which headers do not preserve at the ends",
        _ => "a character that is not visible ASCII, which no header can carry",
    };
    Err(format!(
        "the token (--token or WITSPAN_INTAKE_TOKEN) is invalid: character {} is {what}; accepted: visible \
         ASCII characters except `;`, and spaces between them",
        at + 1
    ))
}

/// The tokens a request carries.
fn given(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // The scheme's name is in any case.
    let bearer = text("authorization").and_then(|value| value.split_once(' '));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let bearer = bearer.map(|(_, token)| token.trim_start());
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(';'));
    let cookie = cookies.filter_map(|one| one.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    bearer.into_iter().chain(text("dd-api-key")).chain(cookie)
}

/// Compares in constant time, so that timing does not reveal where they differ.
fn same(given: &str, token: &str) -> bool {
    let differences = given.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == token.len() && std::hint::black_box(differences) == 0
}

/// Accepts or rejects a request; adds the security headers to every answer.
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

/// `/?token=` in the browser: stores the token in a cookie and removes it from the address bar.
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
