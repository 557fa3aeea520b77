//! Settings and targets as texts, both ways: a host passes on what a plan says, unread.

use super::names::LIMITS;
use super::value::{Json, Members, Refusal};
use super::writer::Writer;
use crate::address::{Credential, CredentialForm, Endpoint, Target};
use crate::reasons::DropReason;
use crate::settings::{Format, Limits, Sampling, Settings};
use witspan_text::Shown;

/// Settings as a text.
pub fn settings_text(settings: &Settings) -> String {
    let mut json = Writer::new();
    write_settings(&mut json, settings);
    json.finish()
}

/// Targets as a text.
pub fn targets_text(targets: &[Target]) -> String {
    let mut json = Writer::new();
    write_targets(&mut json, targets);
    json.finish()
}

pub(crate) fn write_settings(json: &mut Writer, settings: &Settings) {
    json.object(&mut |json| {
        json.name("ml_app").text(&settings.ml_app);
        for (name, text) in [
            ("service", &settings.service),
            ("env", &settings.env),
            ("version", &settings.version),
            ("language", &settings.language),
        ] {
            if !text.is_empty() {
                json.name(name).text(text);
            }
        }
        if !settings.tags.is_empty() {
            json.name("tags").texts(&settings.tags);
        }
        match &settings.targets {
            Some(targets) => write_targets(json.name("targets"), targets),
            None => json.name("await_targets").flag(true),
        }
        let (limits, default) = (&settings.limits, &Limits::default());
        let differing = LIMITS.iter().filter(|row| (row.get)(limits) != (row.get)(default));
        let differing: Vec<_> = differing.collect();
        if !differing.is_empty() {
            json.name("limits").object(&mut |json| {
                for row in &differing {
                    json.name(row.name).number((row.get)(limits));
                }
            });
        }
        if settings.sampling != Sampling::default() {
            json.name("sampling").object(&mut |json| {
                json.name("rate").double(settings.sampling.rate);
                json.name("rules").text(&settings.sampling.rules);
                json.name("drop").flag(settings.sampling.drop);
            });
        }
    });
}

pub(crate) fn write_targets(json: &mut Writer, targets: &[Target]) {
    json.list(&mut |json| {
        for target in targets {
            write_target(json, target);
        }
    });
}

fn write_target(json: &mut Writer, target: &Target) {
    json.object(&mut |json| {
        json.name("id").text(&target.id);
        json.name("name").text(&target.name);
        json.name("format").text(target.format.name());
        for (name, endpoint) in [("spans", &target.spans), ("evaluations", &target.evaluations)] {
            json.name(name).object(&mut |json| {
                json.name("url").text(&endpoint.url);
                json.name("headers").texts(&endpoint.headers);
            });
        }
        if let Some(socket) = &target.socket {
            json.name("socket").text(socket);
        }
        write_credentials(json, &target.credentials);
        if let Some(reason) = target.drop {
            json.name("drop").text(reason.name());
        }
    });
}

pub(crate) fn write_credentials(json: &mut Writer, credentials: &[Credential]) {
    if credentials.is_empty() {
        return;
    }
    json.name("credentials").list(&mut |json| {
        for credential in credentials {
            json.object(&mut |json| {
                json.name("header").text(&credential.header);
                json.name("secret").text(&credential.secret);
                json.name("form").text(credential.form.name());
            });
        }
    });
}

/// Reads settings. What is absent has its default.
///
/// # Errors
/// A text that is not a JSON object, a member of unknown name or wrong type, an empty `ml_app`, a limit of
/// 0, and an invalid target.
#[inline(never)]
pub fn read_settings(text: &str) -> Result<Settings, Refusal> {
    let mut members = Members::of(Json::read(text)?, "")?;
    let mut settings = Settings::default();
    for (place, name) in [
        (&mut settings.ml_app, "ml_app"),
        (&mut settings.service, "service"),
        (&mut settings.env, "env"),
        (&mut settings.version, "version"),
        (&mut settings.language, "language"),
    ] {
        if let Some(text) = members.text(name)? {
            *place = text;
        }
    }
    settings.tags = members.texts("tags")?;
    let await_targets = members.flag("await_targets")?.unwrap_or(false);
    match members.take("targets") {
        Some(json) => settings.targets = Some(targets(json)?),
        None if await_targets => settings.targets = None,
        None => {}
    }
    if let Some(json) = members.take("limits") {
        let mut limits = Members::of(json, "limits")?;
        for row in LIMITS {
            if let Some(number) = limits.number(row.name)? {
                (row.set)(&mut settings.limits, number);
            }
        }
        limits.end()?;
    }
    if let Some(json) = members.take("sampling") {
        settings.sampling = sampling(json)?;
    }
    members.end()?;
    settings.check()?;
    Ok(settings)
}

