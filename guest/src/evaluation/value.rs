//! What an evaluation found: its value, or the status and error of one that has none.

use super::member::{one_of, one_of_text, set_text};
use crate::annotation::{
    AS_TEXT, Field, Given, Parser, Path, VALUE_OF_AN_OBJECT, close, number_of, write_metric,
};
use crate::error::Refused;
use witspan_json::{Members, Number, Value, add, write_string};

impl Parser<'_> {
    /// Reads the status and its error. Returns whether the value may be absent.
    pub(super) fn status(
        &mut self,
        given: &Given<'_>,
        metric: &mut Members,
    ) -> Result<bool, Refused> {
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
            let what = format_args!("is accepted only if `status` is `WARN` or `ERROR`");
            return Err(path.refused_as(what));
        }
        inside.check_texts(Some(&path), names)?;
        let out = metric.begin_escaped(b"error");
        out.push(b'{');
        for name in names {
            self.text_member(name, inside.get(name), out)?;
        }
        close(out);
        metric.end();
        Ok(skipped)
    }

    /// Sets the metric type, and the value under the name that this type has for it.
    pub(super) fn value_of(
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
        let field = given.get("value");
        let Some((value, mut at)) = field else {
            if skipped {
                return Ok(());
            }
            return self.instead(&path, field, "absent", accepted, feedback, metric);
        };
        let name = format!("{kind}_value");
        let mut said = String::new();
        let number = number_of(value, &mut said);
        match (kind, value, number) {
            ("score", _, Some(number)) => {
                write_metric(metric.begin_escaped(name.as_bytes()), number);
            }
            ("boolean", Value::Bool(_), _) | ("json", Value::Object, _) => {
                let out = metric.begin_escaped(name.as_bytes());
                self.canonicalizer.write(&mut at, value, out)?;
            }
            ("json", ..) => {
                self.unfit(&path, value.describe(), accepted, VALUE_OF_AN_OBJECT)?;
                let out = metric.begin_escaped(name.as_bytes());
                add(out, "{\"value\":");
                self.canonicalizer.write(&mut at, value, out)?;
                out.push(b'}');
            }
            ("categorical" | "text", ..) => {
                self.check_text(&path, value, accepted)?;
                self.as_text(value, &mut at, metric.begin_escaped(name.as_bytes()))?;
            }
            _ => {
                let got = match value {
                    Value::Number(Number::NonFinite(name)) => name,
                    _ => value.describe(),
                };
                return self.instead(&path, field, got, accepted, feedback, metric);
            }
        }
        metric.end();
        Ok(())
    }

    /// Sends a value that does not fit its type. A feedback sends it as text. An evaluation has no
    /// such type: it is sent as one that failed, and its error has the value.
    #[cold]
    fn instead(
        &mut self,
        path: &Path<'_>,
        value: Option<Field<'_>>,
        got: &str,
        accepted: &str,
        feedback: bool,
        metric: &mut Members,
    ) -> Result<(), Refused> {
        if feedback {
            let Some((value, mut at)) = value else { return Err(path.refused(got, accepted)) };
            self.unfit(path, got, accepted, AS_TEXT)?;
            set_text(metric, "metric_type", "text");
            self.as_text(value, &mut at, metric.begin_escaped(b"text_value"))?;
            metric.end();
            return Ok(());
        }
        self.unfit(path, got, accepted, "It is sent as an evaluation that failed")?;
        let said = match value {
            Some((value, mut at)) => self.decoded(value, &mut at)?,
            None => "absent".to_owned(),
        };
        if metric.get(b"status").is_none_or(|status| status == b"\"OK\"") {
            set_text(metric, "status", "ERROR");
            let out = metric.begin_escaped(b"error");
            add(out, "{\"message\":");
            write_string(out, &format!("`value` is {said}; accepted: {accepted}"));
            add(out, ",\"type\":\"value\"}");
            metric.end();
        }
        Ok(())
    }
}
