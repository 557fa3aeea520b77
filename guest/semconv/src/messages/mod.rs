//! Messages: roles, text, calls of tools and their results, pictures and sounds.
//!
//! The conventions have `{role, parts: [{type, …}]}`. Here a message is `{role, content, tool_calls?,
//! tool_results?, image_parts?, audio_parts?}`, as Datadog has it.

mod media;
mod read;
mod write;

pub use read::{in_text, read};
pub use write::write;

// The types of parts, as the conventions have them.
const TEXT: &str = "text";
const TOOL_CALL: &str = "tool_call";
const TOOL_CALL_RESPONSE: &str = "tool_call_response";
/// Bytes in base64.
const BLOB: &str = "blob";
/// A file that the provider holds, by its id.
const FILE: &str = "file";

// What a part holds if it is not text.
const IMAGE: &str = "image";
const AUDIO: &str = "audio";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, write};

    #[test]
    fn a_message_is_read_back_as_it_was() {
        for message in [
            json!({ "role": "user", "content": "Weather?" }),
            json!({ "role": "assistant", "content": "I look.", "tool_calls": [{
                "name": "weather", "arguments": { "city": "Paris" }, "tool_id": "c1",
                "type": "function",
            }] }),
            json!({ "role": "tool", "content": "", "tool_results": [{
                "name": "weather", "result": "rain", "tool_id": "c1", "type": "tool_result",
            }] }),
            json!({
                "role": "user", "content": "What is it?",
                "image_parts": [{ "mime_type": "image/png", "content": "iVBO" }],
                "audio_parts": [{ "mime_type": "audio/wav", "content": "UklG" }],
            }),
        ] {
            assert_eq!(read(&write(&message), "user"), message);
        }
    }
}
