//! Sends one request over HTTP (origin, key, proxy, TLS, unix sockets), or hands it to the exporter
//! that takes HTTP's place.

use crate::config::Config;
use crate::exporter::{Exported, Exporter, export};
use crate::instance::delivery::{IntakeHost, Request};
use crate::instance::types::Route;
use std::time::Duration;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use witspan_text::{Secrets, Url};

/// Most bytes of an answer's body that are read.
const ANSWER_BYTES: u64 = 4096;
/// Most characters of it that a notice shows: so much fewer that no half of a key is among them.
const EXCERPT_CHARS: usize = 600;

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `retry-after` and `x-ratelimit-reset`, if they were there.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The beginning of the body, for a person.
    pub(crate) excerpt: String,
}

/// Sends requests one after the other, over connections that are kept.
pub(crate) struct Sender {
    way: Way,
    route: Route,
    origin: Option<Origin>,
    site: String,
    api_key: Option<String>,
    /// What a receiver, or an error, may repeat.
    secrets: Secrets,
    /// Whether the agent's route was taken only because there is no key.
    agent_for_want_of_key: bool,
}

/// How a request leaves.
enum Way {
    Http(ureq::Agent),
    Exporter(Exporter),
}

/// An origin with an optional base path: `http://host:port/base`, or a socket's.
#[derive(Clone)]
pub(crate) struct Origin {
    url: String,
    has_base: bool,
    socket: Option<String>,
}

impl Origin {
    /// Splits a URL as ddtrace does: the path after the host is a base for ours.
    pub(crate) fn parse(url: &str) -> Origin {
        if let Some(path) = url.strip_prefix("unix:") {
            let path = format!("/{}", path.trim_start_matches('/'));
            // The host of a request over a socket; no name is looked up.
            return Origin {
                url: "http://localhost".to_owned(),
                has_base: false,
                socket: Some(path),
            };
        }
        let url = url.trim_end_matches('/');
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        Origin { url: url.to_owned(), has_base: after_scheme.contains('/'), socket: None }
    }

    fn is_loopback(&self) -> bool {
        let uri: Result<Uri, _> = self.url.parse();
        let host = uri.ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
        let host = host.trim_matches(['[', ']']);
        host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl Sender {
    pub(crate) fn new(config: &Config, route: Route) -> Self {
        let origin = match (&config.override_origin, route) {
            (Some(origin), _) => Some(Origin::parse(origin)),
            (None, Route::Agent) => Some(Origin::parse(&config.agent_url)),
            (None, Route::Direct) => None,
        };
        let way = match &config.exporter {
            Some(exporter) => Way::Exporter(exporter.clone()),
            None => Way::Http(http_agent(origin.as_ref(), config.request_timeout)),
        };
        Sender {
            way,
            route,
            origin,
            site: config.site.clone(),
            api_key: config.api_key.clone(),
            secrets: config.secrets(),
            agent_for_want_of_key: route == Route::Agent
                && config.agentless.is_none()
                && config.api_key.is_none(),
        }
    }

    /// Whether a key is needed and missing.
    pub(crate) fn lacks_key(&self) -> bool {
        self.route == Route::Direct && self.api_key.is_none()
    }

    /// Where requests go, for a person: without a password.
    pub(crate) fn target(&self) -> String {
        match &self.origin {
            _ if matches!(self.way, Way::Exporter(_)) => "the exporter".to_owned(),
            Some(Origin { socket: Some(path), .. }) => format!("unix://{path}"),
            Some(origin) => Url(&origin.url).to_string(),
            None => format!("the intake of {}", Url(&self.site)),
        }
    }

    /// What else could be done when the target cannot be reached.
    pub(crate) fn advice(&self) -> &'static str {
        if self.agent_for_want_of_key { "; to send without an agent, set DD_API_KEY" } else { "" }
    }

    /// What may be the cause when the target refuses.
    pub(crate) fn advice_when_refused(&self) -> &'static str {
        match self.way {
            Way::Http(_) => "; if it is a matter of access, see that DD_API_KEY belongs to DD_SITE",
            Way::Exporter(_) => "",
        }
    }

    fn url(&self, request: &Request) -> String {
        match &self.origin {
            Some(origin) => {
                // A base path takes the place of the agent's prefix, as in ddtrace.
                let path = match request.path.strip_prefix("/evp_proxy/v2") {
                    Some(path) if origin.has_base => path,
                    _ => &request.path,
                };
                format!("{}{path}", origin.url)
            }
            None => {
                let host = match request.host {
                    IntakeHost::Api => "api",
                    IntakeHost::LlmobsIntake => "llmobs-intake",
                };
                format!("https://{host}.{}{}", self.site, request.path)
            }
        }
    }

