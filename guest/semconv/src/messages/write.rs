//! Messages to the conventions' form.

use serde_json::{Value, json};

use super::{AUDIO, BLOB, FILE, IMAGE, TEXT, TOOL_CALL, TOOL_CALL_RESPONSE};

/// One message of Datadog's shape, in parts.
#[must_use]
pub fn write(message: &Value) -> Value {
    let mut parts = Vec::new();
    if let Some(content) = message["content"].as_str().filter(|content| !content.is_empty()) {
        parts.push(json!({ "type": TEXT, "content": content }));
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        parts.push(json!({
            "type": TOOL_CALL, "id": call["tool_id"], "name": call["name"],
            "arguments": call["arguments"]
        }));
    }
    for result in message["tool_results"].as_array().into_iter().flatten() {
        parts.push(json!({
            "type": TOOL_CALL_RESPONSE, "id": result["tool_id"], "name": result["name"],
            "response": result["result"]
        }));
    }
    for (list, modality) in [("image_parts", IMAGE), ("audio_parts", AUDIO)] {
        for part in message[list].as_array().into_iter().flatten() {
            let (kind, place) = match &part["content"] {
                Value::Null => (FILE, ("file_id", &part["attachment_key"])),
                content => (BLOB, ("content", content)),
            };
            parts.push(json!({
                "type": kind, "modality": modality, "mime_type": part["mime_type"], place.0: place.1
            }));
        }
    }
    json!({ "role": message["role"], "parts": parts })
}