fn sampling(json: Json) -> Result<Sampling, Refusal> {
    let mut members = Members::of(json, "sampling")?;
    let mut sampling = Sampling::default();
    match members.take("rate") {
        None => {}
        // Anything but a share counts as 1, with a warning of the core.
        Some(Json::Number(text)) => sampling.rate = text.parse().unwrap_or(f64::NAN),
        Some(other) => return Err(Refusal::new("sampling.rate", other.describe(), "a number")),
    }
    sampling.rules = members.text("rules")?.unwrap_or_default();
    sampling.drop = members.flag("drop")?.unwrap_or(false);
    members.end()?;
    Ok(sampling)
}

/// Reads a list of targets.
///
/// # Errors
/// As [`read_settings`].
#[inline(never)]
pub fn read_targets(text: &str) -> Result<Vec<Target>, Refusal> {
    targets(Json::read(text)?)
}

fn targets(json: Json) -> Result<Vec<Target>, Refusal> {
    let Json::List(list) = json else {
        return Err(Refusal::new("targets", json.describe(), "a list"));
    };
    list.into_iter().map(target).collect()
}

fn target(json: Json) -> Result<Target, Refusal> {
    let mut members = Members::of(json, "targets[]")?;
    let text =
        |members: &mut Members, name: &'static str| Ok(members.text(name)?.unwrap_or_default());
    let format = text(&mut members, "format")?;
    let Some(format) = Format::of(&format) else {
        let is = ["`", &Shown(format).to_string(), "`"].concat();
        return Err(Refusal::new("targets[].format", &is, "public-api or sdk-intake"));
    };
    let drop = members.text("drop")?;
    let drop = match drop {
        None => None,
        Some(name) => match DropReason::ALL.into_iter().find(|reason| reason.name() == name) {
            Some(reason) => Some(reason),
            None => return Err(Refusal::new("targets[].drop", "unknown", "a drop reason")),
        },
    };
    let target = Target {
        id: text(&mut members, "id")?,
        name: text(&mut members, "name")?,
        format,
        spans: endpoint(&mut members, "spans")?,
        evaluations: endpoint(&mut members, "evaluations")?,
        socket: members.text("socket")?,
        credentials: credentials(&mut members)?,
        drop,
    };
    members.end()?;
    Ok(target)
}

fn endpoint(members: &mut Members, name: &'static str) -> Result<Endpoint, Refusal> {
    let Some(json) = members.take(name) else { return Ok(Endpoint::default()) };
    let mut members = Members::of(json, &members.path(name))?;
    let url = members.text("url")?.unwrap_or_default();
    let headers = members.texts("headers")?;
    members.end()?;
    Ok(Endpoint { url, headers })
}

fn credentials(members: &mut Members) -> Result<Vec<Credential>, Refusal> {
    let list = members.list("credentials")?.unwrap_or_default();
    let path = members.path("credentials[]");
    let read = |json| {
        let mut members = Members::of(json, &path)?;
        let form = match members.text("form")?.as_deref() {
            Some("plain") | None => CredentialForm::Plain,
            Some("basic") => CredentialForm::Basic,
            Some(_) => {
                return Err(Refusal::new(&members.path("form"), "unknown", "plain or basic"));
            }
        };
        let header = members.text("header")?.unwrap_or_default();
        let secret = members.text("secret")?.unwrap_or_default();
        members.end()?;
        Ok(Credential { header, secret, form })
    };
    list.into_iter().map(read).collect()
}
