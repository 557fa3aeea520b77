//! The target: what an evaluation judges, or what a feedback is about.

use super::member::{named, one_of, set_text};
use crate::annotation::{Given, Parser, Path};
use crate::error::Refused;
use witspan_json::{Members, Value, add, append, write_string};

/// Fails unless exactly one of the targets is given.
fn check_targets(
    what: &str,
    given: &Given<'_>,
    targets: &[&str],
    accepted: &str,
) -> Result<(), Refused> {
    let count = match targets.iter().filter(|name| given.get(name).is_some()).count() {
        0 => "no target",
        1 => return Ok(()),
        _ => "several targets",
    };
    Err(Path::of(what).refused_as(format_args!("has {count}; accepted: {accepted}")))
}

impl Parser<'_> {
    /// What an evaluation judges.
    pub(super) fn evaluation_target(
        &mut self,
        given: &Given<'_>,
        metric: &mut Members,
    ) -> Result<(), Refused> {
        let accepted = "exactly one of `span`, `span_with_tag_value` and `session_id`";
        let targets = ["span", "span_with_tag_value", "session_id"];
        check_targets("evaluation", given, &targets, accepted)?;
        let session = given.get("session_id");
        let path = Path::of("eval_scope");
        let scope = match given.get("eval_scope") {
            None if session.is_some() => "session",
            None => "span",
            Some(field) => one_of(&path, field, &["span", "trace", "session"])?,
        };
        if (scope == "session") != session.is_some() {
            let accepted = "`session` with `session_id`, else `span` or `trace`";
            return Err(path.refused(&format!("`{scope}`"), accepted));
        }
        set_text(metric, "eval_scope", scope);
        if session.is_some() {
            set_text(metric, "session_id", &named(&Path::of("session_id"), session)?);
            return Ok(());
        }
        // The member, the names in it, and what comes before each value.
        let (name, names, before) = match given.get("span") {
            Some(_) => {
                ("span", ["span_id", "trace_id"], ["{\"span\":{\"span_id\":", ",\"trace_id\":"])
            }
            None => (
                "span_with_tag_value",
                ["tag_key", "tag_value"],
                ["{\"tag\":{\"key\":", ",\"value\":"],
            ),
        };
        let path = Path::of(name);
        if let Some(target) = given.get(name) {
            let inside = self.object(&path, target, &names)?;
            let out = metric.begin_escaped(b"join_on");
            for (name, before) in names.into_iter().zip(before) {
                let (path, field) = (path.member(name), inside.get(name));
                append(out, before.as_bytes());
                let said = match field {
                    // The value of a tag may be empty.
                    Some((Value::Text(text), _)) if name == "tag_value" => text.decode(),
                    _ => self.joined(&path, field, name == "span_id")?,
                };
                write_string(out, &said);
            }
            add(out, "}}");
            metric.end();
        }
        Ok(())
    }

    /// What a feedback is about: span, span id, trace id, session, or a key of its own.
    pub(super) fn feedback_target(
        &mut self,
        given: &Given<'_>,
        metric: &mut Members,
    ) -> Result<(), Refused> {
        let accepted = "exactly one of `span`, `span_id`, `trace_id`, `session_id` and \
                        `feedback_join_key`";
        let targets = ["span", "span_id", "trace_id", "session_id", "feedback_join_key"];
        check_targets("feedback", given, &targets, accepted)?;
        for name in targets {
            let path = Path::of(name);
            let Some(field) = given.get(name) else { continue };
            match name {
                "span" => {
                    let inside = self.object(&path, field, &["span_id"])?;
                    let (path, field) = (path.member("span_id"), inside.get("span_id"));
                    named(&path, field)?;
                    set_text(metric, "span_id", &self.joined(&path, field, true)?);
                }
                "span_id" => {
                    named(&path, Some(field))?;
                    set_text(metric, name, &self.joined(&path, Some(field), true)?);
                }
                _ => set_text(metric, name, &named(&path, Some(field))?),
            }
        }
        Ok(())
    }
}
