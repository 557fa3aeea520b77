//! Where requests go: the complete URL, or socket and path, of each, and what only a host can add.

use crate::reasons::DropReason;
use crate::settings::{Format, Route};
use crate::variables::API_KEY;
use witspan_text::Url;

/// Which of the intake's hosts a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IntakeHost {
    /// `api.SITE`
    Api,
    /// `llmobs-intake.SITE`
    LlmobsIntake,
}

impl IntakeHost {
    /// The first label of the host's name, which is also sent to an agent's EVP proxy.
    fn subdomain(self) -> &'static str {
        match self {
            IntakeHost::Api => "api",
            IntakeHost::LlmobsIntake => "llmobs-intake",
        }
    }
}

/// The host and the path that spans of a format are for.
fn spans_path(format: Format) -> (IntakeHost, &'static str) {
    match format {
        Format::PublicApi => (IntakeHost::Api, "/api/intake/llm-obs/v1/trace/spans"),
        Format::SdkIntake => (IntakeHost::LlmobsIntake, "/api/v2/llmobs"),
    }
}

/// The host and the path that evaluations and feedbacks are for, whatever the format of spans.
const EVALUATIONS_PATH: (IntakeHost, &str) =
    (IntakeHost::Api, "/api/intake/llm-obs/v2/eval-metric");

/// A receiver's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// The intake of a Datadog site, such as `datadoghq.com`.
    Site(String),
    /// A URL, perhaps with a base path, or `unix:` and a socket's path.
    Origin(String),
    /// No usable address: finished spans are dropped for this reason.
    Nowhere(DropReason),
}

/// How a header holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialForm {
    /// The secret as it is.
    Plain,
    /// `Basic` and the user name and password in base64 (RFC 7617).
    Basic,
}

impl CredentialForm {
    /// Its name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            CredentialForm::Plain => "plain",
            CredentialForm::Basic => "basic",
        }
    }
}

/// A header that only the host can write, because it holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The header's name, lower case.
    pub header: String,
    /// The variable whose secret it holds.
    pub secret: String,
    /// How.
    pub form: CredentialForm,
}

/// Where requests of one kind go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// The complete URL; empty if there is none.
    pub url: String,
    /// Headers, by lower-case name.
    pub headers: Vec<(String, String)>,
}

/// A receiver of what has finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Names it in requests and counters.
    pub id: String,
    /// The address to show to a person, without secrets.
    pub name: String,
    /// How bodies are written.
    pub format: Format,
    /// Where spans go.
    pub spans: Endpoint,
    /// Where evaluations and feedbacks go.
    pub evaluations: Endpoint,
    /// The unix socket to connect to in place of the URLs' host.
    pub socket: Option<String>,
    /// What the host adds to each request.
    pub credentials: Vec<Credential>,
    /// The reason for which finished spans are dropped, if nothing can be sent there.
    pub drop: Option<DropReason>,
}

/// The id of Datadog's intake, or of the receiver that replaces it.
pub(crate) const DATADOG: &str = "datadog";
/// The default site.
pub(crate) const DEFAULT_SITE: &str = "datadoghq.com";
/// The header that names the host of a request to an agent's proxy.
const SUBDOMAIN: &str = "x-datadog-evp-subdomain";

impl Default for Target {
    fn default() -> Self {
        let site = Address::Site(DEFAULT_SITE.to_owned());
        Target::new(Format::PublicApi, Route::Direct, &site, vec![api_key()])
    }
}

/// The header that holds the intake's key.
pub(crate) fn api_key() -> Credential {
    let (header, secret) = ("dd-api-key".to_owned(), API_KEY.to_owned());
    Credential { header, secret, form: CredentialForm::Plain }
}

impl Target {
    pub(crate) fn new(
        format: Format,
        route: Route,
        address: &Address,
        credentials: Vec<Credential>,
    ) -> Target {
        let endpoint = |(host, path)| endpoint(route, address, host, path);
        let (name, socket, drop) = match address {
            Address::Site(site) => (["the intake of ", site.as_str()].concat(), None, None),
            Address::Origin(url) => (Url(url).to_string(), split(url).socket, None),
            Address::Nowhere(reason) => ("nowhere".to_owned(), None, Some(*reason)),
        };
        Target {
            id: DATADOG.to_owned(),
            name,
            format,
            spans: endpoint(spans_path(format)),
            evaluations: endpoint(EVALUATIONS_PATH),
            socket,
            credentials,
            drop,
        }
    }

