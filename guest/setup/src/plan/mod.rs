//! Makes the plan: everything that a tracer needs to start, with all diagnostics.

use crate::address::{
    Address, Credential, CredentialForm, DEFAULT_SITE, PROXY, Target, api_key, is_host_name,
    is_port, is_socket, parse_origin, split,
};
use crate::diagnostics::{Diagnostic, Event, Level, diagnose, sentence};
use crate::input::{Input, UnusableFile};
use crate::reasons::DropReason;
use crate::settings::{Format, Limits, Route, Sampling, Settings, UNNAMED};
use crate::texts::LIMITS;
use crate::values::Values;
use crate::variables::{AGENT_URL, API_KEY, CERTIFICATE_FILE, OVERRIDE_ORIGIN, VARIABLES};
use crate::{git, program, tags};

/// The plan of a tracer.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Whether anything is traced.
    pub enabled: bool,
    /// Why not, if nothing is.
    pub why_disabled: String,
    /// For every instance. Without `targets` while an agent is to be asked.
    pub settings: Settings,
    /// Spans go to an agent only because there is no API key.
    pub lacks_key: bool,
    /// What to ask an agent first, if it is not known where spans go.
    pub discovery: Option<Discovery>,
    /// How long one request may take, in ns.
    pub request_timeout_ns: u64,
    /// How long a flush waits by default, in ns.
    pub flush_timeout_ns: u64,
    /// How long the end of the program waits, in ns.
    pub exit_timeout_ns: u64,
    /// Whether spans are sent before a signal ends the process.
    pub handle_signals: bool,
    /// A diagnostic for everything that is invalid or cannot work.
    pub diagnostics: Vec<Diagnostic>,
}

/// Asks an agent whether it takes spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// What to get.
    pub url: String,
    /// The unix socket to connect to in place of the URL's host.
    pub socket: Option<String>,
    /// What the host adds to the request.
    pub credentials: Vec<Credential>,
    /// How long the answer may take, in ns.
    pub timeout_ns: u64,
    /// How many bytes of its body are read at most.
    pub answer_bytes: u32,
    /// The agent takes spans if it answers 2xx with a body that contains this text.
    pub sign: String,
    /// Where spans go if it does.
    pub found: Vec<Target>,
    /// Where they go if it does not, or does not answer.
    pub otherwise: Vec<Target>,
}

impl Plan {
    /// Sends nothing over TLS if the file of certificates cannot be used: who names certificates wants no
    /// others to be trusted.
    fn distrust(&mut self, file: &UnusableFile) {
        let UnusableFile { variable, path, why } = file.clone();
        self.diagnostics.push(diagnose(&Event::FileUnusable(variable, path, why)));
        let discovered = self.discovery.iter_mut();
        let discovered =
            discovered.flat_map(|found| found.found.iter_mut().chain(&mut found.otherwise));
        for target in self.settings.targets.iter_mut().flatten().chain(discovered) {
            target.distrust();
        }
    }
}

const AGENT_PORT: &str = "8126";
const SECOND: u64 = 1_000_000_000;

/// Makes a plan. It neither fails nor depends on anything but its input.
pub fn make_plan(input: &Input) -> Plan {
    let mut values = Values::new(input);
    let why_disabled = why_disabled(&mut values);
    let of_the_switch = values.diagnostics.len();
    let settings = settings(&mut values, input);
    let request_timeout_ns = values.seconds("request_timeout", 5);
    let flush_timeout_ns = values.seconds("flush_timeout", 10);
    let exit_timeout_ns = values.seconds("exit_timeout", 2);
    let handle_signals = values.flag("handle_signals").unwrap_or(true);
    let mut plan = Plan {
        enabled: why_disabled.is_empty(),
        why_disabled,
        settings,
        lacks_key: false,
        discovery: None,
        request_timeout_ns,
        flush_timeout_ns,
        exit_timeout_ns,
        handle_signals,
        diagnostics: Vec::new(),
    };
    if plan.enabled {
        Way::find(&mut values, input).lead(&mut plan, &mut values);
        tell_of_unknown_options(&mut values, input);
        if !input.files
            && let Some(found) = values.find(CERTIFICATE_FILE)
        {
            values.misread(found, "", "this host reads no files, so it is not used");
        }
    } else {
        // While tracing is off, other invalid settings do not matter.
        values.diagnostics.truncate(of_the_switch);
    }
    plan.diagnostics = values.diagnostics;
    for file in &input.unusable_files {
        if plan.enabled && file.variable == CERTIFICATE_FILE {
            plan.distrust(file);
        }
    }
    plan
}

fn why_disabled(values: &mut Values<'_>) -> String {
    match values.flag("enabled") {
        Some(false) => values.find("enabled").map_or_else(String::new, |found| {
            sentence(&["`", found.name, "` is `", found.text, "`"])
        }),
        _ => String::new(),
    }
}

