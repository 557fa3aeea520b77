//! A case's settings as the texts of the contract: what a plan is made of, and what it becomes.

use crate::{Format, Settings};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// What `make-plan` is given: the public API goes directly, the other format through an agent.
pub fn plan_input(format: Format) -> String {
    let (agentless, intake) = match format {
        Format::PublicApi => ("true", "public"),
        Format::SdkIntake => ("false", "sdk"),
    };
    json!({
        "options": {"agentless_enabled": agentless, "intake": intake},
        "secrets": {"DD_API_KEY": true},
    })
    .to_string()
}

/// What `configure` is given: the settings of that plan, with what a case says.
pub fn settings_text(plan: &str, case: &Settings) -> Result<String> {
    let mut plan: Value = serde_json::from_str(plan)?;
    let settings = plan["settings"].as_object_mut().context("a plan has settings")?;
    let mut set = |name: &str, value: Value| {
        settings.insert(name.to_owned(), value);
    };
    set("ml_app", json!(case.app()));
    set("service", json!(case.service));
    set("env", json!(case.env));
    set("version", json!(case.version));
    set("language", json!(case.language.as_deref().unwrap_or("python")));
    set("tags", json!(case.tags));
    set("limits", json!(case.limits));
    if let Some(sampling) = &case.sampling {
        let members: [(String, Value); 3] = [
            ("rate".to_owned(), json!(sampling.rate)),
            ("rules".to_owned(), json!(sampling.rules)),
            ("drop".to_owned(), json!(sampling.drop)),
        ];
        set("sampling", Value::Object(Map::from_iter(members)));
    }
    Ok(Value::Object(settings.clone()).to_string())
}

/// The path of a URL, from the slash after the host.
pub fn path_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or("/", |at| &url[host + at..])
}