    /// Whether it is an agent, through whose proxy requests leave.
    pub fn is_agent(&self) -> bool {
        self.spans.headers.iter().any(|(name, _)| name == SUBDOMAIN)
    }

    /// From the scheme to the base path: what comes before the paths of an agent or intake.
    pub fn base(&self) -> &str {
        let (_, path) = spans_path(self.format);
        let base = self.spans.url.strip_suffix(path).unwrap_or_default();
        base.strip_suffix(PROXY).unwrap_or(base)
    }

    /// Drops the spans of this target if it is reached over TLS.
    pub(crate) fn distrust(&mut self) {
        if self.drop.is_none() && self.spans.url.starts_with("https:") {
            self.drop = Some(DropReason::NoReceiver);
        }
    }
}

/// Where requests for a path of an intake's host go.
fn endpoint(route: Route, address: &Address, host: IntakeHost, path: &str) -> Endpoint {
    let url = match address {
        Address::Site(site) => ["https://", host.subdomain(), ".", site.as_str(), path].concat(),
        Address::Nowhere(_) => String::new(),
        Address::Origin(url) => {
            let origin = split(url);
            // A base path takes the place of the agent's prefix, as in ddtrace.
            let prefix = match route {
                Route::Agent if !origin.has_base => PROXY,
                _ => "",
            };
            [&origin.url, prefix, path].concat()
        }
    };
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers = vec![header("content-type", "application/json")];
    if route == Route::Agent {
        headers.push(header(SUBDOMAIN, host.subdomain()));
    }
    Endpoint { url, headers }
}

/// The prefix of an agent's EVP proxy; an agent that has it says so in its `/info`.
pub const PROXY: &str = "/evp_proxy/v2";

/// An origin, split for requests.
pub(crate) struct Origin {
    /// From the scheme, in lower case, to the base path, without a slash at the end.
    pub(crate) url: String,
    has_base: bool,
    pub(crate) socket: Option<String>,
}

/// Splits an origin that was checked. The path of a URL is a base for ours, as in ddtrace.
pub(crate) fn split(url: &str) -> Origin {
    if let Some(path) = after(url, "unix:") {
        let path = ["/", path.trim_start_matches('/')].concat();
        // The host of a request over a socket; no name is looked up.
        return Origin { url: "http://localhost".to_owned(), has_base: false, socket: Some(path) };
    }
    let url = url.trim_end_matches('/');
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let has_base = rest.contains('/');
    Origin { url: [&scheme.to_ascii_lowercase(), "://", rest].concat(), has_base, socket: None }
}

fn after<'t>(text: &'t str, scheme: &str) -> Option<&'t str> {
    let start = text.get(..scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then(|| text.get(scheme.len()..).unwrap_or_default())
}

/// Whether a URL is one of a unix socket.
pub(crate) fn is_socket(url: &str) -> bool {
    after(url, "unix:").is_some()
}

/// Checks the URL of an agent, an intake or a collector: `http://` or `https://`, a host, perhaps a
/// port and a base path; or `unix:` and the path of a socket. The error says what is wrong.
pub fn parse_origin(url: &str) -> Result<(), &'static str> {
    if let Some(path) = after(url, "unix:") {
        let named = !path.trim_start_matches('/').is_empty();
        return if named { Ok(()) } else { Err("names no socket") };
    }
    let Some(rest) = after(url, "http://").or_else(|| after(url, "https://")) else {
        return Err(if url.contains("://") { "has an unknown scheme" } else { "has no scheme" });
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    if rest.contains(['?', '#']) {
        return Err("has a query or fragment");
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("has a path that is not visible ASCII");
    }
    // A host removes user name and password; if they are still here, the host's name is invalid.
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    check_authority(authority)
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or("has an unclosed bracket")?;
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Err("has no IPv6 address in its brackets");
            }
            ("", port)
        }
        None => {
            let (host, port) = match authority.find(':') {
                Some(at) => authority.split_at(at),
                None => (authority, ""),
            };
            if host.is_empty() {
                return Err("has no host");
            }
            (host, port)
        }
    };
    if !is_host_name(host) {
        return Err("has a host that is neither a name nor an address");
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(()),
        Some("") => Ok(()),
        Some(number) if is_port(number) => Ok(()),
        _ => Err("has a port that is not a number from 1 to 65535"),
    }
}

