//! What a tracer is started with, and how the environment says it.
//!
//! The variables mean what they mean in ddtrace (its documentation of LLM Observability), with
//! `WITSPAN_INTAKE` and `WITSPAN_DROP_UNSAMPLED` added.

use crate::clock::Clock;
use crate::exporter::Exporter;
use crate::instance::types::{IntakeFormat, Limits};
use crate::notices::{Listener, Notice, Topic};
use std::time::Duration;
use witspan_text::{Secrets, Url};

/// Settings of a tracer. [`Config::from_env`] reads the environment; then set what differs.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// Whether anything is traced. `DD_LLMOBS_ENABLED`; default true.
    pub enabled: bool,
    /// The ML app, by which traces are grouped. `DD_LLMOBS_ML_APP`, else `DD_SERVICE`, else
    /// `unnamed-ml-app`.
    pub ml_app: String,
    /// `DD_SERVICE`; empty for none.
    pub service: String,
    /// `DD_ENV`; empty for none.
    pub env: String,
    /// `DD_VERSION`; empty for none.
    pub version: String,
    /// Tags of every span. `DD_TAGS`: `key:value`, separated by commas or spaces.
    pub tags: Vec<(String, String)>,
    /// The application's programming language. Default `rust`.
    pub language: String,
    /// `DD_API_KEY`. Never leaves the host but in the header of a request to the intake.
    pub api_key: Option<String>,
    /// `DD_SITE`; default `datadoghq.com`.
    pub site: String,
    /// Where the agent is: `http://…` or `unix:///…`. `DD_TRACE_AGENT_URL`, else
    /// `DD_AGENT_HOST` and `DD_TRACE_AGENT_PORT`, else `http://localhost:8126`.
    pub agent_url: String,
    /// An origin, perhaps with a base path, that takes the place of intake and agent.
    /// `DD_LLMOBS_OVERRIDE_ORIGIN`.
    pub override_origin: Option<String>,
    /// Whether to send without an agent. `DD_LLMOBS_AGENTLESS_ENABLED`; `None`: without, if
    /// there is a key and no agent that takes spans; the agent is asked once.
    pub agentless: Option<bool>,
    /// How bodies are written. `WITSPAN_INTAKE`, `public` or `sdk`; `None`: public without an
    /// agent and sdk with one.
    pub intake: Option<IntakeFormat>,
    /// Bounds of memory and batches, for each instance of the core: a tracer has one for each
    /// processor, four at most, and a trace stays in one. So a tracer of four instances may hold
    /// four times these bytes, though a program that traces on one thread rarely fills more than
    /// one. They are not the tracer's in common because the memory of an instance never shrinks:
    /// what one gave back, another could not take. `DD_LLMOBS_EVENT_SIZE_BYTES` sets
    /// `event_bytes`.
    pub limits: Limits,
    /// The share of traces that are marked as sampled, from 0 to 1. `DD_LLMOBS_SAMPLE_RATE`;
    /// default 1.
    pub sample_rate: f64,
    /// Rules that go before the rate, as `wit/types.wit` describes them; empty for none.
    /// `DD_LLMOBS_SAMPLING_RULES`.
    pub sampling_rules: String,
    /// Whether spans of traces that are not sampled are dropped, rather than sent and marked.
    /// `WITSPAN_DROP_UNSAMPLED`; default false.
    pub drop_unsampled: bool,
    /// How long one request may take. Default 5 s.
    pub request_timeout: Duration,
    /// Time and entropy.
    pub clock: Clock,
    /// Takes what would be sent, in the place of HTTP: then no agent is asked, and nothing leaves
    /// the process. `None`: HTTP.
    pub exporter: Option<Exporter>,
    /// Who is told of trouble. `None`: the `log` crate, target `witspan`, level warn.
    pub listener: Option<Listener>,
    /// A component to run in the place of the embedded one.
    pub(crate) component: Option<Vec<u8>>,
    /// What was not understood in the environment.
    pub(crate) notices: Vec<Notice>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            enabled: true,
            ml_app: "unnamed-ml-app".to_owned(),
            service: String::new(),
            env: String::new(),
            version: String::new(),
            tags: Vec::new(),
            language: "rust".to_owned(),
            api_key: None,
            site: "datadoghq.com".to_owned(),
            agent_url: "http://localhost:8126".to_owned(),
            override_origin: None,
            agentless: None,
            intake: None,
            limits: default_limits(),
            sample_rate: 1.0,
            sampling_rules: String::new(),
            drop_unsampled: false,
            request_timeout: Duration::from_secs(5),
            clock: Clock::system(),
            exporter: None,
            listener: None,
            component: None,
            notices: Vec::new(),
        }
    }
}

