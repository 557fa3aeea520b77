//! `witspan doctor`: finds out why no traces arrive.
//!
//! Makes the plan that a tracer would make here, with the same code. Prints the configuration, the
//! receivers that are reachable, and the target of each format. No key leaves this process: requests are
//! sent without it.

use std::process::ExitCode;

use clap::Args;
use witspan_setup::{
    CredentialForm, Environment, Event, Input, Plan, Settings, Target, UnusableFile, diagnose,
    make_plan,
};
use witspan_text::Url;

use super::client::{At, Client};
use super::reach::Reach;
use super::settings::{self, Set};
use crate::certificates;
use crate::terminal::say;
use crate::words::plural;

/// The options of `doctor`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    at: At,
    /// Print every setting instead: its variable, its name in code, its meaning and accepted values
    #[arg(long)]
    variables: bool,
}

/// Ends with 1 if spans would not arrive.
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    if options.variables {
        settings::print();
        return Ok(ExitCode::SUCCESS);
    }
    let lookup = |name: &str| std::env::var(name).ok();
    let set = Set::find(lookup);
    let environment = Environment::read(lookup);
    let (trusted, unusable) = match certificates::named() {
        Ok(trusted) => (trusted, None),
        Err(unusable) => (None, Some(unusable)),
    };
    let plan = plan(&environment, unusable);

    say!("witspan {}", env!("CARGO_PKG_VERSION"));
    say!("");
    say!("configured");
    if set.shown.is_empty() {
        say!("  nothing: no variable is set, the defaults apply");
    }
    for (name, value) in &set.shown {
        say!("  {name:36} {value}");
    }
    for diagnostic in &plan.diagnostics {
        say!("  ! {}", diagnostic.message);
    }

    say!("");
    say!("reachable");
    ask_local(&Client::new(&options.at));
    if let Some(named) = trusted {
        let (path, count) = (named.path, named.count);
        say!("  + certificates     {path}: {count}; only these are trusted");
    }
    let reach = Reach { environment: &environment, secrets: &set.secrets };
    let arrives = !plan.enabled || reach.ask(&plan);

    say!("");
    say!("would be sent");
    for line in sendings(&plan) {
        say!("  {line}");
    }
    let well = arrives && plan.diagnostics.is_empty();
    if !arrives {
        say!("");
        say!("nothing would arrive: start `witspan intake` or an agent, or configure a receiver");
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The plan of a tracer here, if its program sets no options in code.
fn plan(environment: &Environment, unusable: Option<UnusableFile>) -> Plan {
    make_plan(&Input {
        environment: environment.open.clone(),
        secrets: environment.secrets(),
        unix_sockets: cfg!(unix),
        files: true,
        unusable_files: unusable.into_iter().collect(),
        ..Input::default()
    })
}

fn ask_local(local: &Client) {
    match local.get("/api/ui/status", &[]) {
        Ok(Some(status)) => {
            let of = |name: &str| status[name].as_u64().unwrap_or_default();
            let (spans, traces) = (plural(of("spans"), "span"), plural(of("traces"), "trace"));
            say!("  + witspan intake   {}: {spans} in {traces}", local.shown());
            if let Some(to) = status["forward"]["to"].as_str() {
                say!("                     and forwards to {to}");
            }
        }
        Ok(None) => say!("  - witspan intake   {}: another program answers there", local.shown()),
        Err(reason) => say!("  - witspan intake   {reason}"),
    }
}

/// The target of each format, in lines.
fn sendings(plan: &Plan) -> Vec<String> {
    if !plan.enabled {
        return vec![format!("nothing: {}, which turns tracing off", plan.why_disabled)];
    }
    let app = &plan.settings.ml_app;
    let first = format!("spans of ML app `{app}` to ");
    let mut lines = Vec::new();
    match &plan.discovery {
        Some(discovery) => {
            let when = ", if the agent takes spans";
            lines.extend(discovery.found.iter().flat_map(|target| sending(&first, target, when)));
            let otherwise = discovery.otherwise.iter();
            lines.extend(otherwise.flat_map(|target| sending("else to ", target, "")));
        }
        None => {
            let targets = plan.settings.targets.iter().flatten();
            lines.extend(targets.flat_map(|target| sending(&first, target, "")));
        }
    }
    if plan.settings.service.is_empty() && *app == Settings::default().ml_app {
        lines.push(
            "a Python program that sets neither app nor service is named after itself".into(),
        );
    }
    lines
}

fn sending(to: &str, target: &Target, when: &str) -> Vec<String> {
    if let Some(reason) = target.drop {
        return vec![format!("{to}no receiver: {}", diagnose(&Event::Dropped(reason)).message)];
    }
    let over = target.socket.as_ref().map_or(String::new(), |path| format!(" over unix://{path}"));
    let how: Vec<String> = target
        .credentials
        .iter()
        .map(|each| match each.form {
            CredentialForm::Plain => "with the key".to_owned(),
            CredentialForm::Basic => format!("with the user name and password of {}", each.secret),
        })
        .collect();
    let how = if how.is_empty() { "without a key".to_owned() } else { how.join(" and ") };
    let format = target.format.setting();
    vec![
        format!("{to}{}{over}", Url(&target.spans.url)),
        format!("in the format `{format}`, {how}{when}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> (String, Vec<String>) {
        let lookup = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let plan = plan(&Environment::read(lookup), None);
        let said = plan.diagnostics.iter().map(|each| each.message.clone()).collect();
        (sendings(&plan).join("\n"), said)
    }

    #[test]
    fn what_would_be_sent_is_what_the_readme_says() {
        let agent = "to http://localhost:8126/evp_proxy/v2/api/v2/llmobs\nin the format `sdk`, without a key";
        let intake = "to https://api.datadoghq.eu/api/intake/llm-obs/v1/trace/spans\n\
                      in the format `public`, with the key";
        assert!(of(&[]).0.contains(agent));
        assert!(of(&[]).0.contains("`unnamed-ml-app`"));
        assert!(
            of(&[("DD_LLMOBS_ENABLED", "0")]).0.starts_with("nothing: `DD_LLMOBS_ENABLED` is `0`")
        );
        let (key, site) = (("DD_API_KEY", "0123"), ("DD_SITE", "datadoghq.eu"));
        let named = ("DD_SERVICE", "shop");
        assert_eq!(
            of(&[key, site, named]).0,
            format!("spans of ML app `shop` {agent}, if the agent takes spans\nelse {intake}")
        );
        let agentless = ("DD_LLMOBS_AGENTLESS_ENABLED", "1");
        assert!(of(&[key, site, agentless, named]).0.ends_with(intake));
        let sdk = of(&[key, agentless, ("WITSPAN_INTAKE", "sdk")]).0;
        assert!(sdk.contains("to https://llmobs-intake.datadoghq.com/api/v2/llmobs\n"), "{sdk}");
        let other = of(&[("DD_LLMOBS_OVERRIDE_ORIGIN", "http://u:p@x"), named]).0;
        assert!(other.contains("to http://x/evp_proxy/v2/api/v2/llmobs\n"), "{other}");
        assert!(other.ends_with("with the user name and password of DD_LLMOBS_OVERRIDE_ORIGIN"));
        let socket = of(&[("DD_TRACE_AGENT_URL", "unix:///run/a")]).0;
        assert!(socket.contains("/api/v2/llmobs over unix:///run/a\n"), "{socket}");
    }

    #[test]
    fn what_cannot_work_is_said_and_goes_nowhere() {
        let agentless = ("DD_LLMOBS_AGENTLESS_ENABLED", "1");
        let none = of(&[agentless]);
        assert!(
            none.0.contains("to no receiver: ") && none.1[0].contains("DD_API_KEY"),
            "{none:?}"
        );
        for (name, value) in [
            ("DD_TRACE_AGENT_URL", "localhost:8126"),
            ("DD_TRACE_AGENT_URL", "ftp://host"),
            ("DD_LLMOBS_OVERRIDE_ORIGIN", "http://[::1"),
            ("DD_AGENT_HOST", "a b"),
        ] {
            let (sent, said) = of(&[(name, value)]);
            assert!(sent.contains("to no receiver: "), "{sent}");
            assert!(said[0].contains(name) && said[0].contains("accepted"), "{said:?}");
        }
        let (sent, said) = of(&[("DD_API_KEY", "a\nb"), agentless]);
        assert!(sent.contains("to no receiver: ") && said[0].contains("`DD_API_KEY`"), "{said:?}");
    }
}
