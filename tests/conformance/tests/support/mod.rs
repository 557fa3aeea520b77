//! What the host's runner stands on: a receiver, a case's settings, and the counters by name.

pub(crate) mod host;
mod receiver;

pub(crate) use host::Host;
pub(crate) use receiver::Receiver;

use anyhow::{Result, bail};
use witspan::{Config, IntakeFormat, Limits, Statistics};
use witspan_conformance::{Case, Counters, Format};

/// Settings of a tracer, as a case says.
pub(crate) fn config(case: &Case, format: Format) -> Result<Config> {
    let settings = &case.settings;
    let mut config = Config::default();
    config.ml_app = settings.app().to_owned();
    config.service.clone_from(&settings.service);
    config.env.clone_from(&settings.env);
    config.version.clone_from(&settings.version);
    config.tags = settings.tags.clone().into_iter().collect();
    config.language = settings.language.clone().unwrap_or_else(|| "python".to_owned());
    if let Some(sampling) = &settings.sampling {
        config.sample_rate = sampling.rate;
        config.sampling_rules.clone_from(&sampling.rules);
        config.drop_unsampled = sampling.drop;
    }
    for (name, value) in &settings.limits {
        limit(&mut config.limits, name, *value)?;
    }
    config.api_key = Some("key".to_owned());
    config.agentless = Some(format == Format::PublicApi);
    config.intake = Some(match format {
        Format::PublicApi => IntakeFormat::PublicApi,
        Format::SdkIntake => IntakeFormat::SdkIntake,
    });
    Ok(config)
}

fn limit(limits: &mut Limits, name: &str, value: u64) -> Result<()> {
    let small = u32::try_from(value);
    match name {
        "batch-spans" => limits.batch_spans = small?,
        "batch-bytes" => limits.batch_bytes = small?,
        "batch-age-ns" => limits.batch_age_ns = value,
        "queue-bytes" => limits.queue_bytes = small?,
        "open-bytes" => limits.open_bytes = small?,
        "event-bytes" => limits.event_bytes = small?,
        "attempts" => limits.attempts = small?,
        "retry-budget-ns" => limits.retry_budget_ns = value,
        other => bail!("no limit `{other}`"),
    }
    Ok(())
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
        ("withheld".to_owned(), counts.withheld),
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
