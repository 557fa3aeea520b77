//! Sends one request over HTTP (origin, key, proxy, TLS, Unix sockets), or hands it to an exporter.

use crate::config::Config;
use crate::exporter::{Exported, Exporter, export};
use crate::instance::delivery::{self, Request};
use std::time::Duration;
use ureq::tls::TlsConfig;
use witspan_setup::{Advice, CredentialForm, Discovery, Plan, Target, is_here};
use witspan_text::Secrets;

/// The most bytes of a response body that are read.
const ANSWER_BYTES: u64 = 4096;
/// The most characters of it that a notice shows. The difference is larger than a key, so that a
/// key which was read only in part is not shown.
const EXCERPT_CHARS: usize = 600;

/// A response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `retry-after` and `x-ratelimit-reset`, if the response has them.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The beginning of the body, for a person.
    pub(crate) excerpt: String,
}

/// Sends requests one after the other, over kept-alive connections.
pub(crate) struct Sender {
    way: Way,
    /// Where requests go, for a person.
    name: String,
    config: Config,
    /// Secrets, which a response or an error may repeat.
    secrets: Secrets,
    /// Whether the agent's route was taken only because there is no key.
    agent_for_want_of_key: bool,
}

/// How a request leaves.
enum Way {
    Http(ureq::Agent),
    Exporter(Exporter),
}

impl Sender {
    pub(crate) fn new(config: &Config, plan: &Plan, target: Target) -> Self {
        let way = match &config.exporter {
            Some(exporter) => Way::Exporter(exporter.clone()),
            None => {
                let timeout = Duration::from_nanos(plan.request_timeout_ns);
                Way::Http(http_agent(&target.spans.url, target.socket.as_deref(), timeout))
            }
        };
        let name = match way {
            Way::Exporter(_) => "the exporter".to_owned(),
            Way::Http(_) => target.name,
        };
        let (secrets, config) = (config.secrets(), config.clone());
        Sender { way, name, agent_for_want_of_key: plan.lacks_key, config, secrets }
    }

    /// Where requests go, for a person: without a password.
    pub(crate) fn shown(&self) -> String {
        self.name.clone()
    }

    /// Advice when the target cannot be reached.
    pub(crate) fn advice(&self) -> Advice {
        if self.agent_for_want_of_key { Advice::SetKey } else { Advice::Nothing }
    }

    /// Advice when the target rejects a request.
    pub(crate) fn advice_when_refused(&self) -> Advice {
        match self.way {
            Way::Http(_) => Advice::CheckKey,
            Way::Exporter(_) => Advice::Nothing,
        }
    }

    /// Sends a request and waits for the response, at most the configured time. `lost` is the text
    /// of the header that reports losses so far.
    pub(crate) fn send(&self, request: &Request, lost: Option<&str>) -> Result<Answer, String> {
        let agent = match &self.way {
            Way::Http(agent) => agent,
            Way::Exporter(exporter) => return Ok(self.hand_over(exporter, request)),
        };
        let mut post = agent.post(&request.url);
        for header in &request.headers {
            post = post.header(&header.name, &header.value);
        }
        if let Some(lost) = lost {
            post = post.header(crate::losses::HEADER, lost);
        }
        for credential in &request.credentials {
            let form = match credential.form {
                delivery::CredentialForm::Plain => CredentialForm::Plain,
                delivery::CredentialForm::Basic => CredentialForm::Basic,
            };
            if let Some(secret) = self.config.secret(&credential.secret) {
                post = post.header(&credential.header, form.text(secret));
            }
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
        // This reads a short body to its end, so that the connection can be reused.
        let reader = answer.into_body().into_reader();
        let _ =
            std::io::Read::read_to_end(&mut std::io::Read::take(reader, ANSWER_BYTES), &mut body);
        Answer { status, headers, excerpt: self.excerpt(&String::from_utf8_lossy(&body)) }
    }

    /// The result of an exporter as an HTTP response, which the core understands.
    fn hand_over(&self, exporter: &Exporter, request: &Request) -> Answer {
        let Request { url, body, spans, evaluations, .. } = request;
        // From the slash after the host.
        let host = url.find("://").map_or(0, |at| at + 3);
        let path = url[host..].find('/').map_or("/", |at| &url[host + at..]);
        let exported = Exported { path, body, spans: *spans, evaluations: *evaluations };
        let (status, excerpt) = match export(exporter, &exported) {
            Ok(()) => (202, String::new()),
            Err(why) => (413, self.excerpt(&why)),
        };
        Answer { status, headers: Vec::new(), excerpt }
    }

    /// The beginning of a text from a receiver, which may repeat what we sent. Secrets are hidden
    /// before the text is cut, since a part of a key would not be recognised.
    fn excerpt(&self, text: &str) -> String {
        self.secrets.hide(text).trim().chars().take(EXCERPT_CHARS).collect()
    }

    /// Whether an agent accepts spans. An agent that does not answer does not.
    pub(crate) fn finds(config: &Config, discovery: &Discovery) -> bool {
        let timeout = Duration::from_nanos(discovery.timeout_ns);
        let agent = http_agent(&discovery.url, discovery.socket.as_deref(), timeout);
        let mut get = agent.get(&discovery.url);
        for credential in &discovery.credentials {
            if let Some(secret) = config.secret(&credential.secret) {
                get = get.header(&credential.header, credential.form.text(secret));
            }
        }
        let Ok(mut answer) = get.call() else { return false };
        let limit = u64::from(discovery.answer_bytes);
        let body = answer.body_mut().with_config().limit(limit).read_to_string();
        answer.status().is_success() && body.is_ok_and(|body| body.contains(&discovery.sign))
    }
}

fn http_agent(url: &str, socket: Option<&str>, timeout: Duration) -> ureq::Agent {
    let mut config = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("witspan/", env!("CARGO_PKG_VERSION")));
    if socket.is_some() || is_here(url) {
        // Receivers on this machine are never behind a proxy.
        config = config.proxy(None);
    }
    if let Ok(Some(roots)) = crate::certificates::named() {
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    let config = config.build();
    match socket {
        #[cfg(unix)]
        Some(path) => crate::unix_socket::agent(config, path),
        _ => ureq::Agent::new_with_config(config),
    }
}
