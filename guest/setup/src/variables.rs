//! The one table of every setting: its variable, its option in code, and who reads it.

/// Who reads a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The core: a host hands its value to [`crate::make_plan`].
    Core,
    /// The host itself.
    Host,
    /// The `witspan` command.
    Command,
}

impl Reader {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Reader::Core => "core",
            Reader::Host => "host",
            Reader::Command => "command",
        }
    }
}

/// Which part of a value may leave the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// All of it.
    Open,
    /// A URL, or a host name that some people write as one. Its user name and password stay in the host.
    Url,
    /// Only that it is set.
    Secret,
}

impl Secrecy {
    /// The part of a value that is secret, in words; empty for an open one.
    pub fn name(self) -> &'static str {
        match self {
            Secrecy::Open => "",
            Secrecy::Url => "user name and password",
            Secrecy::Secret => "all of it",
        }
    }
}

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// The variable's name; empty for what only code can set.
    pub name: &'static str,
    /// The option's name in code; empty for what only the environment can set.
    pub option: &'static str,
    /// What it is, in a few words.
    pub meaning: &'static str,
    /// What applies if it is not set.
    pub default: &'static str,
    /// What is accepted.
    pub accepted: &'static str,
    /// Who reads it.
    pub read_by: Reader,
    /// Which part of it may leave the host.
    pub secrecy: Secrecy,
}

impl Variable {
    const fn new(
        name: &'static str,
        option: &'static str,
        meaning: &'static str,
        default: &'static str,
        accepted: &'static str,
    ) -> Self {
        let (read_by, secrecy) = (Reader::Core, Secrecy::Open);
        Variable { name, option, meaning, default, accepted, read_by, secrecy }
    }

    const fn url(self) -> Self {
        Variable { secrecy: Secrecy::Url, ..self }
    }

    const fn secret(self) -> Self {
        Variable { secrecy: Secrecy::Secret, ..self }
    }

    const fn host(self) -> Self {
        Variable { read_by: Reader::Host, ..self }
    }

    const fn command(self) -> Self {
        Variable { read_by: Reader::Command, ..self }
    }
}

const FLAG: &str = "1 or true, 0 or false";
const TEXT: &str = "any text";
const SECONDS: &str = "seconds, a finite number from 0";
const COUNT: &str = "a whole number from 1 to 4294967295";
const NANOSECONDS: &str = "a whole number of nanoseconds";
const URL: &str = "a URL that begins with http://, https:// or unix://";
const PROXY: &str = "the URL of a proxy";
const NO_PROXY: &str = "host names, separated by commas";
const OTEL: &str = "http://localhost:4318";
const NONE: &str = "none";

/// The variable that holds the intake's key.
pub const API_KEY: &str = "DD_API_KEY";
/// The variable that names the Datadog site.
pub const SITE: &str = "DD_SITE";
/// The variable that says where the agent is.
pub const AGENT_URL: &str = "DD_TRACE_AGENT_URL";
/// The variable that names an origin that replaces intake and agent.
pub const OVERRIDE_ORIGIN: &str = "DD_LLMOBS_OVERRIDE_ORIGIN";
/// The variable that says which intake the command asks.
pub const INTAKE_URL: &str = "WITSPAN_INTAKE_URL";
/// The default of [`INTAKE_URL`].
pub const INTAKE_DEFAULT: &str = "http://127.0.0.1:8126";
/// The variable that holds the token of an intake.
pub const INTAKE_TOKEN: &str = "WITSPAN_INTAKE_TOKEN";
/// The variable that turns colours off.
pub const COLOUR_SWITCH: &str = "NO_COLOR";
/// The variable that names the user's folder for data of programs.
pub const DATA_HOME: &str = "XDG_DATA_HOME";

/// The variable that turns tracing off. A host may test it by [`turns_off`] before it makes an
/// instance, so that a program without tracing pays nothing.
pub const TRACING_SWITCH: &str = "DD_LLMOBS_ENABLED";

/// The variable that names certificates to trust; a host reads the file.
pub const CERTIFICATE_FILE: &str = "SSL_CERT_FILE";

/// Whether this value of [`TRACING_SWITCH`] turns tracing off: any but an empty one, `1` and `true`.
pub fn turns_off(value: &str) -> bool {
    let value = value.trim();
    !(value.is_empty() || value == "1" || value.eq_ignore_ascii_case("true"))
}

