//! Whether the receivers that a plan names are reachable. API keys are never sent; the user name and
//! password of a URL are sent to that URL alone, as a tracer does.

use std::time::Duration;

use serde_json::Value;
use ureq::tls::TlsConfig;
use witspan_setup::{
    Credential, CredentialForm, Environment, OVERRIDE_ORIGIN, PROXY, Plan, Target, is_here,
};
use witspan_text::{Secrets, Url};

use crate::certificates;
use crate::terminal::say;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most of an answer that is read.
const LONGEST: u64 = 1 << 20;
/// The most characters of an agent's version that are printed.
const VERSION: usize = 60;
/// The path below an agent's address that lists its endpoints.
const INFO: &str = "/info";

/// Where one request goes.
struct At {
    url: String,
    /// The unix socket to connect to in place of the URL's host.
    socket: Option<String>,
}

impl At {
    fn base_of(target: &Target) -> Self {
        At { url: target.base().to_owned(), socket: target.socket.clone() }
    }
}

/// Sends requests to the receivers and prints which of them answer.
pub(crate) struct Reach<'a> {
    pub(crate) environment: &'a Environment,
    /// Secrets to remove from errors and answers that repeat them.
    pub(crate) secrets: &'a Secrets,
}

impl Reach<'_> {
    /// Whether a receiver answers that would accept the plan's requests.
    pub(crate) fn ask(&self, plan: &Plan) -> bool {
        let Some(discovery) = &plan.discovery else {
            return self.ask_all(plan.settings.targets.iter().flatten());
        };
        // Both are asked: a tracer that starts later may find the other.
        let url = discovery.url.strip_suffix(INFO).unwrap_or(&discovery.url).to_owned();
        let agent = At { url, socket: discovery.socket.clone() };
        let takes = self.ask_agent(agent, &discovery.credentials);
        let direct = self.ask_all(&discovery.otherwise);
        let place = |targets: &[Target]| {
            targets.first().map(|target| (target.base().to_owned(), target.socket.clone()))
        };
        let same = place(&discovery.found) == place(&discovery.otherwise);
        direct || (takes && !same)
    }

    fn ask_all<'t>(&self, targets: impl IntoIterator<Item = &'t Target>) -> bool {
        let (mut asked, mut all) = (false, true);
        for target in targets {
            all &= self.ask_target(target);
            asked = true;
        }
        asked && all
    }

    fn ask_target(&self, target: &Target) -> bool {
        let is_override = self.environment.open.iter().any(|(name, _)| name == OVERRIDE_ORIGIN);
        let what = match (is_override, target.is_agent()) {
            (true, _) => "override origin",
            (false, true) => "agent",
            (false, false) => "intake",
        };
        let at = At::base_of(target);
        if target.drop.is_some() {
            say!("  - {what:16} no usable receiver is configured");
            false
        } else if what == "agent" {
            self.ask_agent(at, &target.credentials)
        } else {
            self.ask_any(what, &at, &target.credentials)
        }
    }

    /// Whether an agent answers that takes spans.
    fn ask_agent(&self, agent: At, credentials: &[Credential]) -> bool {
        let shown = shown(&agent);
        let info = At { url: agent.url + INFO, socket: agent.socket };
        let answer = self.get(&info, credentials);
        let (takes, said) = match answer {
            Err(reason) => (false, self.secrets.hide(&reason)),
            Ok((status, body)) => {
                let about = serde_json::from_str::<Value>(&body).ok();
                let version = about.as_ref().and_then(|about| about["version"].as_str());
                let version: String = version.unwrap_or("unknown").chars().take(VERSION).collect();
                let well = (200..300).contains(&status);
                match well && body.contains(PROXY) {
                    true => (true, format!("version {version}, takes spans")),
                    false if well && about.is_some() => {
                        (false, format!("version {version}, too old to take spans"))
                    }
                    false => (false, format!("answers ({status}), but is not an agent")),
                }
            }
        };
        say!("  {} agent            {shown}: {said}", if takes { '+' } else { '-' });
        takes
    }

    /// Whether anything answers HTTP there, with any status.
    fn ask_any(&self, what: &str, at: &At, credentials: &[Credential]) -> bool {
        let shown = shown(at);
        match self.get(at, credentials) {
            Ok((status, _)) => {
                say!("  + {what:16} {shown}: answers ({status})");
                true
            }
            Err(reason) => {
                say!("  - {what:16} {shown}: {}", self.secrets.hide(&reason));
                false
            }
        }
    }

    /// Status and body of an answer; the body is empty if it is too long.
    fn get(&self, at: &At, credentials: &[Credential]) -> Result<(u16, String), String> {
        let users = credentials.iter().filter(|each| each.form == CredentialForm::Basic);
        let header = |each: &Credential| {
            let secret = self.environment.secrets.get(&each.secret)?;
            Some((each.header.clone(), each.form.text(secret)))
        };
        let headers: Vec<(String, String)> = users.filter_map(header).collect();
        if let Some(socket) = &at.socket {
            return get_over(socket, &at.url, &headers).map_err(|error| error.to_string());
        }
        let mut request = client(at).get(&at.url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut answer = request.call().map_err(|error| error.to_string())?;
        let body = answer.body_mut().with_config().limit(LONGEST).read_to_string();
        Ok((answer.status().as_u16(), body.unwrap_or_default()))
    }
}

/// What connects as a tracer does.
fn client(at: &At) -> ureq::Agent {
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(PATIENCE));
    if is_here(&at.url) {
        config = config.proxy(None);
    }
    if let Ok(Some(named)) = certificates::named() {
        config = config.tls_config(TlsConfig::builder().root_certs(named.roots).build());
    }
    config.build().into()
}

/// An address, for a person.
fn shown(at: &At) -> String {
    match &at.socket {
        Some(socket) => format!("unix://{socket}"),
        None => Url(&at.url).to_string(),
    }
}

/// One request over a socket. HTTP/1.0, whose answers end with the connection.
#[cfg(unix)]
fn get_over(
    socket: &str,
    url: &str,
    headers: &[(String, String)],
) -> std::io::Result<(u16, String)> {
    use std::io::{Error, Read, Write};

    let mut stream = std::os::unix::net::UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let path = url.strip_prefix("http://localhost").filter(|path| !path.is_empty()).unwrap_or("/");
    let mut request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n");
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    stream.write_all((request + "\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
    let status = status.ok_or_else(|| Error::other("the answer is not HTTP"))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.to_owned()))
}

#[cfg(not(unix))]
fn get_over(_: &str, _: &str, _: &[(String, String)]) -> std::io::Result<(u16, String)> {
    Err(std::io::Error::other("this system does not support unix sockets"))
}
