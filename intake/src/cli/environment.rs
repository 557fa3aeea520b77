//! What the environment says about where spans go, by the rules of README's "Where spans go". The
//! host library decides the same for a program; this only tells a person, so it asks nobody.

use witspan_text::{Secrets, Url, without_secrets};

/// What may be shown of a variable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// All of it.
    Plain,
    /// A URL without its user, password and keys.
    Address,
    /// Nothing but its length.
    Never,
}
use Sight::{Address, Never, Plain};

/// Variables that `doctor` shows.
const SHOWN: &[(&str, Sight)] = &[
    ("DD_LLMOBS_ENABLED", Plain),
    ("DD_LLMOBS_ML_APP", Plain),
    ("DD_SERVICE", Plain),
    ("DD_ENV", Plain),
    ("DD_VERSION", Plain),
    ("DD_TAGS", Plain),
    ("DD_API_KEY", Never),
    ("DD_SITE", Address),
    ("DD_LLMOBS_AGENTLESS_ENABLED", Plain),
    ("DD_TRACE_AGENT_URL", Address),
    ("DD_AGENT_HOST", Address),
    ("DD_TRACE_AGENT_PORT", Plain),
    ("DD_LLMOBS_OVERRIDE_ORIGIN", Address),
    ("DD_LLMOBS_SAMPLE_RATE", Plain),
    ("DD_LLMOBS_SAMPLING_RULES", Plain),
    ("DD_LLMOBS_EVENT_SIZE_BYTES", Plain),
    ("WITSPAN_INTAKE", Plain),
    ("WITSPAN_DROP_UNSAMPLED", Plain),
    ("WITSPAN_INTAKE_URL", Address),
    ("WITSPAN_INTAKE_TOKEN", Never),
    ("SSL_CERT_FILE", Plain),
    ("ALL_PROXY", Address),
    ("all_proxy", Address),
    ("HTTPS_PROXY", Address),
    ("https_proxy", Address),
    ("HTTP_PROXY", Address),
    ("http_proxy", Address),
    ("NO_PROXY", Plain),
    ("no_proxy", Plain),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", Address),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Address),
    ("OTEL_EXPORTER_OTLP_HEADERS", Never),
];

/// Where spans would go. Addresses are as they are asked, and shown without their secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Nowhere: tracing is off.
    Off,
    /// An agent, or what stands in its place.
    Agent(Url<String>),
    /// The intake of a site, with the key.
    Intake(Url<String>),
    /// The agent if one answers that takes spans, else the intake.
    AgentElseIntake(Url<String>, Url<String>),
    /// An origin that takes the place of both.
    Override(Url<String>),
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Variables that are set, with what may be shown of them.
    pub(crate) set: Vec<(&'static str, String)>,
    /// What an error or an answer may repeat of them.
    pub(crate) secrets: Secrets,
    /// What is not understood, with what is accepted.
    pub(crate) misunderstood: Vec<String>,
    pub(crate) destination: Destination,
    /// `public` or `sdk`: how bodies are written there, as far as it is known now.
    pub(crate) format: Option<&'static str>,
    pub(crate) ml_app: String,
}