    /// Sends it and waits for the answer, at most the configured time. `lost` is the text of the
    /// header that says what was lost so far.
    pub(crate) fn send(&self, request: &Request, lost: Option<&str>) -> Result<Answer, String> {
        let agent = match &self.way {
            Way::Http(agent) => agent,
            Way::Exporter(exporter) => return Ok(self.hand_over(exporter, request)),
        };
        let mut post = agent.post(self.url(request));
        for header in &request.headers {
            post = post.header(&header.name, &header.value);
        }
        if let Some(lost) = lost {
            post = post.header(crate::losses::HEADER, lost);
        }
        if let (Route::Direct, Some(key)) = (self.route, &self.api_key) {
            post = post.header("dd-api-key", key);
        }
        let answer = post.send(&request.body[..]);
        Ok(self.read(answer.map_err(|error| self.excerpt(&error.to_string()))?))
    }

    fn read(&self, answer: ureq::http::Response<ureq::Body>) -> Answer {
        let status = answer.status().as_u16();
        let header = |name: &'static str| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some((name, value.to_owned()))
        };
        let headers =
            [header("retry-after"), header("x-ratelimit-reset")].into_iter().flatten().collect();
        let mut body = Vec::new();
        // Also empties short bodies, so that the connection is used again.
        let reader = answer.into_body().into_reader();
        let _ =
            std::io::Read::read_to_end(&mut std::io::Read::take(reader, ANSWER_BYTES), &mut body);
        Answer { status, headers, excerpt: self.excerpt(&String::from_utf8_lossy(&body)) }
    }

    /// What an exporter made of a request, as an answer: the core knows what follows from those.
    fn hand_over(&self, exporter: &Exporter, request: &Request) -> Answer {
        let Request { path, body, spans, evaluations, .. } = request;
        let exported = Exported { path, body, spans: *spans, evaluations: *evaluations };
        let (status, excerpt) = match export(exporter, &exported) {
            Ok(()) => (202, String::new()),
            Err(why) => (413, self.excerpt(&why)),
        };
        Answer { status, headers: Vec::new(), excerpt }
    }

    /// The beginning of a text of someone else's, who may repeat what we sent. What is secret in it is
    /// hidden before it is cut, since half of a key would not be known for one.
    fn excerpt(&self, text: &str) -> String {
        self.secrets.hide(text).trim().chars().take(EXCERPT_CHARS).collect()
    }

    /// Whether the agent takes spans for the intake. An agent that does not answer does not.
    pub(crate) fn agent_has_proxy(config: &Config) -> bool {
        let origin = Origin::parse(&config.agent_url);
        let agent = http_agent(Some(&origin), Duration::from_secs(1).min(config.request_timeout));
        let Ok(mut answer) = agent.get(format!("{}/info", origin.url)).call() else { return false };
        let body = answer.body_mut().with_config().limit(1 << 20).read_to_string();
        answer.status().is_success() && body.is_ok_and(|body| body.contains("/evp_proxy/v2"))
    }
}

fn http_agent(origin: Option<&Origin>, timeout: Duration) -> ureq::Agent {
    let mut config = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("witspan/", env!("CARGO_PKG_VERSION")));
    if origin.is_some_and(|origin| origin.socket.is_some() || origin.is_loopback()) {
        // What is on this machine is never behind a proxy.
        config = config.proxy(None);
    }
    if let Some(roots) = roots_from_env() {
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    let config = config.build();
    match origin.and_then(|origin| origin.socket.as_deref()) {
        #[cfg(unix)]
        Some(path) => crate::unix_socket::agent(config, path),
        _ => ureq::Agent::new_with_config(config),
    }
}

/// The certificates of `SSL_CERT_FILE`, where a company's proxy speaks for the intake. Mozilla's
/// otherwise, which are built in.
fn roots_from_env() -> Option<RootCerts> {
    let pem = std::fs::read(std::env::var_os("SSL_CERT_FILE")?).ok()?;
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    (!certificates.is_empty()).then(|| RootCerts::from(certificates))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(config: &Config, route: Route, path: &str, host: IntakeHost) -> String {
        let (headers, body) = Default::default();
        let path = path.to_owned();
        let request = Request { id: 1, host, path, headers, body, spans: 1, evaluations: 0 };
        Sender::new(config, route).url(&request)
    }

    #[test]
    fn each_way_has_its_url() {
        let mut config = Config { site: "datadoghq.eu".into(), ..Config::default() };
        let sdk = "/api/v2/llmobs";
        assert_eq!(
            url(&config, Route::Direct, sdk, IntakeHost::LlmobsIntake),
            "https://llmobs-intake.datadoghq.eu/api/v2/llmobs"
        );
        let proxied = "/evp_proxy/v2/api/v2/llmobs";
        assert_eq!(
            url(&config, Route::Agent, proxied, IntakeHost::LlmobsIntake),
            "http://localhost:8126/evp_proxy/v2/api/v2/llmobs"
        );
        config.override_origin = Some("http://127.0.0.1:9/base/".into());
        assert_eq!(
            url(&config, Route::Agent, proxied, IntakeHost::LlmobsIntake),
            "http://127.0.0.1:9/base/api/v2/llmobs"
        );
        config.override_origin = Some("http://127.0.0.1:9".into());
        assert_eq!(
            url(&config, Route::Agent, proxied, IntakeHost::LlmobsIntake),
            "http://127.0.0.1:9/evp_proxy/v2/api/v2/llmobs"
        );
    }
}