fn tell_of_unknown_options(values: &mut Values<'_>, input: &Input) {
    for (name, _) in &input.options {
        if !VARIABLES.iter().any(|row| !row.option.is_empty() && row.option == name) {
            let message = sentence(&["`", name, "` is not an option: it is ignored"]);
            values.diagnostics.push(Diagnostic::new(Level::Warning, "configuration", message));
        }
    }
}

fn settings(values: &mut Values<'_>, input: &Input) -> Settings {
    let mut settings = Settings { language: input.language.clone(), ..Settings::default() };
    for (key, value) in tags::read(values.find("tags").map_or("", |found| found.text)) {
        match key.as_str() {
            "service" => settings.service = value,
            "env" => settings.env = value,
            "version" => settings.version = value,
            _ => settings.tags.push((key, value)),
        }
    }
    for (place, key) in [
        (&mut settings.service, "service"),
        (&mut settings.env, "env"),
        (&mut settings.version, "version"),
    ] {
        if let Some(text) = values.text(key) {
            *place = text;
        }
    }
    let git_enabled = values.flag("DD_TRACE_GIT_METADATA_ENABLED").unwrap_or(true);
    let mut said = git::tags(
        git_enabled,
        values.find("DD_GIT_COMMIT_SHA").map(|found| found.text),
        values.find("DD_GIT_REPOSITORY_URL").map(|found| found.text),
        &input.source_link,
        &mut settings.tags,
    );
    settings.tags.append(&mut said);
    let inferred = program::name(&input.program);
    if settings.service.is_empty()
        && let Some(name) = &inferred
    {
        settings.service.clone_from(name);
    }
    let service = Some(settings.service.clone()).filter(|service| !service.is_empty());
    settings.ml_app = values.text("ml_app").or(service).unwrap_or_else(|| UNNAMED.to_owned());
    settings.sampling = sampling(values);
    settings.limits = limits(values);
    settings.targets = None;
    settings
}

fn sampling(values: &mut Values<'_>) -> Sampling {
    let mut sampling = Sampling::default();
    if let Some(found) = values.find("sample_rate") {
        match found.text.parse::<f64>() {
            Ok(rate) if (0.0..=1.0).contains(&rate) => sampling.rate = rate,
            _ => values.default_holds(found),
        }
    }
    sampling.rules = values.text("sampling_rules").unwrap_or_default();
    sampling.drop = values.flag("drop_unsampled").unwrap_or(false);
    sampling
}

fn limits(values: &mut Values<'_>) -> Limits {
    let mut limits = Limits::default();
    for limit in LIMITS {
        if let Some(number) = values.number(limit.name, limit.least, limit.most) {
            (limit.set)(&mut limits, number);
        }
    }
    limits
}

/// The receivers to choose from.
struct Way {
    agent: Address,
    /// The variable of the agent's URL; empty if the agent is found by host and port.
    agent_secret: &'static str,
    origin: Option<(Address, &'static str)>,
    site: Address,
    format: Option<Format>,
    agentless: Option<bool>,
    has_key: bool,
    input_has: Vec<String>,
}

impl Way {
    fn find(values: &mut Values<'_>, input: &Input) -> Self {
        let key = input.secrets.iter().find(|secret| secret.name == API_KEY);
        if key.is_some_and(|key| !key.usable) {
            let message = sentence(&[
                "`",
                API_KEY,
                "` contains characters that a header cannot hold (a line break, perhaps): it is not used",
            ]);
            values.diagnostics.push(Diagnostic::new(Level::Error, "api-key-unusable", message));
        }
        let format = values.find("intake").and_then(|found| {
            let format = Format::ALL.into_iter().find(|format| format.setting() == found.text);
            if format.is_none() {
                values.default_holds(found);
            }
            format
        });
        let agentless = values.flag("agentless_enabled");
        let origin = values
            .find("override_origin")
            .map(|_| (address(values, input, "override_origin"), OVERRIDE_ORIGIN));
        let site = match values.find("site") {
            None => Address::Site(DEFAULT_SITE.to_owned()),
            Some(found) if is_host_name(found.text) => Address::Site(found.text.to_owned()),
            Some(found) if agentless == Some(false) || origin.is_some() => {
                values.misread(found, "", "it is not used");
                Address::Nowhere(DropReason::NoReceiver)
            }
            Some(found) => {
                values.misread(found, "", "nothing is sent there");
                Address::Nowhere(DropReason::NoReceiver)
            }
        };
        Way {
            agent: agent_address(values, input),
            agent_secret: if is_agent_by_url(values) { AGENT_URL } else { "" },
            origin,
            site,
            format,
            agentless,
            has_key: key.is_some_and(|key| key.usable),
            input_has: input.secrets.iter().map(|secret| secret.name.clone()).collect(),
        }
    }