/// Whether a text is a port's number.
pub(crate) fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether a text has the form of names and IPv4 addresses: labels with dots between them. An empty text
/// counts, too; the callers know that theirs is not empty.
pub(crate) fn is_host_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &str| !label.is_empty() && label.bytes().all(plain);
    text.is_empty() || text.strip_suffix('.').unwrap_or(text).split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_and_address_has_its_url() {
        let of = |route, address: Address| {
            Target::new(Format::SdkIntake, route, &address, Vec::new()).spans.url
        };
        let origin = |url: &str| Address::Origin(url.to_owned());
        assert_eq!(
            of(Route::Direct, Address::Site("datadoghq.eu".into())),
            "https://llmobs-intake.datadoghq.eu/api/v2/llmobs"
        );
        for (route, url, expected) in [
            (
                Route::Agent,
                "http://localhost:8126",
                "http://localhost:8126/evp_proxy/v2/api/v2/llmobs",
            ),
            (Route::Agent, "http://127.0.0.1:9/base/", "http://127.0.0.1:9/base/api/v2/llmobs"),
            (Route::Agent, "HTTP://h:9/", "http://h:9/evp_proxy/v2/api/v2/llmobs"),
            (Route::Direct, "http://127.0.0.1:9/base", "http://127.0.0.1:9/base/api/v2/llmobs"),
        ] {
            assert_eq!(of(route, origin(url)), expected);
        }
        let socket = origin("unix:///run/apm.socket");
        let socket = Target::new(Format::PublicApi, Route::Agent, &socket, Vec::new());
        assert_eq!(
            socket.evaluations.url,
            "http://localhost/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric"
        );
        assert_eq!(socket.socket.as_deref(), Some("/run/apm.socket"));
        assert_eq!((socket.is_agent(), socket.base()), (true, "http://localhost"));
        let site = Target::default();
        assert_eq!((site.is_agent(), site.base()), (false, "https://api.datadoghq.com"));
        let subdomain = &socket.evaluations.headers[1];
        assert_eq!(subdomain, &("x-datadog-evp-subdomain".to_owned(), "api".to_owned()));
    }

    #[test]
    fn an_invalid_url_is_rejected_with_the_reason() {
        for right in [
            "http://agent:8126",
            "HTTPS://h",
            "http://[::1]:8126/base",
            "http://10.0.0.1",
            "unix:///run/x",
            "unix:/run/x",
            "http://h:/",
        ] {
            assert_eq!(parse_origin(right), Ok(()), "{right}");
        }
        for (wrong, why) in [
            ("localhost:8126", "has no scheme"),
            ("ftp://h", "has an unknown scheme"),
            ("http://", "has no host"),
            ("http://:8126", "has no host"),
            ("http://[::1", "has an unclosed bracket"),
            ("http://[::1]x", "has a port that is not a number from 1 to 65535"),
            ("http://[nonsense]", "has no IPv6 address in its brackets"),
            ("http://h:99999", "has a port that is not a number from 1 to 65535"),
            ("http://h:+80", "has a port that is not a number from 1 to 65535"),
            ("http://a b", "has a host that is neither a name nor an address"),
            ("http://a..b", "has a host that is neither a name nor an address"),
            ("http://h/a\nb", "has a path that is not visible ASCII"),
            ("http://h/?a=b", "has a query or fragment"),
            ("unix://", "names no socket"),
        ] {
            assert_eq!(parse_origin(wrong), Err(why), "{wrong}");
        }
    }
}
