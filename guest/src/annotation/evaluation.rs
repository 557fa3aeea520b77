//! Reads an evaluation or a feedback and writes it as the intake takes it.
//!
//! The rules per member are in `wit/evaluations.wit`. Source: Datadog's HTTP API reference of
//! evaluations, and ddtrace 4.16.

use super::{Field, Given, Parser, Path, Warning, foreign, got, not_json, open_object};
use crate::error::Refused;
use crate::json::{
    Canonicalizer, Members, Number, Reader, Value, put, write_escaped, write_integer, write_string,
    write_tag_list,
};

/// What does not come with the call.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'s> {
    pub(crate) ml_app: &'s str,
    pub(crate) now_ms: u64,
}

/// Bytes of a label.
const LABEL: usize = 200;

const NAMES: [&str; 20] = [
    "label",
    "metric_type",
    "value",
    "span",
    "session_id",
    "ml_app",
    "agent_service",
    "timestamp_ms",
    "tags",
    "assessment",
    "reasoning",
    "span_with_tag_value",
    "eval_scope",
    "metadata",
    "status",
    "error",
    "span_id",
    "trace_id",
    "feedback_join_key",
    "submitter",
];
/// Names, among those, of what only evaluations have, and of what only feedbacks have.
const OF_EVALUATIONS: [&str; 5] =
    ["span_with_tag_value", "eval_scope", "metadata", "status", "error"];
const OF_FEEDBACKS: [&str; 4] = ["span_id", "trace_id", "feedback_join_key", "submitter"];

/// Reads `text` and appends the metric that it says.
pub(crate) fn write_metric_of(
    text: &str,
    feedback: bool,
    around: Surroundings<'_>,
    canonicalizer: &mut Canonicalizer,
    out: &mut Vec<u8>,
) -> Result<Vec<Warning>, Refused> {
    let what = if feedback { "feedback" } else { "evaluation" };
    let given = read(what, text)?;
    let mut others = if feedback { OF_EVALUATIONS.as_slice() } else { &OF_FEEDBACKS }.iter();
    if let Some(name) = others.find(|name| given.get(name).is_some()) {
        return Err(foreign(what, name, DOCUMENTED));
    }
    let mut parser = Parser::new(canonicalizer);
    // Members in wire form, put in order by their keys.
    let mut metric = Members::default();
    set_text(&mut metric, "event_kind", what);
    if feedback {
        parser.feedback_target(&given, &mut metric)?;
        parser.submitter(&given, &mut metric)?;
    } else {
        parser.evaluation_target(&given, &mut metric)?;
    }
    parser.label(&given, &mut metric)?;
    let skipped = parser.status(&given, &mut metric)?;
    parser.value_of(&given, feedback, skipped, &mut metric)?;
    let app = match ["agent_service", "ml_app"].iter().find(|name| given.get(name).is_some()) {
        None => around.ml_app.to_owned(),
        Some(name) => named(&Path::of(name), given.get(name))?,
    };
    set_text(&mut metric, "ml_app", &app);
    let at = match timestamp_of(given.get("timestamp_ms"))? {
        0 => around.now_ms,
        given => given,
    };
    write_integer(metric.begin_escaped(b"timestamp_ms"), at);
    metric.end();
    parser.metric_tags(given.get("tags"), &app, &mut metric)?;
    if let Some((value, mut at)) = given.get("metadata") {
        open_object(&Path::of("metadata"), value, "an object")?;
        // An empty one says nothing.
        if at.clone().member(true)?.is_some() {
            parser.canonicalizer.write(&mut at, value, metric.begin_escaped(b"metadata"))?;
            metric.end();
        }
    }
    // An empty one says nothing.
    if given.text("assessment").is_none_or(|text| !text.is_empty())
        && let Some(field) = given.get("assessment")
    {
        let said = one_of(&Path::of("assessment"), field, &["pass", "fail"])?;
        set_text(&mut metric, "assessment", said);
    }
    given.check_texts(None, &["reasoning"])?;
    if let Some((value, mut at)) = given.get("reasoning")
        && given.text("reasoning").is_some_and(|text| !text.is_empty())
    {
        parser.as_text(value, &mut at, metric.begin_escaped(b"reasoning"))?;
        metric.end();
    }
    metric.write_object(out);
    Ok(parser.warnings)
}

const DOCUMENTED: &str = "the members that are documented";

