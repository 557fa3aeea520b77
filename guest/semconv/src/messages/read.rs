//! Messages from the conventions' form, and from those of other libraries and of clients.

use serde_json::{Map, Value, json};

use super::media::media;
use super::{AUDIO, TEXT, TOOL_CALL, TOOL_CALL_RESPONSE};
use crate::values::{as_text, list, parsed, without_nulls};

/// One message in Datadog's shape; `role` is for one that names none. Known shapes: `{role, parts:
/// [{type, …}]}` of the conventions, `{role, content}` of most clients, and `{message: {…}}` of
/// OpenInference.
#[must_use]
pub fn read(value: &Value, role: &str) -> Value {
    let inner = &value["message"];
    let value = if inner.is_object() { inner } else { value };
    let mut out = Draft::default();
    if let Some(text) = value.as_str() {
        out.text(text);
    }
    for part in value["parts"].as_array().into_iter().flatten() {
        out.part(part);
    }
    match &parts_in(&value["content"]) {
        Value::Null => {}
        Value::Array(parts) => parts.iter().for_each(|part| out.part(part)),
        content => out.text(&as_text(content)),
    }
    for each in value["contents"].as_array().into_iter().flatten() {
        let content = &each["message_content"];
        match &content["text"] {
            Value::Null => out.part(content),
            text => out.text(&as_text(text)),
        }
    }
    // A choice of a completion, as OpenInference has it and its prompt.
    for text in ["/prompt/text", "/completion/text"].iter().filter_map(|at| value.pointer(at)) {
        out.text(&as_text(text));
    }
    if value["audio"].is_object() {
        // What OpenAI's models say aloud, beside the content.
        out.media(&json!({ "type": AUDIO, "data": value["audio"]["data"],
            "transcript": value["audio"]["transcript"] }));
    }
    for call in value["tool_calls"].as_array().into_iter().flatten() {
        let inner = &call["tool_call"];
        out.call(if inner.is_object() { inner } else { call });
    }
    let role = value["role"].as_str().unwrap_or(role);
    out.finish(role, value)
}

/// OpenLLMetry has a list of parts as its JSON text.
fn parts_in(content: &Value) -> Value {
    match parsed(content.clone()) {
        Value::Array(parts)
            if !parts.is_empty() && parts.iter().all(|part| part["type"].is_string()) =>
        {
            parts.into()
        }
        _ => content.clone(),
    }
}

/// The messages that a text holds, one or a list. Langfuse has those of a client as text.
#[must_use]
pub fn in_text(text: &str) -> Option<Vec<Value>> {
    let found = list(parsed(text.into()));
    let spoken = !found.is_empty() && found.iter().all(|each| each["role"].is_string());
    spoken.then_some(found)
}

#[derive(Default)]
struct Draft {
    content: String,
    calls: Vec<Value>,
    results: Vec<Value>,
    images: Vec<Value>,
    sounds: Vec<Value>,
}

impl Draft {
    fn text(&mut self, text: &str) {
        if !self.content.is_empty() && !text.is_empty() {
            self.content.push_str("\n\n");
        }
        self.content.push_str(text);
    }

    /// One part of a message, of the conventions or of a client.
    fn part(&mut self, part: &Value) {
        match part["type"].as_str().unwrap_or_default() {
            TEXT | "reasoning" | "thinking" | "compaction" | "refusal" | "" | "input_text"
            | "output_text" => {
                let text = ["content", "text", "thinking", "refusal"].map(|name| &part[name]);
                match text.into_iter().find(|text| text.is_string()) {
                    Some(text) => self.text(&as_text(text)),
                    None if part.is_string() => self.text(&as_text(part)),
                    // Only a type: there was a text, and the sender left it out.
                    None if part.as_object().is_some_and(|part| part.len() < 2) => {}
                    None => self.text(&part.to_string()),
                }
            }
            TOOL_CALL | "tool_use" | "server_tool_call" => self.call(part),
            TOOL_CALL_RESPONSE | "tool_result" | "server_tool_call_response" => {
                let result = ["response", "result", "content", "server_tool_call_response"];
                let result = result.iter().map(|name| &part[*name]).find(|value| !value.is_null());
                let id = [&part["id"], &part["tool_use_id"]];
                let id = id.iter().find_map(|id| id.as_str());
                self.results.push(without_nulls(json!({
                    "name": part["name"],
                    "result": result.map(as_text).unwrap_or_default(),
                    "tool_id": id,
                    "type": "tool_result",
                })));
            }
            _ if self.media(part) => {}
            _ => self.text(&part.to_string()),
        }
    }

    /// A part that may be a picture, a sound, or the like; false if it is not.
    fn media(&mut self, part: &Value) -> bool {
        let Some(found) = media(part) else { return false };
        self.images.extend(found.picture);
        self.sounds.extend(found.sound);
        if let Some(text) = found.text {
            self.text(&text);
        }
        true
    }

    fn call(&mut self, call: &Value) {
        let function = &call["function"];
        let of = |name: &str| match &function[name] {
            Value::Null => call[name].clone(),
            value => value.clone(),
        };
        let arguments = match of("arguments") {
            Value::Null => match parsed(call["input"].clone()) {
                Value::Null => call["server_tool_call"].clone(),
                value => value,
            },
            value => parsed(value),
        };
        // OpenInference marks among the contents where a call of `tool_calls` stood.
        if arguments.is_null() && of("name").is_null() {
            return;
        }
        let arguments = match arguments {
            Value::Null => json!({}),
            object @ Value::Object(_) => object,
            other => json!({ "value": other }),
        };
        self.calls.push(without_nulls(json!({
            "name": of("name"),
            "arguments": arguments,
            "tool_id": call["id"],
            "type": "function",
        })));
    }

    fn finish(mut self, role: &str, value: &Value) -> Value {
        let mut out = Map::new();
        let id = [&value["id"], &value["tool_call_id"]].into_iter().find_map(Value::as_str);
        if role == "tool" && self.results.is_empty() && id.is_some() {
            let result = std::mem::take(&mut self.content);
            self.results.push(without_nulls(json!({
                "name": value["name"], "result": result, "tool_id": id, "type": "tool_result"
            })));
        }
        out.insert("role".to_owned(), role.into());
        out.insert("content".to_owned(), self.content.into());
        for (name, several) in [
            ("tool_calls", self.calls),
            ("tool_results", self.results),
            ("image_parts", self.images),
            ("audio_parts", self.sounds),
        ] {
            if !several.is_empty() {
                out.insert(name.to_owned(), several.into());
            }
        }
        Value::Object(out)
    }
}
