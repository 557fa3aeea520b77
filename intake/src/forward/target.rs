//! Receivers: Datadog's intake, an agent (or another witspan intake), an OTLP collector.

use std::io::Write;
use std::time::{Duration, SystemTime};

use flate2::write::GzEncoder;
use ureq::http::HeaderMap;
use ureq::tls::TlsConfig;
use witspan_setup::{
    API_KEY, Environment, Format, Input, PROXY, Plan, SITE, hide_proxies, is_here, make_plan,
};
use witspan_text::{Secrets, Url};

use super::Outcome;
use crate::certificates;
use crate::endpoints::{Endpoint, Form, Host, Route};
use crate::store::forward_queue::QueuedRequest;

/// How long a connection, and each piece of a body, may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a receiver may think before it answers.
const THOUGHT: Duration = Duration::from_secs(30);
/// The most of an answer that is read.
const ANSWER: u64 = 2_000;

/// The receiver of forwarded requests.
pub(crate) enum Target {
    /// The base URL of an agent.
    Agent(String),
    /// Datadog's intake.
    Datadog(Datadog),
    /// The URL of `/v1/traces`.
    Otlp(String),
}

/// Datadog's hosts and the key, which is held in memory alone and never shown.
pub(crate) struct Datadog {
    /// For the public API and evaluations, and for what SDKs send.
    api: String,
    spans: String,
    key: String,
}

impl Datadog {
    /// The intake of the environment's site, with its key, as a tracer's plan has it. `named` is what
    /// `--forward` says.
    fn of_site(named: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        // Other settings of a tracer do not apply to forwarding.
        let known =
            Environment::read(|name| lookup(name).filter(|_| [API_KEY, SITE].contains(&name)));
        let secrets = known.secrets();
        let Some(key) = known.secrets.get(API_KEY).cloned() else {
            let named = Url(named);
            return Err(format!("--forward {named} needs a key: set {API_KEY} in the environment"));
        };
        let plan = |format: Format| {
            let option = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            make_plan(&Input {
                environment: known.open.clone(),
                options: vec![
                    option("agentless_enabled", "true"),
                    option("intake", format.setting()),
                ],
                secrets: secrets.clone(),
                ..Input::default()
            })
        };
        let [api, spans] = [Format::PublicApi, Format::SdkIntake].map(plan);
        if let Some(wrong) = api.diagnostics.first() {
            return Err(format!("--forward {} is invalid: {}", Url(named), wrong.message));
        }
        let base = |plan: Plan| {
            let target = plan.settings.targets.into_iter().flatten().next();
            target.map_or(String::new(), |target| target.base().to_owned())
        };
        Ok(Self { api: base(api), spans: base(spans), key })
    }
}

impl Target {
    /// The receiver that `--forward` names: `datadog` for the intake of DD_SITE, `intake:URL` for one at another
    /// origin, a URL that ends in `/v1/traces` for a collector, any other for an agent.
    ///
    /// # Errors
    ///
    /// A sentence that names the accepted values.
    pub(crate) fn parse(
        text: &str,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        // Requests to an invalid URL would be retried for as long as the intake runs.
        let web = |url: &str| {
            let host = url.parse::<ureq::http::Uri>().is_ok_and(|uri| uri.host().is_some());
            host && (url.starts_with("http://") || url.starts_with("https://"))
        };
        if text == "datadog" {
            return Ok(Self::Datadog(Datadog::of_site(text, lookup)?));
        }
        if let Some(origin) = text.strip_prefix("intake:").filter(|origin| web(origin)) {
            let origin = origin.trim_end_matches('/').to_owned();
            // The site does not matter then, even an invalid one.
            let known = Datadog::of_site(text, |name| lookup(name).filter(|_| name != SITE))?;
            let (api, spans) = (origin.clone(), origin);
            return Ok(Self::Datadog(Datadog { api, spans, ..known }));
        }
        if web(text) {
            let url = text.trim_end_matches('/').to_owned();
            let collector = url.ends_with(Route::OtlpTraces.endpoint().path());
            return Ok(if collector { Self::Otlp(url) } else { Self::Agent(url) });
        }
        Err(format!(
            "`--forward {}` is not understood; accepted: `datadog`, the URL of an agent \
             (http://host:8126), the URL of a collector (http://host:4318/v1/traces), or `intake:URL`",
            Url(text)
        ))
    }

    /// What it gets of the requests of an endpoint.
    pub(super) fn form(&self, endpoint: &Endpoint) -> Form {
        match self {
            Self::Agent(_) => endpoint.agent,
            Self::Datadog(_) => endpoint.datadog,
            Self::Otlp(_) => endpoint.otlp,
        }
    }

