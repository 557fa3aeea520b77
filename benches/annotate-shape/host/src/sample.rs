//! The annotation as Rust values, and from these into each of the shapes.

use serde::Deserialize;
use serde_json::{Map, Value};
use shapes_host::{JsonText, Member, Message, Metric, Records, Tag, Texts};

#[derive(Deserialize)]
struct OwnedMessage {
    role: String,
    content: String,
}

enum Scalar {
    Text(String),
    Integer(i64),
    Double(f64),
    Bool(bool),
}

/// What an application holds before it annotates.
pub(crate) struct Annotation {
    input: Option<Vec<OwnedMessage>>,
    output: Option<Vec<OwnedMessage>>,
    metadata: Option<Vec<(String, Scalar)>>,
    metrics: Option<Vec<(String, f64)>>,
    tags: Option<Vec<(String, String)>>,
}

impl Annotation {
    /// Reads the sample; not measured.
    pub(crate) fn read(json: &str) -> Annotation {
        #[derive(Deserialize)]
        struct Sample {
            input: Option<Vec<OwnedMessage>>,
            output: Option<Vec<OwnedMessage>>,
            metadata: Option<Map<String, Value>>,
            metrics: Option<Map<String, Value>>,
            tags: Option<Map<String, Value>>,
        }
        let sample: Sample = serde_json::from_str(json).expect("run.py writes samples");
        let scalar = |value: Value| match value {
            Value::Bool(flag) => Scalar::Bool(flag),
            Value::Number(number) => number.as_i64().map_or_else(
                || Scalar::Double(number.as_f64().unwrap_or_default()),
                Scalar::Integer,
            ),
            other => Scalar::Text(other.as_str().unwrap_or_default().to_owned()),
        };
        let double = |value: Value| value.as_f64().unwrap_or_default();
        let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
        Annotation {
            input: sample.input,
            output: sample.output,
            metadata: sample.metadata.map(|map| pairs(map, scalar)),
            metrics: sample.metrics.map(|map| pairs(map, double)),
            tags: sample.tags.map(|map| pairs(map, text)),
        }
    }

    /// (a)
    pub(crate) fn with_records<T>(
        &self,
        buffer: &mut JsonText,
        call: impl FnOnce(Records<'_>) -> T,
    ) -> T {
        fn messages(given: &[OwnedMessage]) -> Vec<Message<'_>> {
            given.iter().map(|m| Message { role: &m.role, content: &m.content }).collect()
        }
        buffer.clear();
        let mut ends = Vec::new();
        for (_, scalar) in self.metadata.iter().flatten() {
            write_scalar(buffer, scalar);
            ends.push(buffer.len());
        }
        let mut start = 0;
        let mut json = buffer.as_str();
        let metadata = self.metadata.as_ref().map(|given| -> Vec<Member<'_>> {
            let members = given.iter().zip(&ends).map(|((key, _), &end)| {
                let (value, rest) = json.split_at(end - start);
                (start, json) = (end, rest);
                Member { key, json: value }
            });
            members.collect()
        });
        let metrics = self.metrics.as_ref().map(|given| -> Vec<Metric<'_>> {
            given.iter().map(|(key, value)| Metric { key, value: *value }).collect()
        });
        let tags = self.tags.as_ref().map(|given| -> Vec<Tag<'_>> {
            given.iter().map(|(key, value)| Tag { key, value }).collect()
        });
        let input = self.input.as_deref().map(messages);
        let output = self.output.as_deref().map(messages);
        call(Records {
            input: input.as_deref(),
            output: output.as_deref(),
            metadata: metadata.as_deref(),
            metrics: metrics.as_deref(),
            tags: tags.as_deref(),
        })
    }

    /// (b)
    pub(crate) fn texts<'a>(&self, buffers: &'a mut [JsonText; 5]) -> Texts<'a> {
        let [input, output, metadata, metrics, tags] = buffers;
        Texts {
            input: fill(input, &self.input, |out, given| write_messages(out, given)),
            output: fill(output, &self.output, |out, given| write_messages(out, given)),
            metadata: fill(metadata, &self.metadata, |out, given| {
                write_object(out, given, write_scalar);
            }),
            metrics: fill(metrics, &self.metrics, |out, given| {
                write_object(out, given, |out, value| out.double(*value));
            }),
            tags: fill(tags, &self.tags, |out, given| {
                write_object(out, given, |out, value| out.string(value));
            }),
        }
    }

    /// (c)
    pub(crate) fn text(&self, out: &mut JsonText) {
        out.clear();
        out.raw("{");
        let mut first = true;
        let mut key = |out: &mut JsonText, key: &str| {
            out.raw(if std::mem::replace(&mut first, false) { "" } else { "," });
            out.raw(key);
        };
        if let Some(given) = &self.input {
            key(out, "\"input\":");
            write_messages(out, given);
        }
        if let Some(given) = &self.output {
            key(out, "\"output\":");
            write_messages(out, given);
        }
        if let Some(given) = &self.metadata {
            key(out, "\"metadata\":");
            write_object(out, given, write_scalar);
        }
        if let Some(given) = &self.metrics {
            key(out, "\"metrics\":");
            write_object(out, given, |out, value| out.double(*value));
        }
        if let Some(given) = &self.tags {
            key(out, "\"tags\":");
            write_object(out, given, |out, value| out.string(value));
        }
        out.raw("}");
    }
}

fn pairs<T>(map: Map<String, Value>, read: impl Fn(Value) -> T) -> Vec<(String, T)> {
    map.into_iter().map(|(key, value)| (key, read(value))).collect()
}

fn fill<'a, T>(
    out: &'a mut JsonText,
    given: &Option<T>,
    write: impl FnOnce(&mut JsonText, &T),
) -> Option<&'a str> {
    out.clear();
    let given = given.as_ref()?;
    write(out, given);
    Some(out.as_str())
}

fn write_messages(out: &mut JsonText, given: &[OwnedMessage]) {
    out.raw("[");
    for (index, message) in given.iter().enumerate() {
        out.raw(if index == 0 { "{\"role\":" } else { ",{\"role\":" });
        out.string(&message.role);
        out.raw(",\"content\":");
        out.string(&message.content);
        out.raw("}");
    }
    out.raw("]");
}

fn write_object<T>(out: &mut JsonText, given: &[(String, T)], write: impl Fn(&mut JsonText, &T)) {
    out.raw("{");
    for (index, (key, value)) in given.iter().enumerate() {
        out.key(index == 0, key);
        write(out, value);
    }
    out.raw("}");
}

fn write_scalar(out: &mut JsonText, scalar: &Scalar) {
    match scalar {
        Scalar::Text(text) => out.string(text),
        Scalar::Integer(value) => out.integer(*value),
        Scalar::Double(value) => out.double(*value),
        Scalar::Bool(flag) => out.raw(if *flag { "true" } else { "false" }),
    }
}
