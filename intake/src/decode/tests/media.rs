//! Pictures, sounds, films and files in messages of OpenTelemetry.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::opentelemetry::span;
use super::sdk_span;
use crate::decode::request;
use crate::encode;
use crate::endpoints::Route;

/// The one message that goes in, of these parts.
fn asked(parts: &Value) -> Value {
    let messages = json!([{ "role": "user", "parts": parts }]).to_string();
    let span =
        span(&json!({ "gen_ai.operation.name": "chat", "gen_ai.input.messages": messages }), &[]);
    let Value::Array(messages) = &span.meta["input"]["messages"] else { panic!("messages") };
    assert_eq!(messages.len(), 1);
    messages[0].clone()
}

#[test]
fn pictures_and_sounds_of_a_message_are_parts_of_it() {
    let message = asked(&json!([
        { "type": "text", "content": "What?" },
        { "type": "blob", "modality": "image", "mime_type": "image/jpeg", "content": "/9j/" },
        { "type": "blob", "modality": "image", "content": "iVBO" },
        { "type": "blob", "modality": "audio", "mime_type": null, "content": "UklG", "transcript": "Rain." },
        // Pydantic AI, which leaves the modality out where it does not know it.
        { "type": "binary", "media_type": "audio/mpeg", "content": "SUQz" },
        { "type": "uri", "modality": "image", "uri": "data:image/gif;base64,R0lG" },
    ]));
    assert_eq!(
        message,
        json!({
            "role": "user",
            "content": "What?\n\nRain.",
            "image_parts": [
                { "mime_type": "image/jpeg", "content": "/9j/" },
                { "mime_type": "image/png", "content": "iVBO" },
                { "mime_type": "image/gif", "content": "R0lG" },
            ],
            "audio_parts": [
                { "mime_type": "audio/wav", "content": "UklG" },
                { "mime_type": "audio/mpeg", "content": "SUQz" },
            ],
        })
    );
}

#[test]
fn what_lies_elsewhere_and_what_is_neither_picture_nor_sound_is_told() {
    let message = asked(&json!([
        { "type": "uri", "modality": "image", "mime_type": "image/png", "uri": "https://example.com/a.png" },
        { "type": "file", "modality": "video", "file_id": "file-1" },
        { "type": "image-url", "url": "https://example.com/b.png" },
        { "type": "blob", "modality": "video", "mime_type": "video/mp4", "content": "AAAAAAAA" },
        { "type": "blob", "modality": "image", "mime_type": "image/png" },
        { "type": "blob" },
        { "type": "text" },
    ]));
    let told = [
        "[image: image/png, https://example.com/a.png]",
        "[video: file-1]",
        "[image: https://example.com/b.png]",
        "[video: video/mp4, 6 bytes]",
        "[image: image/png]",
        "{\"type\":\"blob\"}",
    ];
    assert_eq!(message, json!({ "role": "user", "content": told.join("\n\n") }));
}

#[test]
fn parts_of_clients_are_read_as_well() {
    let content = json!([
        { "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBO" } },
        { "type": "input_image", "image_url": "https://example.com/a.png" },
        { "type": "input_audio", "input_audio": { "data": "SUQz", "format": "mp3" } },
        { "type": "image", "source": { "type": "base64", "media_type": "image/webp", "data": "UklG" } },
        { "type": "document", "source": { "type": "text", "media_type": "text/plain", "data": "A page." } },
        { "type": "file", "file": { "file_id": "file-1" } },
        { "type": "refusal", "refusal": "No." },
    ]);
    let span = span(
        &json!({
            "langfuse.observation.type": "generation",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": content.to_string(),
            "gen_ai.output.messages": json!([{ "role": "assistant", "content": null,
                "audio": { "id": "a", "data": "T2dn", "transcript": "Rain, I say." } }]).to_string(),
        }),
        &[],
    );
    assert_eq!(
        span.meta["input"]["messages"],
        json!([{
            "role": "user",
            "content": "[image: https://example.com/a.png]\n\nA page.\n\n[file: file-1]\n\nNo.",
            "image_parts": [
                { "mime_type": "image/png", "content": "iVBO" },
                { "mime_type": "image/webp", "content": "UklG" },
            ],
            "audio_parts": [{ "mime_type": "audio/mp3", "content": "SUQz" }],
        }])
    );
    assert_eq!(
        span.meta["output"]["messages"],
        json!([{
            "role": "assistant", "content": "Rain, I say.",
            "audio_parts": [{ "mime_type": "audio/wav", "content": "T2dn" }],
        }])
    );
}

#[test]
fn pictures_and_sounds_go_on_in_opentelemetry_s_form_and_come_back() {
    let messages = json!([{
        "role": "user",
        "content": "What?",
        "image_parts": [{ "mime_type": "image/png", "content": "iVBO" }],
        "audio_parts": [{ "mime_type": "audio/wav", "content": "UklG" }],
    }]);
    let event = json!({ "name": "look", "span_id": "1", "trace_id": "2", "parent_id": "undefined",
        "start_ns": 1, "duration": 2,
        "meta": { "span": { "kind": "llm" }, "input": { "messages": messages } } });
    let sent = sdk_span(&event);
    let wire = prost::Message::encode_to_vec(&encode::otlp(&[sent]));
    let back = request(Route::OtlpTraces, "application/x-protobuf", &HeaderMap::new(), &wire);
    assert_eq!(back.expect("it is taken").spans[0].meta["input"]["messages"], messages);
}