impl Environment {
    /// Reads variables by `lookup`.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| {
            lookup(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let flag =
            |name: &str| get(name).map(|text| text == "1" || text.eq_ignore_ascii_case("true"));
        let mut misunderstood = Vec::new();
        let mut secrets = Secrets::default();
        let set = SHOWN
            .iter()
            .filter_map(|(name, sight)| {
                let value = get(name)?;
                let shown = match sight {
                    Never => format!("set, {} characters, hidden", value.chars().count()),
                    Address => Url(&value).to_string(),
                    Plain => without_secrets(&value),
                };
                match sight {
                    Never => secrets.add(&value, "(hidden)"),
                    Address => secrets.add_url(&value),
                    Plain => {}
                }
                Some((*name, shown))
            })
            .collect();
        let chosen = match get("WITSPAN_INTAKE").as_deref() {
            None => None,
            Some("public") => Some("public"),
            Some("sdk") => Some("sdk"),
            Some(other) => {
                misunderstood
                    .push(format!("`WITSPAN_INTAKE` is `{other}`; accepted: public or sdk"));
                None
            }
        };
        if let Some(text) = get("DD_LLMOBS_SAMPLE_RATE")
            && !text.parse::<f64>().is_ok_and(|rate| (0.0..=1.0).contains(&rate))
        {
            misunderstood.push(format!(
                "`DD_LLMOBS_SAMPLE_RATE` is `{text}`; accepted: a number from 0 to 1"
            ));
        }
        for name in ["DD_TRACE_AGENT_URL", "DD_LLMOBS_OVERRIDE_ORIGIN"] {
            if let Some(url) = get(name)
                && !["http://", "https://", "unix:"].iter().any(|scheme| url.starts_with(scheme))
            {
                misunderstood.push(format!(
                    "`{name}` is `{}`; accepted: a URL that begins with http://, https:// or unix://",
                    Url(&url)
                ));
            }
        }
        let agent = get("DD_TRACE_AGENT_URL").unwrap_or_else(|| {
            let host = get("DD_AGENT_HOST").unwrap_or_else(|| "localhost".to_owned());
            let port = get("DD_TRACE_AGENT_PORT").unwrap_or_else(|| "8126".to_owned());
            format!("http://{host}:{port}")
        });
        let site = get("DD_SITE").unwrap_or_else(|| "datadoghq.com".to_owned());
        let key = get("DD_API_KEY").is_some();
        let agentless = flag("DD_LLMOBS_AGENTLESS_ENABLED");
        let intake = |format: Option<&str>| match format {
            Some("sdk") => Url(format!("https://llmobs-intake.{site}/api/v2/llmobs")),
            _ => Url(format!("https://api.{site}/api/intake/llm-obs/v1/trace/spans")),
        };
        let proxied =
            |base: &str| Url(format!("{}/evp_proxy/v2/api/v2/llmobs", base.trim_end_matches('/')));
        let (destination, format) = if flag("DD_LLMOBS_ENABLED") == Some(false) {
            (Destination::Off, None)
        } else if let Some(origin) = get("DD_LLMOBS_OVERRIDE_ORIGIN") {
            (Destination::Override(Url(origin)), chosen)
        } else if agentless == Some(true) {
            if !key {
                misunderstood.push(
                    "`DD_LLMOBS_AGENTLESS_ENABLED` is set and `DD_API_KEY` is not: nothing can be sent"
                        .to_owned(),
                );
            }
            (Destination::Intake(intake(chosen)), Some(chosen.unwrap_or("public")))
        } else if agentless == Some(false) || !key {
            (Destination::Agent(proxied(&agent)), Some(chosen.unwrap_or("sdk")))
        } else {
            (Destination::AgentElseIntake(proxied(&agent), intake(chosen)), chosen)
        };
        let ml_app = get("DD_LLMOBS_ML_APP").or_else(|| get("DD_SERVICE"));
        Self {
            set,
            secrets,
            misunderstood,
            destination,
            format,
            ml_app: ml_app.unwrap_or_else(|| "unnamed-ml-app".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Environment {
        let find = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Environment::read(find)
    }

    #[test]
    fn spans_go_where_the_readme_says() {
        let agent = Url("http://localhost:8126/evp_proxy/v2/api/v2/llmobs".to_owned());
        let intake = Url("https://api.datadoghq.eu/api/intake/llm-obs/v1/trace/spans".to_owned());
        let of = |variables: &[(&str, &str)]| read(variables).destination;
        assert_eq!(of(&[]), Destination::Agent(agent.clone()));
        assert_eq!(of(&[("DD_LLMOBS_ENABLED", "0")]), Destination::Off);
        let key = ("DD_API_KEY", "0123");
        let site = ("DD_SITE", "datadoghq.eu");
        assert_eq!(of(&[key, site]), Destination::AgentElseIntake(agent, intake.clone()));
        assert_eq!(
            of(&[key, site, ("DD_LLMOBS_AGENTLESS_ENABLED", "1")]),
            Destination::Intake(intake)
        );
        assert_eq!(
            of(&[("DD_LLMOBS_OVERRIDE_ORIGIN", "http://x")]),
            Destination::Override(Url("http://x".to_owned()))
        );
    }

    #[test]
    fn keys_and_passwords_are_never_shown() {
        let found = read(&[
            ("DD_API_KEY", "abcdef0123456789"),
            ("WITSPAN_INTAKE_TOKEN", "tok-secret"),
            ("HTTPS_PROXY", "http://user:hunter2@proxy:3128/"),
            ("https_proxy", "user:hunter3@proxy:3128"),
            ("WITSPAN_INTAKE_URL", "http://user:hun/ter4@host?api_key=hunter5"),
            ("DD_TRACE_AGENT_URL", "user:hun@ter6@agent:8126"),
        ]);
        let text = format!("{found:?}");
        for secret in ["abcdef", "tok-secret", "hun", "ter4", "ter6", "user"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("set, 16 characters, hidden"));
    }

    #[test]
    fn what_is_not_understood_names_the_variable_and_what_is_accepted() {
        let found = read(&[
            ("WITSPAN_INTAKE", "both"),
            ("DD_LLMOBS_SAMPLE_RATE", "often"),
            ("DD_TRACE_AGENT_URL", "localhost:8126"),
            ("DD_LLMOBS_AGENTLESS_ENABLED", "1"),
        ]);
        assert_eq!(found.misunderstood.len(), 4, "{found:?}");
        assert!(
            found
                .misunderstood
                .iter()
                .all(|line| line.contains("accepted") || line.contains("is not"))
        );
    }
}