/// The defaults that `wit/types.wit` states.
fn default_limits() -> Limits {
    let core = witspan_core::Limits::default();
    Limits {
        batch_spans: core.batch_spans,
        batch_bytes: core.batch_bytes,
        batch_age_ns: core.batch_age_ns,
        queue_bytes: core.queue_bytes,
        open_bytes: core.open_bytes,
        event_bytes: core.event_bytes,
        attempts: core.attempts,
        retry_budget_ns: core.retry_budget_ns,
    }
}

impl Config {
    /// What the environment says; defaults for the rest.
    pub fn from_env() -> Self {
        Config::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables by `lookup`. A value that is not understood leaves the default and is
    /// told when the tracer starts.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let mut config = Config::default();
        let flag = |name: &str| get(name).map(|v| v == "1" || v.eq_ignore_ascii_case("true"));
        config.enabled = flag("DD_LLMOBS_ENABLED").unwrap_or(true);
        for (key, value) in tags(&get("DD_TAGS").unwrap_or_default()) {
            match key.as_str() {
                "service" => config.service = value,
                "env" => config.env = value,
                "version" => config.version = value,
                _ => config.tags.push((key, value)),
            }
        }
        let set = |place: &mut String, name: &str| {
            if let Some(value) = get(name) {
                *place = value;
            }
        };
        set(&mut config.service, "DD_SERVICE");
        set(&mut config.env, "DD_ENV");
        set(&mut config.version, "DD_VERSION");
        set(&mut config.site, "DD_SITE");
        if let Some(app) = get("DD_LLMOBS_ML_APP") {
            config.ml_app = app;
        } else if !config.service.is_empty() {
            config.ml_app.clone_from(&config.service);
        }
        config.api_key = get("DD_API_KEY");
        config.agentless = flag("DD_LLMOBS_AGENTLESS_ENABLED");
        config.override_origin = get("DD_LLMOBS_OVERRIDE_ORIGIN");
        if let Some(url) = get("DD_TRACE_AGENT_URL") {
            config.agent_url = url;
        } else if get("DD_AGENT_HOST").is_some() || get("DD_TRACE_AGENT_PORT").is_some() {
            let host = get("DD_AGENT_HOST").unwrap_or_else(|| "localhost".to_owned());
            let port = get("DD_TRACE_AGENT_PORT").unwrap_or_else(|| "8126".to_owned());
            config.agent_url = format!("http://{host}:{port}");
        }
        match get("WITSPAN_INTAKE").as_deref() {
            None => {}
            Some("public") => config.intake = Some(IntakeFormat::PublicApi),
            Some("sdk") => config.intake = Some(IntakeFormat::SdkIntake),
            Some(other) => config
                .misunderstood(format!("`WITSPAN_INTAKE` is `{other}`; accepted: public or sdk")),
        }
        config.sampling_rules = get("DD_LLMOBS_SAMPLING_RULES").unwrap_or_default();
        config.drop_unsampled = flag("WITSPAN_DROP_UNSAMPLED").unwrap_or(false);
        if let Some(text) = get("DD_LLMOBS_SAMPLE_RATE") {
            match text.parse() {
                Ok(rate) => config.sample_rate = rate,
                Err(_) => config.misunderstood(format!(
                    "`DD_LLMOBS_SAMPLE_RATE` is `{text}`; accepted: a number from 0 to 1"
                )),
            }
        }
        if let Some(text) = get("DD_LLMOBS_EVENT_SIZE_BYTES") {
            match text.parse() {
                Ok(bytes) if bytes > 0 => config.limits.event_bytes = bytes,
                _ => config.misunderstood(format!(
                    "`DD_LLMOBS_EVENT_SIZE_BYTES` is `{text}`; accepted: bytes, from 1 to {}",
                    u32::MAX
                )),
            }
        }
        for (name, url) in [
            ("DD_TRACE_AGENT_URL", Some(config.agent_url.clone())),
            ("DD_LLMOBS_OVERRIDE_ORIGIN", config.override_origin.clone()),
        ] {
            let known =
                |url: &str| ["http://", "https://", "unix:"].iter().any(|s| url.starts_with(s));
            if let Some(url) = url.filter(|url| !known(url)) {
                config.misunderstood(format!(
                    "`{name}` is `{}`; accepted: a URL that begins with http://, https:// or unix://",
                    Url(url)
                ));
            }
        }
        config
    }

