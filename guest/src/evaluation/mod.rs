//! Evaluations and feedbacks: reads one, and writes it as the intake takes it.
//!
//! The rules per member are in `wit/evaluations.wit`. Source: Datadog's HTTP API reference of
//! evaluations, and ddtrace 4.16.

mod member;
mod target;
mod value;

use crate::annotation::{Field, Given, Parser, Path, foreign, is_nothing, mark, open_object};
use crate::error::{InvalidArgument, Refused, Warning, not_json};
use crate::limits::LABEL;
use member::{named, one_of, set_text};
use witspan_json::{
    Canonicalizer, Members, Number, Reader, Value, add, write_escaped, write_integer, write_string,
    write_tag_list,
};

/// What is taken for an evaluation that does not say it itself.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'s> {
    pub(crate) ml_app: &'s str,
    pub(crate) now_ms: u64,
}

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
/// Those of these names that only evaluations have, and those that only feedback has.
const OF_EVALUATIONS: [&str; 5] =
    ["span_with_tag_value", "eval_scope", "metadata", "status", "error"];
const OF_FEEDBACKS: [&str; 4] = ["span_id", "trace_id", "feedback_join_key", "submitter"];

/// Reads `text`, an evaluation or a feedback, and appends it as the intake takes it.
pub(crate) fn write_metric_of(
    text: &str,
    feedback: bool,
    around: Surroundings<'_>,
    canonicalizer: &mut Canonicalizer,
    out: &mut Vec<u8>,
) -> Result<Vec<Warning>, Refused> {
    let what = if feedback { "feedback" } else { "evaluation" };
    let others = if feedback { OF_EVALUATIONS.as_slice() } else { &OF_FEEDBACKS };
    let given = read(what, others, text)?;
    if let Some(name) = others.iter().find(|name| given.get(name).is_some()) {
        return Err(of_the_other(what, name));
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
    let mut app = String::new();
    for name in ["agent_service", "ml_app"] {
        if app.is_empty()
            && let Some((value, mut at)) = given.get(name)
            && !is_nothing(value, at)?
        {
            parser.check_text(&Path::of(name), value, "text")?;
            app = parser.decoded(value, &mut at)?;
        }
    }
    if app.is_empty() {
        around.ml_app.clone_into(&mut app);
    }
    set_text(&mut metric, "ml_app", &app);
    let at = match parser.timestamp_of(given.get("timestamp_ms"))? {
        0 => around.now_ms,
        given => given,
    };
    write_integer(metric.begin_escaped(b"timestamp_ms"), at);
    metric.end();
    parser.metric_tags(given.get("tags"), &app, &mut metric)?;
    // Each of the following members counts as absent if it is empty.
    let said = |name| match given.get(name) {
        Some((value, at)) if !is_nothing(value, at)? => Ok::<_, Refused>(Some((value, at))),
        _ => Ok(None),
    };
    if let Some((value, mut at)) = said("metadata")? {
        open_object(&Path::of("metadata"), value, "an object")?;
        parser.canonicalizer.write(&mut at, value, metric.begin_escaped(b"metadata"))?;
        metric.end();
    }
    if let Some(field) = said("assessment")? {
        let said = one_of(&Path::of("assessment"), field, &["pass", "fail"])?;
        set_text(&mut metric, "assessment", said);
    }
    if let Some((value, mut at)) = said("reasoning")? {
        parser.check_text(&Path::of("reasoning"), value, "text")?;
        parser.as_text(value, &mut at, metric.begin_escaped(b"reasoning"))?;
        metric.end();
    }
    metric.write_object(out);
    Ok(parser.warnings)
}

/// What an error calls it.
fn with_article(what: &str) -> &'static str {
    if what == "feedback" { "feedback" } else { "an evaluation" }
}

/// The error that `name` is a member of the other of evaluation and feedback.
#[cold]
fn of_the_other(what: &str, name: &str) -> Refused {
    let other = if what == "feedback" { "evaluations" } else { "feedback" };
    let message = format!("`{name}` is not a field of {} (only of {other})", with_article(what));
    Box::new(InvalidArgument { field: what.to_owned(), message })
}