/// The members of an evaluation or feedback; fails for one of another name.
fn read<'a>(what: &'a str, text: &'a str) -> Result<Given<'a>, Refused> {
    let not_json = |error| not_json(what, error);
    let mut reader = Reader::new(text);
    let begun = reader.value().map_err(not_json)?;
    if !matches!(begun, Value::Object) {
        return Err(Path::of(what).refused(begun.describe(), "a JSON object"));
    }
    let mut given = Given { names: &NAMES, found: vec![None; NAMES.len()] };
    let mut unknown = None;
    let mut first = true;
    while let Some(key) = reader.member(first).map_err(not_json)? {
        first = false;
        let (value, at) = super::mark(&mut reader).map_err(not_json)?;
        let is_null = matches!(value, Value::Null);
        let place = NAMES.iter().position(|name| key.is_named(name));
        match place.and_then(|at| given.found.get_mut(at)) {
            Some(place) => *place = (!is_null).then_some((value, at)),
            None if is_null || unknown.is_some() => {}
            None => unknown = Some(key),
        }
    }
    reader.end().map_err(not_json)?;
    match unknown {
        Some(key) => Err(foreign(what, &key.decode(), DOCUMENTED)),
        None => Ok(given),
    }
}

pub(super) fn set_text(metric: &mut Members, name: &str, text: &str) {
    write_string(metric.begin_escaped(name.as_bytes()), text);
    metric.end();
}

/// A text that is not empty.
pub(super) fn named(path: &Path<'_>, given: Option<Field<'_>>) -> Result<String, Refused> {
    match given {
        Some((Value::Text(text), _)) if !text.is_empty() => Ok(text.decode()),
        _ => Err(path.refused(got(given), "text")),
    }
}

/// The id of a span: decimal digits, as text or as a number.
pub(super) fn decimal(path: &Path<'_>, given: Option<Field<'_>>) -> Result<String, Refused> {
    let text = match given {
        Some((Value::Number(Number::Integer(digits)), _)) => digits.to_owned(),
        other => named(path, other)?,
    };
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text),
        false => Err(path.refused("not decimal", "the decimal id of a span")),
    }
}

pub(super) fn one_of(
    path: &Path<'_>,
    given: Field<'_>,
    accepted: &'static [&'static str],
) -> Result<&'static str, Refused> {
    let text = match given {
        (Value::Text(text), _) => text.decode(),
        _ => String::new(),
    };
    let found = accepted.iter().find(|word| word.eq_ignore_ascii_case(&text));
    found.copied().ok_or_else(|| match text.is_empty() {
        true => path.refused(got(Some(given)), &one_of_text(accepted)),
        false => path.refused(&format!("`{text}`"), &one_of_text(accepted)),
    })
}

/// The words, as an error lists them.
fn one_of_text(words: &[&str]) -> String {
    format!("`{}`", words.join("`, `"))
}

/// Milliseconds since the Unix epoch; 0 for now.
fn timestamp_of(given: Option<Field<'_>>) -> Result<u64, Refused> {
    let accepted = "milliseconds since the Unix epoch, as a whole number";
    let got = match given {
        None => return Ok(0),
        Some((Value::Number(Number::Integer(text) | Number::Float(text)), _)) => {
            // Languages without integers write large ones as floats.
            match text.parse::<f64>() {
                Ok(ms) if (0.0..=9_007_199_254_740_991.0).contains(&ms) && ms.fract() == 0.0 => {
                    return Ok(ms as u64);
                }
                _ => text,
            }
        }
        Some((Value::Number(Number::NonFinite(name)), _)) => name,
        Some((other, _)) => other.describe(),
    };
    Err(Path::of("timestamp_ms").refused(got, accepted))
}