    /// Whether the connection is encrypted, so that certificates matter.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.url().starts_with("https://")
    }

    /// For people: no password, no key.
    pub(crate) fn shown(&self) -> String {
        Url(self.url()).to_string()
    }

    fn url(&self) -> &str {
        match self {
            Self::Agent(url) | Self::Otlp(url) => url,
            Self::Datadog(datadog) => &datadog.api,
        }
    }

    /// The text of an error or an answer, which may repeat secrets, without them.
    fn without_secrets(&self, text: &str) -> String {
        let mut secrets = Secrets::default();
        secrets.add_url(self.url());
        if let Self::Datadog(datadog) = self {
            secrets.add(&datadog.key, "(the API key)");
        }
        hide_proxies(&mut secrets, |name| std::env::var(name).ok());
        secrets.hide(text)
    }

    /// The kind's name.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::Datadog(_) => "datadog",
            Self::Otlp(_) => "otlp",
        }
    }

    /// Its name in the database, without password and key.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.kind(), self.shown())
    }

    /// Tries once.
    pub(super) fn send(&self, http: &ureq::Agent, queued: &QueuedRequest, body: &[u8]) -> Outcome {
        let path = &queued.path;
        let host = Endpoint::at(path).map_or(Host::Api, |endpoint| endpoint.host);
        let (url, subdomain) = match (self, host) {
            (Self::Otlp(url), _) => (url.clone(), None),
            (Self::Agent(base), Host::Local) => (format!("{base}{path}"), None),
            (Self::Agent(base), Host::Api) => (format!("{base}{PROXY}{path}"), Some("api")),
            (Self::Agent(base), Host::LlmobsIntake) => {
                (format!("{base}{PROXY}{path}"), Some("llmobs-intake"))
            }
            (Self::Datadog(datadog), Host::LlmobsIntake) => {
                (format!("{}{path}", datadog.spans), None)
            }
            (Self::Datadog(datadog), _) => (format!("{}{path}", datadog.api), None),
        };
        let mut request = http.post(url).header("Content-Type", &queued.content_type);
        if let Some(subdomain) = subdomain {
            request = request.header("X-Datadog-EVP-Subdomain", subdomain);
        }
        if let Self::Datadog(datadog) = self {
            request = request.header("DD-API-KEY", &datadog.key);
        }
        for (name, value) in &queued.headers {
            request = request.header(name, value);
        }
        // OTLP requires every receiver to accept gzip; the other formats do not.
        let packed = matches!(self, Self::Otlp(_)).then(|| gzip(body)).flatten();
        if packed.is_some() {
            request = request.header("Content-Encoding", "gzip");
        }
        match request.send(packed.as_deref().unwrap_or(body)) {
            Err(error) => {
                let why = self.without_secrets(&error.to_string());
                Outcome::Failed(format!("{} does not answer: {why}", self.shown()), None)
            }
            Ok(answer) => self.outcome(answer),
        }
    }

    fn outcome(&self, mut answer: ureq::http::Response<ureq::Body>) -> Outcome {
        let status = answer.status().as_u16();
        // The connection is used again only if the answer has been read.
        let said = answer.body_mut().with_config().limit(ANSWER).read_to_string();
        if (200..300).contains(&status) {
            return Outcome::Taken;
        }
        let said = said.unwrap_or_default();
        let asked = asked(answer.headers());
        let said = self.without_secrets(&said);
        let reason = format!("{} answers {status}: {}", self.shown(), said.trim());
        match status {
            425 | 429 | 503 => Outcome::Busy(reason, asked),
            // A redirection means a wrong address, 401, 403 and 407 a wrong key: with the right one, all queued
            // requests may be accepted.
            300..=399 | 401 | 403 | 407 | 408 | 500..=599 => Outcome::Failed(reason, asked),
            404 | 405 => Outcome::Nowhere(reason),
            _ => Outcome::Refused(reason),
        }
    }

    /// The HTTP client for it.
    pub(super) fn http(&self) -> ureq::Agent {
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A followed redirect becomes a GET, whose answer says nothing about the spans.
            .max_redirects(0)
            .user_agent(concat!("witspan/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(PATIENCE))
            .timeout_connect(Some(PATIENCE))
            .timeout_per_write(Some(PATIENCE))
            .timeout_recv_response(Some(THOUGHT))
            .timeout_recv_body(Some(PATIENCE));
        if is_here(self.url()) {
            // A receiver on this machine is never behind a proxy.
            config = config.proxy(None);
        }
        if let Ok(Some(named)) = certificates::named() {
            config = config.tls_config(TlsConfig::builder().root_certs(named.roots).build());
        }
        config.build().into()
    }
}

/// The wait that the receiver asks for: in seconds or as a date, or in Datadog's header.
fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| Some(headers.get(name)?.to_str().ok()?.trim());
    let seconds = |text: &str| text.parse().ok().map(Duration::from_secs);
    let date = |text| httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok();
    let later = text("retry-after").and_then(|text| seconds(text).or_else(|| date(text)));
    later.or_else(|| text("x-ratelimit-reset").and_then(seconds))
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}