/// The error that no evaluation and no feedback has the member `name`.
#[cold]
fn unknown_member(what: &str, others: &[&str], name: &str) -> Refused {
    let accepted: Vec<_> = NAMES.into_iter().filter(|name| !others.contains(name)).collect();
    foreign(what, with_article(what), name, &accepted)
}

/// Reads the members of an evaluation or feedback; fails for an unknown one. `others` are the names
/// that only the other one has.
fn read<'a>(what: &'a str, others: &[&str], text: &'a str) -> Result<Given<'a>, Refused> {
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
        let (value, at) = mark(&mut reader).map_err(not_json)?;
        let is_null = matches!(value, Value::Null);
        let found = NAMES.iter().position(|name| key.is_named(name));
        match found.and_then(|at| given.found.get_mut(at)) {
            Some(kept) => *kept = (!is_null).then_some((value, at)),
            None if is_null || unknown.is_some() => {}
            None => unknown = Some(key),
        }
    }
    reader.end().map_err(not_json)?;
    match unknown {
        Some(key) => Err(unknown_member(what, others, &key.decode())),
        None => Ok(given),
    }
}

impl Parser<'_> {
    /// Milliseconds since the Unix epoch; 0 for now.
    fn timestamp_of(&mut self, given: Option<Field<'_>>) -> Result<u64, Refused> {
        let path = Path::of("timestamp_ms");
        let accepted = "milliseconds since the Unix epoch, as a whole number";
        let Some((value, at)) = given else { return Ok(0) };
        if is_nothing(value, at)? {
            return Ok(0);
        }
        let Value::Number(Number::Integer(text) | Number::Float(text)) = value else {
            if let Value::Bool(_) = value {
                self.left_out(&path, value.describe(), accepted)?;
                return Ok(0);
            }
            return Err(path.refused(value.describe(), accepted));
        };
        // Languages without integers write large numbers as floats.
        match text.parse::<f64>() {
            Ok(ms) if (0.0..=9_007_199_254_740_991.0).contains(&ms) && ms.fract() == 0.0 => {
                Ok(ms as u64)
            }
            // Later than any possible time.
            Ok(ms) if ms > 0.0 && ms.fract() == 0.0 => {
                self.left_out(&path, text, accepted)?;
                Ok(0)
            }
            _ => Err(path.refused(text, accepted)),
        }
    }

    fn label(&mut self, given: &Given<'_>, metric: &mut Members) -> Result<(), Refused> {
        let path = Path::of("label");
        let text = match given.get("label") {
            Some((value @ (Value::Array | Value::Object), mut at)) if !is_nothing(value, at)? => {
                self.decoded(value, &mut at)?
            }
            other => named(&path, other)?,
        };
        let accepted = "a letter, then letters, digits and `_`, at most 200 in all";
        if matches!(given.get("label"), Some((Value::Text(_), _))) && text.contains('.') {
            return Err(path.refused_as(format_args!("has a dot in it; accepted: {accepted}")));
        }
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let mut kept = if begins { String::new() } else { "label_".to_owned() };
        kept.extend(text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
        kept.truncate(LABEL);
        if kept != text {
            let what = format_args!("is sent as `{kept}`; accepted: {accepted}");
            self.warn(&path, what);
        }
        set_text(metric, "label", &kept);
        Ok(())
    }

    fn submitter(&mut self, given: &Given<'_>, metric: &mut Members) -> Result<(), Refused> {
        let path = Path::of("submitter");
        let Some(field) = given.get("submitter") else {
            return Err(path.refused("absent", "an object with `id`"));
        };
        let inside = self.object(&path, field, &["id", "type"])?;
        let out = metric.begin_escaped(b"submitter");
        add(out, "{\"id\":");
        write_string(out, &named(&path.member("id"), inside.get("id"))?);
        if let Some(kind) = inside.get("type") {
            let (value, mut at) = kind;
            self.check_text(&path.member("type"), value, "text")?;
            let said = self.decoded(value, &mut at)?;
            // The documented API knows these two; they may be given in any case.
            let known = ["user", "agent"].into_iter().find(|kind| kind.eq_ignore_ascii_case(&said));
            add(out, ",\"type\":");
            write_string(out, known.unwrap_or(&said));
        }
        out.push(b'}');
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