impl Variable {
    /// The name to find it by: the option's, or the variable's if it has no option.
    pub fn key(&self) -> &'static str {
        if self.option.is_empty() { self.name } else { self.option }
    }
}

/// Whether a switch that only a host reads is on; `None` if the environment does not set it. The switch
/// is found by its [`Variable::key`].
pub fn switch(key: &str, lookup: impl Fn(&str) -> Option<String>) -> Option<bool> {
    host_variable(key, lookup).map(|value| !turns_off(&value))
}

/// The value of a variable that only a host reads, by its [`Variable::key`]; `None` if it is not set.
pub fn host_variable(key: &str, lookup: impl Fn(&str) -> Option<String>) -> Option<String> {
    let row = VARIABLES.iter().find(|row| row.key() == key)?;
    let value = lookup(row.name)?.trim().to_owned();
    Some(value).filter(|value| !value.is_empty())
}

const fn row(
    name: &'static str,
    option: &'static str,
    meaning: &'static str,
    default: &'static str,
    accepted: &'static str,
) -> Variable {
    Variable::new(name, option, meaning, default, accepted)
}

/// Every setting, those that people set most often first.
#[rustfmt::skip]
pub static VARIABLES: &[Variable] = &[
    row(TRACING_SWITCH, "enabled", "whether anything is traced", "1", FLAG),
    row("DD_LLMOBS_ML_APP", "ml_app", "the ML app, by which traces are grouped", "the service, else the program's name, else unnamed-ml-app", TEXT),
    row("DD_SERVICE", "service", "the service", NONE, TEXT),
    row("DD_ENV", "env", "the environment, such as prod", NONE, TEXT),
    row("DD_VERSION", "version", "the application's version", NONE, TEXT),
    row("DD_TAGS", "tags", "tags of every span", NONE, "key:value, separated by commas or spaces"),
    row(API_KEY, "api_key", "the API key of the intake", NONE, "visible ASCII").secret(),
    row(SITE, "site", "the Datadog site", "datadoghq.com", "a host name").url(),
    row("DD_LLMOBS_AGENTLESS_ENABLED", "agentless_enabled", "whether spans go to the intake itself, without an agent", "detected", FLAG),
    row(AGENT_URL, "agent_url", "where the agent is", "http://localhost:8126", URL).url(),
    row("DD_AGENT_HOST", "agent_host", "the agent's host, if its URL is not set", "localhost", "a host name or address").url(),
    row("DD_TRACE_AGENT_PORT", "agent_port", "the agent's port, if its URL is not set", "8126", "a number from 1 to 65535"),
    row(OVERRIDE_ORIGIN, "override_origin", "an origin that replaces intake and agent", NONE, URL).url(),
    row("WITSPAN_INTAKE", "intake", "the format of bodies", "public without an agent, sdk with one", "public or sdk"),
    row("DD_LLMOBS_SAMPLE_RATE", "sample_rate", "the share of traces that are marked as sampled", "1", "a number from 0 to 1"),
    row("DD_LLMOBS_SAMPLING_RULES", "sampling_rules", "rules that are applied before the rate", NONE, "a JSON list"),
    row("WITSPAN_DROP_UNSAMPLED", "drop_unsampled", "whether spans of traces that are not sampled are dropped", "0", FLAG),
    row("DD_LLMOBS_EVENT_SIZE_BYTES", "event_bytes", "bytes of one span; longer ones are cut", "5000000", COUNT),
    row("", "batch_spans", "spans that make a batch full", "500", COUNT),
    row("", "batch_bytes", "bytes that make a batch full", "4000000", COUNT),
    row("", "batch_age_ns", "nanoseconds after which a batch is sent", "1000000000", NANOSECONDS),
    row("", "queue_bytes", "bytes of finished spans in the queue", "33554432", COUNT),
    row("", "open_bytes", "bytes that open spans hold", "67108864", COUNT),
    row("", "attempts", "the most attempts to send one batch", "8", COUNT),
    row("", "retry_budget_ns", "nanoseconds during which a batch is retried", "60000000000", NANOSECONDS),
    row("", "request_timeout", "how long one request may take", "5", SECONDS),
    row("", "flush_timeout", "how long a flush waits", "10", SECONDS),
    row("WITSPAN_EXIT_TIMEOUT", "exit_timeout", "how long the end of the program waits for the last spans", "2", SECONDS),
    row("WITSPAN_SIGNALS", "handle_signals", "whether spans are sent before a signal ends the process", "1", FLAG),
    row("DD_TRACE_GIT_METADATA_ENABLED", "", "whether spans carry the commit and repository", "1", FLAG),
    row("DD_GIT_COMMIT_SHA", "", "the commit", "that of the main package", TEXT),
    row("DD_GIT_REPOSITORY_URL", "", "the repository", "that of the main package", TEXT).url(),
    row("DD_MAIN_PACKAGE", "main_package", "the package whose metadata name commit and repository (Python)", NONE, "the name of an installed package").host(),
    row("WITSPAN_THREADS", "threads", "whether threads inherit the current span (Python)", "0", FLAG).host(),
    row("WITSPAN_AS_DDTRACE", "", "set by `witspan-run --as-ddtrace` for the programs it starts: `import ddtrace` gets witspan (Python)", "0", "1 or 0").host(),
    row(CERTIFICATE_FILE, "", "certificates to trust instead of the built-in ones", "built in", "a file of PEM certificates").host(),
    row("ALL_PROXY", "", "the proxy for every host but this machine", NONE, PROXY).url().host(),
    row("all_proxy", "", "the same, if ALL_PROXY is not set", NONE, PROXY).url().host(),
    row("HTTPS_PROXY", "", "the same, if none of those above is set", NONE, PROXY).url().host(),
    row("https_proxy", "", "the same, if none of those above is set", NONE, PROXY).url().host(),
    row("HTTP_PROXY", "", "the same, if none of those above is set", NONE, PROXY).url().host(),
    row("http_proxy", "", "the same, if none of those above is set", NONE, PROXY).url().host(),
    row("NO_PROXY", "", "hosts that are reached without a proxy", NONE, NO_PROXY).host(),
    row("no_proxy", "", "the same, if NO_PROXY is not set", NONE, NO_PROXY).host(),
    row(INTAKE_URL, "", "the intake that the command asks", INTAKE_DEFAULT, "a URL that begins with http:// or https://").url().command(),
    row(INTAKE_TOKEN, "", "the token that the intake requires", NONE, "visible ASCII without a `;`").secret().command(),
    row(DATA_HOME, "", "the intake keeps traces in `witspan` below it", "the system's folder for data", "an absolute path").command(),
    row(COLOUR_SWITCH, "", "if set, the command prints no colours", NONE, TEXT).command(),
    row("OTEL_EXPORTER_OTLP_ENDPOINT", "", "OpenTelemetry's endpoint, shown by `witspan doctor`", OTEL, "a URL").url().command(),
    row("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", "OpenTelemetry's endpoint for traces, shown by `witspan doctor`", "that endpoint, then /v1/traces", "a URL").url().command(),
    row("OTEL_EXPORTER_OTLP_HEADERS", "", "OpenTelemetry's headers; `witspan doctor` shows only that they are set", NONE, "name=value, separated by commas").secret().command(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_there_twice_and_each_row_can_be_set() {
        for (at, row) in VARIABLES.iter().enumerate() {
            assert!(!(row.name.is_empty() && row.option.is_empty()), "{row:?}");
            for other in &VARIABLES[..at] {
                assert!(row.name.is_empty() || row.name != other.name, "{}", row.name);
                assert!(row.option.is_empty() || row.option != other.option, "{}", row.option);
            }
        }
    }

    #[test]
    fn a_switch_is_found_by_its_option_or_its_name() {
        let all = |_: &str| Some("1".to_owned());
        assert_eq!(switch("threads", all), Some(true));
        assert_eq!(switch("WITSPAN_AS_DDTRACE", all), Some(true));
        assert_eq!(switch("WITSPAN_THREADS", all), None);
        assert_eq!(switch("", all), None);
        assert_eq!(switch("threads", |_| Some(" ".to_owned())), None);
    }

    #[test]
    fn tracing_stays_on_only_for_yes_and_an_empty_value() {
        for (value, off) in [
            ("", false),
            (" 1 ", false),
            ("True", false),
            ("0", true),
            ("no", true),
            ("maybe", true),
        ] {
            assert_eq!(turns_off(value), off, "{value}");
        }
    }
}
