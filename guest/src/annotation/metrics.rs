//! Metrics: an object of numbers, merged by key.

use super::fields::open_object;
use super::parser::Parser;
use super::path::Path;
use super::value::number_of;
use crate::error::Refused;
use witspan_json::{
    Members, Number, Reader, Text, Value, write_double, write_escaped, write_number,
};

/// Names of metrics as dd-trace-js has them, and as they are sent.
const CAMEL_METRICS: [(&str, &str); 8] = [
    ("inputTokens", "input_tokens"),
    ("outputTokens", "output_tokens"),
    ("totalTokens", "total_tokens"),
    ("cacheReadTokens", "cache_read_input_tokens"),
    ("cacheWriteTokens", "cache_write_input_tokens"),
    ("cacheWrite5mTokens", "ephemeral_5m_input_tokens"),
    ("cacheWrite1hTokens", "ephemeral_1h_input_tokens"),
    ("reasoningOutputTokens", "reasoning_output_tokens"),
];

impl Parser<'_> {
    /// Reads `metrics`.
    pub(super) fn metrics<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        members: &mut Members,
    ) -> Result<(), Refused> {
        let path = Path::of("metrics");
        if !open_object(&path, value, "an object of numbers")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            match value {
                // What a provider did not count.
                Value::Null => continue,
                Value::Number(Number::NonFinite(name)) => {
                    let what = format_args!("is {name}, which no intake takes: it was left out");
                    self.warn(&path.member(&key.decode()), what);
                    continue;
                }
                _ => {}
            }
            let mut said = String::new();
            let number = number_of(value, &mut said);
            let Some(number) = number else {
                self.left_out(&path.member(&key.decode()), value.describe(), "a number")?;
                reader.skip(value)?;
                continue;
            };
            let out = match self.metric_key(&path, key) {
                None => members.begin(key),
                Some(sent) => {
                    let mut name = Vec::new();
                    write_escaped(&mut name, sent.as_bytes());
                    members.begin_escaped(&name)
                }
            };
            write_metric(out, number);
            members.end();
        }
        Ok(())
    }

    /// The name under which a metric is sent, if it differs from the key. The intake rejects a whole
    /// batch for a metric key with a dot, so a dot becomes `_`. A name that dd-trace-js spells in
    /// camel case becomes the name that the intake knows.
    fn metric_key(&mut self, path: &Path<'_>, key: Text<'_>) -> Option<String> {
        if key.is_snake() {
            return None;
        }
        if let Some((_, sent)) = CAMEL_METRICS.iter().find(|(camel, _)| key.is(camel)) {
            return Some((*sent).to_owned());
        }
        let name = key.decode();
        let sent: String = name.chars().map(|c| if c == '.' { '_' } else { c }).collect();
        if sent == name {
            return None;
        }
        let what = format_args!("has a dot in its name: it is sent as `{sent}`");
        self.warn(&path.member(&name), what);
        Some(sent)
    }
}

/// A metric is a number on the wire whatever its size.
pub(crate) fn write_metric(out: &mut Vec<u8>, number: Number<'_>) {
    let start = out.len();
    write_number(out, number);
    if out.get(start) == Some(&b'"') {
        out.truncate(start);
        let (Number::Integer(text) | Number::Float(text)) = number else { return };
        let value: f64 = text.parse().unwrap_or(0.0);
        write_double(out, value.clamp(f64::MIN, f64::MAX));
    }
}
