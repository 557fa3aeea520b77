//! `witspan doctor`: why no trace is to be seen, most often.
//!
//! Says what is configured, asks what is reachable, and names what would be sent where. No key leaves
//! this process: what is asked is asked without it.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use witspan_text::{Secrets, Url};

use super::client::{At, Client, agent};
use super::environment::{Destination, Environment};
use crate::terminal::say;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// What `doctor` is told.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    at: At,
}

/// Ends with 1 if spans would not arrive.
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let environment = Environment::read(|name| std::env::var(name).ok());
    say!("witspan {}", env!("CARGO_PKG_VERSION"));
    say!("");
    say!("configured");
    if environment.set.is_empty() {
        say!("  nothing: every variable is unset, defaults hold");
    }
    for (name, value) in &environment.set {
        say!("  {name:36} {value}");
    }
    for sentence in &environment.misunderstood {
        say!("  ! {sentence}");
    }

    say!("");
    say!("reachable");
    let local = Client::new(&options.at);
    match local.get("/api/ui/status", &[]) {
        Ok(Some(status)) => {
            let of = |name: &str| status[name].as_u64().unwrap_or_default();
            let (spans, traces) = (of("spans"), of("traces"));
            say!("  + witspan intake   {}: {spans} spans in {traces} traces", local.shown());
            if let Some(to) = status["forward"]["to"].as_str() {
                say!("                     and forwards to {to}");
            }
        }
        Ok(None) => say!("  - witspan intake   {}: something else answers there", local.shown()),
        Err(reason) => say!("  - witspan intake   {reason}"),
    }
    let secrets = &environment.secrets;
    let arrives = match &environment.destination {
        Destination::Off => true,
        Destination::Agent(url) => ask_agent(&url.0, secrets),
        Destination::Intake(url) => ask_intake(&url.0, secrets),
        Destination::Override(origin) => ask_any("override origin", &origin.0, secrets),
        Destination::AgentElseIntake(url, intake) => {
            // Both are asked, as a tracer would.
            let agent = ask_agent(&url.0, secrets);
            let intake = ask_intake(&intake.0, secrets);
            agent || intake
        }
    };

    say!("");
    say!("would be sent");
    let app = &environment.ml_app;
    let format = environment.format;
    match &environment.destination {
        Destination::Off => say!("  nothing: DD_LLMOBS_ENABLED turns tracing off"),
        Destination::Agent(url) => said(app, url, format.unwrap_or("sdk"), "without a key"),
        Destination::Intake(url) => said(app, url, format.unwrap_or("public"), "with the key"),
        Destination::Override(origin) => {
            said(app, origin, format.unwrap_or("sdk with an agent, public without"), "as set");
        }
        Destination::AgentElseIntake(url, intake) => {
            said(app, url, format.unwrap_or("sdk"), "without a key, if that agent takes spans");
            say!("  else to {intake} with the key");
        }
    }
    let well = arrives && environment.misunderstood.is_empty();
    if !arrives {
        say!("");
        say!("nothing would arrive: start `witspan intake`, or an agent, or set where spans go");
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn said(app: &str, url: &Url<String>, format: &str, how: &str) {
    say!("  spans of ML app `{app}` to {url}");
    say!("  in the format `{format}`, {how}");
}

/// Whether an agent answers that takes spans. `url` is where spans would go.
fn ask_agent(url: &str, secrets: &Secrets) -> bool {
    let base = url.split("/evp_proxy/").next().unwrap_or(url);
    let shown = Url(base);
    if base.starts_with("unix:") {
        return ask_socket(base);
    }
    let answer = agent(PATIENCE).get(format!("{base}/info")).call();
    let info = answer.map_err(|error| error.to_string()).and_then(|mut answer| {
        let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
        serde_json::from_str::<Value>(&text)
            .map_err(|_| "what answers there is no agent".to_owned())
    });
    match info {
        Ok(info) => {
            let endpoints = info["endpoints"].as_array();
            let takes = endpoints.is_some_and(|endpoints| {
                let of =
                    |each: &Value| each.as_str().is_some_and(|path| path.contains("/evp_proxy/v2"));
                endpoints.iter().any(of)
            });
            let version = info["version"].as_str().unwrap_or("unknown");
            let version: String = version.chars().take(60).collect();
            if takes {
                say!("  + agent            {shown}: version {version}, takes spans");
            } else {
                say!("  - agent            {shown}: version {version}, too old to take spans");
            }
            takes
        }
        Err(reason) => {
            say!("  - agent            {shown}: {}", secrets.hide(&reason));
            false
        }
    }
}

#[cfg(unix)]
fn ask_socket(url: &str) -> bool {
    let path = url.trim_start_matches("unix:").trim_start_matches("//");
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => {
            say!("  + agent            {url}: something listens");
            true
        }
        Err(error) => {
            say!("  - agent            {url}: {error}");
            false
        }
    }
}

#[cfg(not(unix))]
fn ask_socket(url: &str) -> bool {
    say!("  - agent            {url}: this system has no unix sockets");
    false
}

fn ask_intake(url: &str, secrets: &Secrets) -> bool {
    let end = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
    ask_any("intake", &url[..end], secrets)
}

/// Whether anything answers HTTP there; a refusal is an answer.
fn ask_any(what: &str, url: &str, secrets: &Secrets) -> bool {
    let shown = Url(url);
    if url.starts_with("unix:") {
        return ask_socket(url);
    }
    // Through the proxy of the environment, as a tracer would.
    let client: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    match client.get(url).call() {
        Ok(answer) => {
            say!("  + {what:16} {shown}: answers ({})", answer.status().as_u16());
            true
        }
        Err(error) => {
            say!("  - {what:16} {shown}: {}", secrets.hide(&error.to_string()));
            false
        }
    }
}
