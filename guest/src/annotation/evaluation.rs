//! Reads an evaluation or a feedback and writes it as the intake takes it.
//!
//! The rules per member are in `wit/evaluations.wit`. Source: Datadog's HTTP API reference of
//! evaluations, and ddtrace 4.16.

use super::{Field, Parser, Warning, present};
use crate::error::Error;
use crate::ids::{write_integer, write_string};
use crate::json::{Canonicalizer, Number, Reader, Value, write_escaped};
use crate::members::Members;

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
    "span_with_tag_value",
    "session_id",
    "eval_scope",
    "ml_app",
    "agent_service",
    "timestamp_ms",
    "tags",
    "metadata",
    "assessment",
    "reasoning",
    "status",
    "error",
    "span_id",
    "trace_id",
    "feedback_join_key",
    "submitter",
];

/// The members of a metric, each in wire form, put in order by their keys.
#[derive(Default)]
struct Metric(Members);

impl Metric {
    fn text(&mut self, name: &str, text: &str) {
        let mut value = Vec::new();
        write_string(&mut value, text);
        self.0.set(name.as_bytes(), &value);
    }

    fn raw(&mut self, name: &str, value: &[u8]) {
        self.0.set(name.as_bytes(), value);
    }
}

/// Reads `text` and appends the metric that it says.
pub(crate) fn write_metric_of(
    text: &str,
    feedback: bool,
    around: Surroundings<'_>,
    canonicalizer: &mut Canonicalizer,
    out: &mut Vec<u8>,
) -> Result<Vec<Warning>, Error> {
    let what = if feedback { "feedback" } else { "evaluation" };
    let not_json =
        |error: crate::json::SyntaxError| Error::invalid(what, &error.to_string(), "a JSON object");
    let mut reader = Reader::new(text);
    let begun = reader.value().map_err(not_json)?;
    if !matches!(begun, Value::Object) {
        return Err(Error::invalid(what, begun.describe(), "a JSON object"));
    }
    let mut whole = reader;
    whole.skip(begun).and_then(|()| whole.end()).map_err(not_json)?;
    let mut parser = Parser::new(canonicalizer);
    let mut unknown = None;
    let found = parser.fields(&mut reader, NAMES, |_, key, _| {
        unknown.get_or_insert_with(|| key.decode());
    })?;
    let found = found.map(present);
    let [
        label,
        kind,
        value,
        span,
        tag,
        session,
        scope,
        ml_app,
        service,
        at,
        tags,
        metadata,
        assessment,
        reasoning,
        status,
        error,
        span_id,
        trace_id,
        key,
        submitter,
    ] = found;
    let foreign: &[(&str, Option<Field<'_>>)] = match feedback {
        true => &[
            ("span_with_tag_value", tag),
            ("eval_scope", scope),
            ("metadata", metadata),
            ("status", status),
            ("error", error),
        ],
        false => &[
            ("span_id", span_id),
            ("trace_id", trace_id),
            ("feedback_join_key", key),
            ("submitter", submitter),
        ],
    };
    let foreign = foreign.iter().find(|(_, field)| field.is_some());
    if let Some(name) = foreign.map(|(name, _)| (*name).to_owned()).or(unknown) {
        let accepted = "the members that are documented";
        return Err(Error::invalid(what, &format!("given `{name}`"), accepted));
    }

    let mut metric = Metric::default();
    metric.text("event_kind", what);
    if feedback {
        parser.feedback_target([span, span_id, trace_id, session, key], &mut metric)?;
        parser.submitter(submitter, &mut metric)?;
    } else {
        parser.evaluation_target(span, tag, session, scope, &mut metric)?;
    }
    parser.label(label, &mut metric)?;
    let skipped = parser.status(status, error, &mut metric)?;
    parser.value_of(kind, value, feedback, skipped, &mut metric)?;
    let app = match service.or(ml_app) {
        None => around.ml_app.to_owned(),
        given => named(if service.is_some() { "agent_service" } else { "ml_app" }, given)?,
    };
    metric.text("ml_app", &app);
    let mut timestamp = Vec::new();
    write_integer(
        &mut timestamp,
        match timestamp_of(at)? {
            0 => around.now_ms,
            given => given,
        },
    );
    metric.raw("timestamp_ms", &timestamp);
    parser.metric_tags(tags, &app, &mut metric)?;
    if let Some((value, mut at)) = metadata {
        super::open_object("metadata", value, "an object")?;
        let mut written = Vec::new();
        parser.canonicalizer.write(&mut at, value, &mut written)?;
        metric.raw("metadata", &written);
    }
    // An empty one says nothing.
    let says = |field: &Field<'_>| !matches!(field.0, Value::Text(text) if text.is_empty());
    if let Some(field) = assessment.filter(says) {
        metric.text("assessment", &one_of("assessment", field, &["pass", "fail"])?);
    }
    if let Some((value, mut at)) = reasoning {
        let Value::Text(_) = value else {
            return Err(Error::invalid("reasoning", value.describe(), "text"));
        };
        let mut written = Vec::new();
        parser.as_text(value, &mut at, &mut written)?;
        metric.raw("reasoning", &written);
    }
    metric.0.write_object(out);
    Ok(parser.warnings)
}

/// A text that is not empty.
fn named(field: &str, given: Option<Field<'_>>) -> Result<String, Error> {
    let got = match given {
        Some((Value::Text(text), _)) if !text.is_empty() => return Ok(text.decode()),
        Some((Value::Text(_), _)) => "empty",
        Some((other, _)) => other.describe(),
        None => "absent",
    };
    Err(Error::invalid(field, got, "text"))
}

/// The id of a span: decimal digits, as text or as a number.
fn decimal(field: &str, given: Option<Field<'_>>) -> Result<String, Error> {
    let text = match given {
        Some((Value::Number(Number::Integer(digits)), _)) => digits.to_owned(),
        other => named(field, other)?,
    };
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text),
        false => Err(Error::invalid(field, "not decimal", "the decimal id of a span")),
    }
}

