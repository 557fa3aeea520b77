//! Injected headers as fields, with every id in the form that events have it in.
//!
//! `x-datadog-trace-id` and `tid` are halves of the trace id in `traceparent`; where they are, they
//! are said to be, so that only that one id is compared.

use crate::fields::Fields;
use serde_json::Value;
use witspan_conformance::Headers;

/// The fields of headers: lists are taken apart, and each of their members is a field.
pub(crate) fn fields_of_headers(headers: &Headers) -> Fields {
    let mut fields = Fields::new();
    let mut put = |path: String, text: &str| fields.insert(path, Value::from(text));
    for (name, value) in headers {
        match name.as_str() {
            "traceparent" => {
                let parts = ["version", "trace-id", "parent-id", "flags"];
                for (part, text) in parts.iter().zip(value.split('-')) {
                    put(format!("traceparent/{part}"), text);
                }
            }
            "x-datadog-tags" => pairs(value, ',', '=', |key, text| {
                put(format!("x-datadog-tags/{key}"), text);
            }),
            "tracestate" => pairs(value, ',', '=', |vendor, list| {
                pairs(list, ';', ':', |key, text| {
                    put(format!("tracestate/{vendor}/{key}"), text);
                });
            }),
            _ => {
                put(name.clone(), value);
            }
        }
    }
    let trace = fields.get("traceparent/trace-id").and_then(Value::as_str).unwrap_or("").to_owned();
    let (high, low) = trace.split_at_checked(16).unwrap_or_default();
    for (path, value) in &mut fields {
        let Some(text) = value.as_str() else { continue };
        let name = path.rsplit(['/', '.']).next().unwrap_or_default();
        let read = match (path.as_str(), name) {
            ("x-datadog-trace-id", _) if decimal(low).as_deref() == Some(text) => {
                Some("the low half of traceparent's".to_owned())
            }
            (_, "tid") if text == high => Some("the high half of traceparent's".to_owned()),
            ("traceparent/parent-id", _) | ("tracestate/dd/p", _) => decimal(text),
            (_, "llmobs_trace_id") => hexadecimal(text),
            _ => None,
        };
        if let Some(read) = read {
            *value = Value::from(read);
        }
    }
    fields
}

fn pairs(list: &str, between: char, inside: char, mut each: impl FnMut(&str, &str)) {
    for pair in list.split(between) {
        let (key, value) = pair.split_once(inside).unwrap_or((pair, ""));
        each(key, value);
    }
}

fn decimal(hex: &str) -> Option<String> {
    u64::from_str_radix(hex, 16).ok().map(|id| id.to_string())
}

/// A trace id of more than 64 bits in decimal, as 32 hexadecimal digits.
fn hexadecimal(decimal: &str) -> Option<String> {
    let id: u128 = decimal.parse().ok()?;
    (id > u64::MAX.into()).then(|| format!("{id:032x}"))
}