impl Parser<'_> {
    fn label(&mut self, given: &Given<'_>, metric: &mut Members) -> Result<(), Refused> {
        let path = Path::of("label");
        let text = named(&path, given.get("label"))?;
        let too_long;
        let wrong = if text.contains('.') {
            "with a dot in it"
        } else if !text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic()) {
            "not begun with a letter"
        } else if text.len() > LABEL {
            too_long = format!("{} bytes long", text.len());
            &too_long
        } else {
            ""
        };
        if !wrong.is_empty() {
            let accepted = "a letter, then letters, digits and `_`, at most 200";
            return Err(path.refused(wrong, accepted));
        }
        let kept: String =
            text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if kept != text {
            let what = format_args!("has characters that no intake takes: it is sent as `{kept}`");
            self.warn(&path, what);
        }
        set_text(metric, "label", &kept);
        Ok(())
    }

    /// An object that is given, by these of its members.
    pub(super) fn object<'a>(
        &mut self,
        path: &Path<'_>,
        (value, mut at): Field<'a>,
        names: &'a [&'a str],
    ) -> Result<Given<'a>, Refused> {
        match value {
            Value::Object => Ok(self.given(&mut at, names, None)?),
            other => Err(path.refused(other.describe(), "an object")),
        }
    }

    fn submitter(&mut self, given: &Given<'_>, metric: &mut Members) -> Result<(), Refused> {
        let path = Path::of("submitter");
        let Some(field) = given.get("submitter") else {
            return Err(path.refused("absent", "an object with `id`"));
        };
        let inside = self.object(&path, field, &["id", "type"])?;
        let out = metric.begin_escaped(b"submitter");
        put(out, "{\"id\":");
        write_string(out, &named(&path.member("id"), inside.get("id"))?);
        if let Some(kind) = inside.get("type") {
            put(out, ",\"type\":");
            write_string(out, one_of(&path.member("type"), kind, &["user", "agent"])?);
        }
        out.push(b'}');
        metric.end();
        Ok(())
    }

    /// The status and its error; whether there may be no value.
    fn status(&mut self, given: &Given<'_>, metric: &mut Members) -> Result<bool, Refused> {
        let mut skipped = false;
        if let Some(field) = given.get("status") {
            let status = one_of(&Path::of("status"), field, &["OK", "WARN", "ERROR"])?;
            skipped = status != "OK";
            set_text(metric, "status", status);
        }
        let Some(error) = given.get("error") else { return Ok(skipped) };
        let path = Path::of("error");
        let names = &["message", "stack", "type"];
        let inside = self.object(&path, error, names)?;
        if !skipped {
            let accepted = "an error only where `status` is `WARN` or `ERROR`";
            return Err(path.refused("given without such a status", accepted));
        }
        inside.check_texts(Some(&path), names)?;
        let out = metric.begin_escaped(b"error");
        out.push(b'{');
        for name in names {
            self.text_member(name, inside.get(name), out)?;
        }
        super::close(out);
        metric.end();
        Ok(skipped)
    }

    fn value_of(
        &mut self,
        given: &Given<'_>,
        feedback: bool,
        skipped: bool,
        metric: &mut Members,
    ) -> Result<(), Refused> {
        let kinds: &'static [&'static str] = match feedback {
            true => &["categorical", "score", "boolean", "json", "text"],
            false => &["categorical", "score", "boolean", "json"],
        };
        let path = Path::of("metric_type");
        let Some(kind) = given.get("metric_type") else {
            return Err(path.refused("absent", &one_of_text(kinds)));
        };
        let kind = one_of(&path, kind, kinds)?;
        set_text(metric, "metric_type", kind);
        let path = Path::of("value");
        let accepted = match kind {
            "score" => "a finite number",
            "boolean" => "a boolean",
            "json" => "an object",
            _ => "text",
        };
        let Some((value, mut at)) = given.get("value") else {
            return if skipped { Ok(()) } else { Err(path.refused("absent", accepted)) };
        };
        let out = metric.begin_escaped(format!("{kind}_value").as_bytes());
        match (kind, value) {
            ("score", Value::Number(Number::NonFinite(name))) => {
                return Err(path.refused(name, accepted));
            }
            ("score", Value::Number(number)) => super::write_metric(out, number),
            ("score", Value::Bool(flag)) => out.push(if flag { b'1' } else { b'0' }),
            ("boolean", Value::Bool(_))
            | ("json", Value::Object)
            | ("categorical" | "text", Value::Text(_)) => {
                self.canonicalizer.write(&mut at, value, out)?;
            }
            (_, other) => return Err(path.refused(other.describe(), accepted)),
        }
        metric.end();
        Ok(())
    }

    /// Tags in order of their text; the application's own win over ours.
    fn metric_tags(
        &mut self,
        given: Option<Field<'_>>,
        app: &str,
        metric: &mut Members,
    ) -> Result<(), Refused> {
        let mut tags = Members::default();
        for (key, value) in [("ml_app", app), ("witspan.version", env!("CARGO_PKG_VERSION"))] {
            let out = tags.begin_escaped(key.as_bytes());
            out.push(b':');
            write_escaped(out, value.as_bytes());
            tags.end();
        }
        if let Some((value, mut at)) = given {
            open_object(&Path::of("tags"), value, "an object")?;
            let mut first = true;
            while let Some(key) = at.member(first)? {
                first = false;
                let value = at.value()?;
                let out = tags.begin(key);
                out.push(b':');
                self.inside_text(value, &mut at, out)?;
                tags.end();
            }
        }
        let mut tags: Vec<_> = tags.iter_whole().collect();
        write_tag_list(&mut tags, metric.begin_escaped(b"tags"));
        metric.end();
        Ok(())
    }
}