fn one_of(field: &str, given: Field<'_>, accepted: &[&str]) -> Result<String, Error> {
    let text = named(field, Some(given))?;
    match accepted.iter().find(|word| word.eq_ignore_ascii_case(&text)) {
        Some(word) => Ok((*word).to_owned()),
        None => {
            let words: Vec<String> = accepted.iter().map(|word| format!("`{word}`")).collect();
            Err(Error::invalid(field, &format!("`{text}`"), &words.join(", ")))
        }
    }
}

/// Milliseconds since the Unix epoch; 0 for now.
fn timestamp_of(given: Option<Field<'_>>) -> Result<u64, Error> {
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
        Some((other, _)) => other.describe(),
    };
    Err(Error::invalid("timestamp_ms", got, accepted))
}

impl Parser<'_> {
    fn label(&mut self, label: Option<Field<'_>>, metric: &mut Metric) -> Result<(), Error> {
        let text = named("label", label)?;
        let accepted = "a letter, then letters, digits and `_`, at most 200";
        let wrong = if text.contains('.') {
            Some("with a dot in it".to_owned())
        } else if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            Some("not begun with a letter".to_owned())
        } else if text.len() > LABEL {
            Some(format!("{} bytes long", text.len()))
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return Err(Error::invalid("label", &wrong, accepted));
        }
        let kept: String = text
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' })
            .collect();
        if kept != text {
            self.warn(
                "label",
                format!("has characters that no intake takes: it is sent as `{kept}`"),
            );
        }
        metric.text("label", &kept);
        Ok(())
    }

    /// What an evaluation judges.
    fn evaluation_target(
        &mut self,
        span: Option<Field<'_>>,
        tag: Option<Field<'_>>,
        session: Option<Field<'_>>,
        scope: Option<Field<'_>>,
        metric: &mut Metric,
    ) -> Result<(), Error> {
        let accepted = "exactly one of `span`, `span_with_tag_value` and `session_id`";
        let given = [span, tag, session].iter().flatten().count();
        if given != 1 {
            let got =
                if given == 0 { "given none of its targets" } else { "given several targets" };
            return Err(Error::invalid("evaluation", got, accepted));
        }
        let usual = if session.is_some() { "session" } else { "span" };
        let scope = match scope {
            None => usual.to_owned(),
            Some(field) => one_of("eval_scope", field, &["span", "trace", "session"])?,
        };
        if (scope == "session") != session.is_some() {
            let got = format!("`{scope}`");
            let accepted = "`session` with `session_id`, `span` or `trace` with the others";
            return Err(Error::invalid("eval_scope", &got, accepted));
        }
        metric.text("eval_scope", &scope);
        if session.is_some() {
            metric.text("session_id", &named("session_id", session)?);
            return Ok(());
        }
        let mut join = Vec::new();
        match (span, tag) {
            (Some((value, mut at)), _) => {
                object_of("span", value)?;
                let [span, trace] = self.fields(&mut at, ["span_id", "trace_id"], |_, _, _| ())?;
                join.extend_from_slice(b"{\"span\":{\"span_id\":");
                write_string(&mut join, &decimal("span.span_id", present(span))?);
                join.extend_from_slice(b",\"trace_id\":");
                write_string(&mut join, &named("span.trace_id", present(trace))?);
            }
            (None, Some((value, mut at))) => {
                object_of("span_with_tag_value", value)?;
                let [key, value] = self.fields(&mut at, ["tag_key", "tag_value"], |_, _, _| ())?;
                join.extend_from_slice(b"{\"tag\":{\"key\":");
                write_string(&mut join, &named("span_with_tag_value.tag_key", present(key))?);
                join.extend_from_slice(b",\"value\":");
                write_string(&mut join, &named("span_with_tag_value.tag_value", present(value))?);
            }
            (None, None) => {}
        }
        join.extend_from_slice(b"}}");
        metric.raw("join_on", &join);
        Ok(())
    }

    /// What a feedback is about: span, span id, trace id, session, or a key of its own.
    fn feedback_target(
        &mut self,
        targets: [Option<Field<'_>>; 5],
        metric: &mut Metric,
    ) -> Result<(), Error> {
        let given = targets.iter().flatten().count();
        if given != 1 {
            let got =
                if given == 0 { "given none of its targets" } else { "given several targets" };
            let accepted = "exactly one of `span`, `span_id`, `trace_id`, `session_id` and \
                            `feedback_join_key`";
            return Err(Error::invalid("feedback", got, accepted));
        }
        let [span, span_id, trace_id, session, key] = targets;
        if let Some((value, mut at)) = span {
            object_of("span", value)?;
            let [id] = self.fields(&mut at, ["span_id"], |_, _, _| ())?;
            metric.text("span_id", &decimal("span.span_id", present(id))?);
        } else if span_id.is_some() {
            metric.text("span_id", &decimal("span_id", span_id)?);
        }
        for (name, field) in
            [("trace_id", trace_id), ("session_id", session), ("feedback_join_key", key)]
        {
            if field.is_some() {
                metric.text(name, &named(name, field)?);
            }
        }
        Ok(())
    }

    fn submitter(&mut self, given: Option<Field<'_>>, metric: &mut Metric) -> Result<(), Error> {
        let Some((value, mut at)) = given else {
            return Err(Error::invalid("submitter", "absent", "an object with `id`"));
        };
        object_of("submitter", value)?;
        let [id, kind] = self.fields(&mut at, ["id", "type"], |_, _, _| ())?;
        let mut written = b"{\"id\":".to_vec();
        write_string(&mut written, &named("submitter.id", present(id))?);
        if let Some(kind) = present(kind) {
            written.extend_from_slice(b",\"type\":");
            write_string(&mut written, &one_of("submitter.type", kind, &["user", "agent"])?);
        }
        written.push(b'}');
        metric.raw("submitter", &written);
        Ok(())
    }

    /// The status and its error; whether there may be no value.
    fn status(
        &mut self,
        status: Option<Field<'_>>,
        error: Option<Field<'_>>,
        metric: &mut Metric,
    ) -> Result<bool, Error> {
        let status = status.map(|field| one_of("status", field, &["OK", "WARN", "ERROR"]));
        let status = status.transpose()?;
        let skipped = status.as_deref().is_some_and(|status| status != "OK");
        if let Some(status) = &status {
            metric.text("status", status);
        }
        let Some((value, mut at)) = error else { return Ok(skipped) };
        object_of("error", value)?;
        if !skipped {
            let accepted = "an error only where `status` is `WARN` or `ERROR`";
            return Err(Error::invalid("error", "given without such a status", accepted));
        }
        let names = ["message", "stack", "type"];
        let found = self.fields(&mut at, names, |_, _, _| ())?;
        let mut written = b"{".to_vec();
        for (name, field) in names.into_iter().zip(found) {
            if let Some((value, _)) = present(field)
                && !matches!(value, Value::Text(_))
            {
                return Err(Error::invalid(&format!("error.{name}"), value.describe(), "text"));
            }
            self.text_member(name, field, &mut written)?;
        }
        if written.last() == Some(&b',') {
            written.pop();
        }
        written.push(b'}');
        metric.raw("error", &written);
        Ok(skipped)
    }

    fn value_of(
        &mut self,
        kind: Option<Field<'_>>,
        value: Option<Field<'_>>,
        feedback: bool,
        skipped: bool,
        metric: &mut Metric,
    ) -> Result<(), Error> {
        let kinds: &[&str] = match feedback {
            true => &["categorical", "score", "boolean", "json", "text"],
            false => &["categorical", "score", "boolean", "json"],
        };
        let Some(kind) = kind else {
            let accepted = format!("one of {}", kinds.join(", "));
            return Err(Error::invalid("metric_type", "absent", &accepted));
        };
        let kind = one_of("metric_type", kind, kinds)?;
        metric.text("metric_type", &kind);
        let accepted = match kind.as_str() {
            "score" => "a finite number",
            "boolean" => "a boolean",
            "json" => "an object",
            _ => "text",
        };
        let mut written = Vec::new();
        match (kind.as_str(), value) {
            (_, None) if skipped => return Ok(()),
            (_, None) => return Err(Error::invalid("value", "absent", accepted)),
            ("score", Some((Value::Number(Number::NonFinite(name)), _))) => {
                return Err(Error::invalid("value", name, accepted));
            }
            ("score", Some((Value::Number(number), _))) => {
                super::write_metric(&mut written, number)
            }
            ("score", Some((Value::Bool(flag), _))) => written.push(if flag { b'1' } else { b'0' }),
            ("boolean", Some((value @ Value::Bool(_), mut at)))
            | ("json", Some((value @ Value::Object, mut at)))
            | ("categorical" | "text", Some((value @ Value::Text(_), mut at))) => {
                self.canonicalizer.write(&mut at, value, &mut written)?;
            }
            (_, Some((other, _))) => {
                return Err(Error::invalid("value", other.describe(), accepted));
            }
        }
        metric.raw(&format!("{kind}_value"), &written);
        Ok(())
    }

    /// Tags in order of their text; the application's own win over ours.
    fn metric_tags(
        &mut self,
        given: Option<Field<'_>>,
        app: &str,
        metric: &mut Metric,
    ) -> Result<(), Error> {
        let mut tags = Members::default();
        for (key, value) in [("ml_app", app), ("witspan.version", env!("CARGO_PKG_VERSION"))] {
            let mut text = b":".to_vec();
            write_escaped(&mut text, value.as_bytes());
            tags.set(key.as_bytes(), &text);
        }
        if let Some((value, mut at)) = given {
            super::open_object("tags", value, "an object")?;
            let mut first = true;
            while let Some(key) = at.member(first)? {
                first = false;
                let value = at.value()?;
                let write = |out: &mut Vec<u8>| {
                    out.push(b':');
                    self.inside_text(value, &mut at, out)
                };
                tags.insert(|out| key.write(out), write)?;
            }
        }
        let mut texts: Vec<&[u8]> = tags.iter_whole().map(|(_, text)| text).collect();
        crate::sort::sort_by(&mut texts, |a, b| a.cmp(b));
        let mut written = Vec::new();
        for text in texts {
            written.extend_from_slice(if written.is_empty() { b"[\"" } else { b",\"" });
            written.extend_from_slice(text);
            written.push(b'"');
        }
        written.push(b']');
        metric.raw("tags", &written);
        Ok(())
    }
}

fn object_of(field: &str, value: Value<'_>) -> Result<(), Error> {
    match value {
        Value::Object => Ok(()),
        other => Err(Error::invalid(field, other.describe(), "an object")),
    }
}
