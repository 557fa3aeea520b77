//! What the host's runner stands on: a receiver, a case's settings, and the counters by name.

pub(crate) mod host;
mod receiver;

pub(crate) use host::Host;
pub(crate) use receiver::Receiver;

use anyhow::Result;
use witspan::{Config, Statistics};
use witspan_conformance::{Case, Counters, Format};

/// Settings of a tracer, as a case says.
pub(crate) fn config(case: &Case, format: Format) -> Result<Config> {
    let settings = &case.settings;
    let mut config = Config::default();
    config.language = settings.language.clone().unwrap_or_else(|| "python".to_owned());
    config.tags = settings.tags.clone().into_iter().collect();
    config.set("ml_app", settings.app());
    config.set("service", &settings.service);
    config.set("env", &settings.env);
    config.set("version", &settings.version);
    if let Some(sampling) = &settings.sampling {
        config.set("sample_rate", sampling.rate);
        config.set("sampling_rules", &sampling.rules);
        config.set("drop_unsampled", sampling.drop);
    }
    for (name, value) in &settings.limits {
        config.set(name, value);
    }
    config.set("api_key", "key");
    config.set("agentless_enabled", format == Format::PublicApi);
    config.set("intake", if format == Format::PublicApi { "public" } else { "sdk" });
    Ok(config)
}

/// The counters that are not zero, by their names in the suite.
pub(crate) fn counters(counts: &Statistics) -> Counters {
    let mut counters = Counters::from([
        ("accepted".to_owned(), counts.accepted),
        ("open".to_owned(), counts.open),
        ("delivered".to_owned(), counts.delivered),
        ("annotations_rejected".to_owned(), counts.annotations_rejected),
        ("warnings".to_owned(), counts.warnings),
        ("cut".to_owned(), counts.cut),
        ("content_dropped".to_owned(), counts.content_dropped),
        ("evaluations accepted".to_owned(), counts.evaluations.accepted),
        ("evaluations delivered".to_owned(), counts.evaluations.delivered),
        ("evaluations_rejected".to_owned(), counts.evaluations_rejected),
    ]);
    for (kind, dropped) in [("", counts.dropped()), ("evaluations ", counts.evaluations.dropped())]
    {
        for (reason, count) in dropped {
            counters.insert(format!("{kind}dropped {}", witspan::reason_name(reason)), count);
        }
    }
    counters.retain(|_, count| *count > 0);
    counters
}
