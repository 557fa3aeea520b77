//! The Rust host as a maker of plans: environment and options go through its `Config`, which composes
//! the input itself.

use anyhow::{Result, ensure};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use witspan::Config;
use witspan::setup::{API_KEY, Secrecy, VARIABLES, plan_text};
use witspan_conformance::{Call, OutOfReach, SetupCase};

const TEXTS: OutOfReach =
    Some("the host has this as values, of the crate that the runner `native` asks");
const SETTINGS: OutOfReach = Some("the host configures with the settings of its own plans");
const INPUT: OutOfReach = Some("the host composes the input itself, and none like this");
const ABILITIES: OutOfReach = Some("this host has unix sockets and files, and does not compress");
const PROGRAM: OutOfReach = Some("the folders are read from the disk, up to its root");
const FILES: OutOfReach = Some("the file of certificates is that of the whole process");
const SECRET: OutOfReach =
    Some("this host keeps what is secret out of the input, wherever it stands");

/// Members of an object in the order in which they come.
#[derive(Default)]
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        from.deserialize_map(Members)
    }
}

impl Pairs {
    /// Those that say something, as text.
    fn texts(self) -> Vec<(String, String)> {
        let text = |value| match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        self.0.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()
    }
}

/// What a case gives `make-plan`.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Given {
    language: String,
    environment: Pairs,
    options: Pairs,
    secrets: BTreeMap<String, bool>,
    host: BTreeMap<String, bool>,
    program: Vec<Value>,
    source_link: String,
    unusable_files: Vec<Value>,
}

/// Compares the plan that the host makes of a case's environment and options; why it cannot.
pub(crate) fn check_plan(case: &SetupCase) -> Result<OutOfReach> {
    match case.call {
        Call::MakePlan => {}
        Call::Configure => return Ok(SETTINGS),
        _ => return Ok(TEXTS),
    }
    let Ok(given) = serde_json::from_str::<Given>(&case.given) else { return Ok(INPUT) };
    let can = |name| given.host.get(name).copied().unwrap_or(false);
    if (can("unix_sockets"), can("files"), can("gzip")) != (cfg!(unix), true, false) {
        return Ok(ABILITIES);
    }
    if !given.program.is_empty() {
        return Ok(PROGRAM);
    }
    if !given.unusable_files.is_empty() {
        return Ok(FILES);
    }
    let mut environment = given.environment.texts();
    let mut options = given.options.texts();
    if environment.iter().chain(&options).any(|(name, value)| is_secret(name, value)) {
        return Ok(SECRET);
    }
    for (name, usable) in &given.secrets {
        if name == API_KEY {
            let key = if *usable { "key" } else { "a\nb" };
            environment.push((name.clone(), key.to_owned()));
        } else if !give_user(&mut environment, name) && !give_user(&mut options, option_of(name)) {
            return Ok(SECRET);
        }
    }
    let find = |name: &str| {
        environment.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let mut config = Config::from_lookup(find);
    config.language = given.language;
    config.set_source_link(given.source_link);
    for (name, value) in options {
        config.set(&name, value);
    }
    let plan = plan_text(&config.plan());
    ensure!(case.gives == plan.as_str(), "{plan}\ninstead of\n{}", case.gives);
    Ok(None)
}

/// Whether a value is, or has, what a host takes out of it.
fn is_secret(name: &str, value: &str) -> bool {
    let row = VARIABLES.iter().find(|row| [row.name, row.option].contains(&name));
    match row.map(|row| row.secrecy) {
        Some(Secrecy::Secret) => true,
        Some(Secrecy::Url) => value.contains("://") && value.contains('@'),
        _ => false,
    }
}

/// The option of a variable.
fn option_of(name: &str) -> &'static str {
    VARIABLES.iter().find(|row| row.name == name).map_or("", |row| row.option)
}

/// Puts a user name and a password into the URL of this name; whether there is one.
fn give_user(pairs: &mut [(String, String)], name: &str) -> bool {
    let url = pairs.iter_mut().find(|(known, value)| known == name && value.contains("://"));
    url.map(|(_, url)| *url = url.replacen("://", "://u:p@", 1)).is_some()
}