    /// What no notice may say: the key, and what is secret in the URLs that are used.
    pub(crate) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.add(self.api_key.as_deref().unwrap_or_default(), "(the API key)");
        secrets.add_url(&self.agent_url);
        secrets.add_url(self.override_origin.as_deref().unwrap_or_default());
        secrets.add_url(&self.site);
        secrets.add_proxies();
        secrets
    }

    fn misunderstood(&mut self, text: String) {
        self.notices.push(Notice { topic: Topic::Configuration, text });
    }

    /// Runs another component than the embedded one, for tests of a failing core.
    ///
    /// # Safety
    /// The bytes must be the unchanged `.cwasm` of this project's build: they are run as they are.
    #[doc(hidden)]
    pub unsafe fn set_component(&mut self, precompiled: Vec<u8>) {
        self.component = Some(precompiled);
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the key nor a password is shown.
        f.debug_struct("Config")
            .field("enabled", &self.enabled)
            .field("ml_app", &self.ml_app)
            .field("site", &Url(&self.site))
            .field("agent_url", &Url(&self.agent_url))
            .field("override_origin", &self.override_origin.as_ref().map(Url))
            .field("agentless", &self.agentless)
            .field("api_key", &self.api_key.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}

/// `k:v` pairs, separated by commas if there is any, else by white space.
fn tags(text: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = if text.contains(',') {
        text.split(',').collect()
    } else {
        text.split_whitespace().collect()
    };
    parts
        .into_iter()
        .filter_map(|part| part.trim().split_once(':'))
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Config {
        let find =
            |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string());
        Config::from_lookup(find)
    }

    #[test]
    fn the_ml_app_is_the_service_unless_it_is_named() {
        assert_eq!(config(&[]).ml_app, "unnamed-ml-app");
        assert_eq!(config(&[("DD_SERVICE", "shop")]).ml_app, "shop");
        assert_eq!(config(&[("DD_TAGS", "service:shop")]).ml_app, "shop");
        let both = config(&[("DD_SERVICE", "shop"), ("DD_LLMOBS_ML_APP", "bot")]);
        assert_eq!((both.ml_app.as_str(), both.service.as_str()), ("bot", "shop"));
    }

    #[test]
    fn tags_are_separated_by_commas_or_spaces() {
        let expected = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x:y".to_owned())];
        assert_eq!(config(&[("DD_TAGS", "a:1,b:x:y")]).tags, expected);
        assert_eq!(config(&[("DD_TAGS", "a:1 b:x:y junk :z")]).tags, expected);
        assert_eq!(config(&[("DD_TAGS", "env:prod,a:1")]).env, "prod");
    }

    #[test]
    fn three_states_of_agentless() {
        assert_eq!(config(&[]).agentless, None);
        assert_eq!(config(&[("DD_LLMOBS_AGENTLESS_ENABLED", "True")]).agentless, Some(true));
        assert_eq!(config(&[("DD_LLMOBS_AGENTLESS_ENABLED", "0")]).agentless, Some(false));
    }

    #[test]
    fn the_agent_is_found_by_url_or_by_host_and_port() {
        assert_eq!(config(&[("DD_AGENT_HOST", "h")]).agent_url, "http://h:8126");
        let both = [("DD_TRACE_AGENT_URL", "unix:///x"), ("DD_AGENT_HOST", "h")];
        assert_eq!(config(&both).agent_url, "unix:///x");
    }

    #[test]
    fn what_is_not_understood_is_told_and_names_the_variable() {
        let wrong = config(&[("WITSPAN_INTAKE", "xml"), ("DD_LLMOBS_OVERRIDE_ORIGIN", "ftp://x")]);
        assert_eq!(wrong.intake, None);
        assert!(wrong.notices[0].text.contains("`WITSPAN_INTAKE` is `xml`"));
        assert!(wrong.notices[1].text.contains("DD_LLMOBS_OVERRIDE_ORIGIN"));
    }

    #[test]
    fn sampling_and_the_longest_event_are_read() {
        let read = config(&[
            ("DD_LLMOBS_SAMPLE_RATE", "0.25"),
            ("DD_LLMOBS_SAMPLING_RULES", "[]"),
            ("WITSPAN_DROP_UNSAMPLED", "1"),
            ("DD_LLMOBS_EVENT_SIZE_BYTES", "1000"),
        ]);
        assert_eq!((read.sample_rate, read.sampling_rules.as_str()), (0.25, "[]"));
        assert_eq!((read.drop_unsampled, read.limits.event_bytes), (true, 1000));
        assert!(read.notices.is_empty());
        let wrong =
            config(&[("DD_LLMOBS_SAMPLE_RATE", "abc"), ("DD_LLMOBS_EVENT_SIZE_BYTES", "0")]);
        assert_eq!((wrong.sample_rate, wrong.limits.event_bytes), (1.0, 5_000_000));
        assert!(wrong.notices[0].text.contains("`DD_LLMOBS_SAMPLE_RATE` is `abc`"));
        assert!(wrong.notices[1].text.contains("DD_LLMOBS_EVENT_SIZE_BYTES"));
    }

    #[test]
    fn neither_the_key_nor_a_password_is_shown() {
        let config = config(&[
            ("DD_API_KEY", "secret"),
            ("DD_TRACE_AGENT_URL", "user:sec@ret@agent:8126"),
            ("DD_LLMOBS_OVERRIDE_ORIGIN", "http://user:secret@host/?api_key=secret"),
        ]);
        let text = format!("{config:?} {:?}", config.notices);
        assert!(!text.contains("sec") && !text.contains("ret@"), "{text}");
        assert!(text.contains("`DD_TRACE_AGENT_URL` is `…@agent:8126`"), "{text}");
    }
}