    /// User name and password of a URL go as Basic authentication.
    fn user(&self, secret: &str) -> Vec<Credential> {
        let header = "authorization".to_owned();
        let known = self.input_has.iter().any(|name| name == secret);
        let credential =
            Credential { header, secret: secret.to_owned(), form: CredentialForm::Basic };
        known.then_some(credential).into_iter().collect()
    }

    fn target(&self, route: Route) -> Target {
        let default = match route {
            Route::Direct => Format::PublicApi,
            Route::Agent => Format::SdkIntake,
        };
        let (address, mut credentials) = match (&self.origin, route) {
            (Some((origin, secret)), _) => (origin.clone(), self.user(secret)),
            (None, Route::Agent) => (self.agent.clone(), self.user(self.agent_secret)),
            (None, Route::Direct) => (self.site.clone(), Vec::new()),
        };
        let address = match route {
            Route::Direct if !self.has_key => Address::Nowhere(DropReason::NoApiKey),
            _ => address,
        };
        if route == Route::Direct {
            credentials.push(api_key());
        }
        let format = self.format.unwrap_or(default);
        Target::new(format, route, &address, credentials)
    }

    fn lead(self, plan: &mut Plan, values: &mut Values<'_>) {
        plan.lacks_key = self.agentless.is_none() && !self.has_key;
        let direct = match (self.agentless, self.has_key) {
            (Some(true), _) => true,
            // Without a key only an agent can take spans.
            (Some(false), _) | (None, false) => false,
            (None, true) => {
                let Address::Origin(agent) = &self.agent else {
                    // The agent cannot be asked; a diagnostic says so.
                    plan.settings.targets = Some(vec![self.target(Route::Direct)]);
                    return;
                };
                let agent = split(agent);
                plan.discovery = Some(Discovery {
                    url: [&agent.url, "/info"].concat(),
                    socket: agent.socket.clone(),
                    credentials: self.user(self.agent_secret),
                    timeout_ns: plan.request_timeout_ns.min(SECOND),
                    answer_bytes: 1 << 20,
                    sign: PROXY.to_owned(),
                    found: vec![self.target(Route::Agent)],
                    otherwise: vec![self.target(Route::Direct)],
                });
                return;
            }
        };
        let target = self.target(if direct { Route::Direct } else { Route::Agent });
        if target.drop == Some(DropReason::NoApiKey) {
            values.diagnostics.push(diagnose(&Event::NoApiKey));
        }
        plan.settings.targets = Some(vec![target]);
    }
}

/// The address that a URL names; nowhere, with a diagnostic, if it cannot work.
fn address(values: &mut Values<'_>, input: &Input, key: &str) -> Address {
    let Some(found) = values.find(key) else { return Address::Nowhere(DropReason::NoReceiver) };
    let mut checked = parse_origin(found.text);
    if checked.is_ok() && is_socket(found.text) && !input.unix_sockets {
        checked = Err("names a unix socket, which this host cannot reach");
    }
    match checked {
        Ok(()) => Address::Origin(found.text.to_owned()),
        Err(why) => {
            values.misread(found, why, "nothing is sent there");
            Address::Nowhere(DropReason::NoReceiver)
        }
    }
}

/// Whether the agent is found by its URL. A URL in code wins over host and port in code, and these win
/// over a URL in the environment.
fn is_agent_by_url(values: &Values<'_>) -> bool {
    let parts_in_code = values.is_in_code("agent_host") || values.is_in_code("agent_port");
    values.find("agent_url").is_some() && (values.is_in_code("agent_url") || !parts_in_code)
}

/// The agent: by its URL, else by host and port.
fn agent_address(values: &mut Values<'_>, input: &Input) -> Address {
    if is_agent_by_url(values) {
        return address(values, input, "agent_url");
    }
    let host = values.find("agent_host");
    let port = values.find("agent_port");
    let host_text = host.map_or("localhost", |found| found.text);
    // An IPv6 address may have its brackets already, as ddtrace takes it.
    let inside = host_text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_ipv6 = inside.unwrap_or(host_text).parse::<std::net::Ipv6Addr>().is_ok();
    let host_text = inside.filter(|_| is_ipv6).unwrap_or(host_text);
    let brackets = if is_ipv6 { ("[", "]") } else { ("", "") };
    let port_text = port.map_or(AGENT_PORT, |found| found.text);
    if let Some(found) = port.filter(|found| !is_port(found.text)) {
        values.misread(found, "", "nothing is sent there");
        return Address::Nowhere(DropReason::NoReceiver);
    }
    if let Some(found) = host.filter(|found| !is_ipv6 && !is_host_name(found.text)) {
        values.misread(found, "", "nothing is sent there");
        return Address::Nowhere(DropReason::NoReceiver);
    }
    let url = ["http://", brackets.0, host_text, brackets.1, ":", port_text].concat();
    Address::Origin(url)
}

#[cfg(test)]
mod tests;
