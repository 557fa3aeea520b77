//! What attributes and events of OpenTelemetry come to, in the forms that SDKs of today and of
//! yesterday send.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::decode;
use crate::decode::request;
use crate::endpoints::Route;
use crate::model::{Refusal, Span};

/// One span with these attributes and events, as OTLP in JSON.
pub(super) fn span(attributes: &Value, events: &[(&str, Value)]) -> Span {
    let events = events.iter().map(|(name, members)| {
        json!({ "name": name, "timeUnixNano": "1", "attributes": pairs(members) })
    });
    let events: Vec<Value> = events.collect();
    let wire = json!({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "chat",
        "kind": 3, "startTimeUnixNano": "1", "endTimeUnixNano": "2", "status": {},
        "attributes": pairs(attributes), "events": events,
    });
    let body = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [wire] }] }] });
    decode(Route::OtlpTraces, &body).expect("it is taken").spans.remove(0)
}

fn pairs(members: &Value) -> Vec<Value> {
    let members = members.as_object().expect("an object");
    members.iter().map(|(key, value)| json!({ "key": key, "value": any(value) })).collect()
}

fn any(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_i64() => json!({ "intValue": number.to_string() }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::String(text) => json!({ "stringValue": text }),
        Value::Array(items) => {
            json!({ "arrayValue": { "values": items.iter().map(any).collect::<Vec<_>>() } })
        }
        Value::Object(_) => json!({ "kvlistValue": { "values": pairs(value) } }),
        other => panic!("no attribute has {other}"),
    }
}

#[test]
fn a_conversation_of_the_conventions_comes_whole() {
    let span = span(
        &json!({
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.prompt.name": "greet",
            "gen_ai.prompt.version": "3",
            // In their own form, as SDKs with maps in attributes send them.
            "gen_ai.system_instructions": [{ "type": "text", "content": "Be brief." }],
            "gen_ai.input.messages": [
                { "role": "user", "parts": [{ "type": "text", "content": "Weather?" }] },
                { "role": "assistant", "parts": [
                    { "type": "reasoning", "content": "I must look." },
                    { "type": "tool_call", "id": "c1", "name": "weather", "arguments": "{\"city\":\"Paris\"}" },
                ] },
                { "role": "tool", "parts": [{ "type": "tool_call_response", "id": "c1", "response": { "sky": "rain" } }] },
            ],
            "gen_ai.output.messages": [{ "role": "assistant", "finish_reason": "stop", "parts": [
                { "type": "server_tool_call", "id": "s1", "name": "web_search", "server_tool_call": { "type": "web_search", "query": "rain" } },
                { "type": "server_tool_call_response", "id": "s1", "server_tool_call_response": { "type": "web_search" } },
                { "type": "text", "content": "Rain." },
            ] }],
            "gen_ai.tool.definitions": [{ "type": "function", "name": "weather", "description": "Looks.",
                "parameters": { "type": "object" } }],
            "gen_ai.usage.input_tokens": 9,
            "gen_ai.usage.audio.input_tokens": 3,
            "gen_ai.usage.details.cache_read_tokens": 2,
        }),
        &[],
    );
    assert_eq!(
        span.meta["input"],
        json!({
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "Weather?" },
                { "role": "assistant", "content": "I must look.", "tool_calls": [
                    { "name": "weather", "arguments": { "city": "Paris" }, "tool_id": "c1", "type": "function" },
                ] },
                { "role": "tool", "content": "", "tool_results": [
                    { "result": "{\"sky\":\"rain\"}", "tool_id": "c1", "type": "tool_result" },
                ] },
            ],
            "prompt": { "id": "greet", "version": "3" },
        })
    );
    assert_eq!(
        span.meta["output"]["messages"],
        json!([{
            "role": "assistant", "content": "Rain.",
            "tool_calls": [{ "name": "web_search", "arguments": { "type": "web_search", "query": "rain" },
                "tool_id": "s1", "type": "function" }],
            "tool_results": [{ "result": "{\"type\":\"web_search\"}", "tool_id": "s1", "type": "tool_result" }],
        }])
    );
    assert_eq!(
        span.meta["tool_definitions"],
        json!([
            { "name": "weather", "description": "Looks.", "schema": { "type": "object" } }
        ])
    );
    assert_eq!(span.meta["metadata"], json!({ "finish_reasons": ["stop"] }));
    let metrics =
        [("input_tokens", 9.0), ("audio_input_tokens", 3.0), ("details_cache_read_tokens", 2.0)];
    assert_eq!(span.metrics, metrics.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(span.tags, Vec::<String>::new());
}

#[test]
fn the_events_of_older_conventions_are_messages() {
    let one_each = span(
        &json!({ "gen_ai.operation.name": "chat" }),
        &[
            ("gen_ai.system.message", json!({ "content": "Be brief." })),
            ("gen_ai.user.message", json!({ "content": "Weather?" })),
            (
                "gen_ai.assistant.message",
                json!({ "tool_calls": "[{\"id\": \"c1\", \"type\": \"function\", \"function\": {\"name\": \"weather\", \"arguments\": \"{}\"}}]" }),
            ),
            ("gen_ai.tool.message", json!({ "id": "c1", "content": "rain" })),
            (
                "gen_ai.choice",
                json!({ "index": 0, "finish_reason": "stop", "message": "{\"content\": \"Rain.\"}" }),
            ),
        ],
    );
    let roles: Vec<&Value> = one_each.meta["input"]["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|each| &each["role"])
        .collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);
    assert_eq!(one_each.meta["input"]["messages"][3]["tool_results"][0]["result"], "rain");
    assert_eq!(
        one_each.meta["output"]["messages"],
        json!([{ "role": "assistant", "content": "Rain." }])
    );
    assert_eq!(one_each.meta["metadata"]["finish_reasons"], json!(["stop"]));
    for events in [
        [
            (
                "gen_ai.content.prompt",
                json!({ "gen_ai.prompt": "[{\"role\": \"user\", \"content\": \"Weather?\"}]" }),
            ),
            (
                "gen_ai.content.completion",
                json!({ "gen_ai.completion": "[{\"role\": \"assistant\", \"content\": \"Rain.\"}]" }),
            ),
        ],
        [
            (
                "gen_ai.client.inference.operation.details",
                json!({ "gen_ai.input.messages": "[{\"role\": \"user\", \"parts\": [{\"type\": \"text\", \"content\": \"Weather?\"}]}]" }),
            ),
            (
                "gen_ai.client.inference.operation.details",
                json!({ "gen_ai.output.messages": "[{\"role\": \"assistant\", \"parts\": [{\"type\": \"text\", \"content\": \"Rain.\"}]}]" }),
            ),
        ],
    ] {
        let whole = span(&json!({ "gen_ai.operation.name": "chat" }), &events);
        assert_eq!(
            whole.meta["input"]["messages"],
            json!([{ "role": "user", "content": "Weather?" }])
        );
        assert_eq!(
            whole.meta["output"]["messages"],
            json!([{ "role": "assistant", "content": "Rain." }])
        );
    }
}

#[test]
fn openllmetry_s_numbered_attributes_are_messages_and_tools() {
    let span = span(
        &json!({
            "llm.request.type": "chat",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Weather?",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.finish_reason": "tool_calls",
            "gen_ai.completion.0.tool_calls.0.id": "c1",
            "gen_ai.completion.0.tool_calls.0.name": "weather",
            "gen_ai.completion.0.tool_calls.0.arguments": "{\"city\":\"Paris\"}",
            "llm.request.functions.0.name": "weather",
            "llm.request.functions.0.parameters": "{\"type\": \"object\"}",
            "traceloop.association.properties.session_id": "s-1",
            "llm.usage.total_tokens": 13,
        }),
        &[],
    );
    assert_eq!(span.kind.name(), "llm");
    assert_eq!(span.meta["input"]["messages"], json!([{ "role": "user", "content": "Weather?" }]));
    assert_eq!(
        span.meta["output"]["messages"][0]["tool_calls"],
        json!([
            { "name": "weather", "arguments": { "city": "Paris" }, "tool_id": "c1", "type": "function" }
        ])
    );
    assert_eq!(
        span.meta["tool_definitions"],
        json!([{ "name": "weather", "schema": { "type": "object" } }])
    );
    assert_eq!(span.meta["metadata"]["finish_reasons"], json!(["tool_calls"]));
    assert_eq!((span.session_id.as_deref(), span.total_tokens()), (Some("s-1"), Some(13.0)));
    assert_eq!(span.tags, Vec::<String>::new());
}

#[test]
fn openinference_s_numbered_attributes_are_messages_with_their_pictures() {
    let of = |number: u8, rest: &str| format!("llm.input_messages.{number}.message.{rest}");
    let mut attributes = json!({
        "openinference.span.kind": "LLM",
        "llm.system": "openai",
        "llm.invocation_parameters": "{\"temperature\": 0.5}",
        "input.value": "{\"the\": \"whole request\"}",
        "llm.token_count.prompt": 9,
        "llm.token_count.prompt_details.audio": 3,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "A dot.",
        "llm.finish_reason": "stop",
        "llm.tools.0.tool.json_schema": "{\"type\": \"function\", \"function\": {\"name\": \"look\"}}",
    });
    for (name, value) in [
        (of(0, "role"), "user"),
        (of(0, "contents.0.message_content.type"), "text"),
        (of(0, "contents.0.message_content.text"), "What is it?"),
        (of(0, "contents.1.message_content.type"), "image"),
        (of(0, "contents.1.message_content.image.image.url"), "data:image/png;base64,iVBO"),
        (of(0, "contents.2.message_content.type"), "audio"),
        (of(0, "contents.2.message_content.audio.audio.url"), "https://example.com/a.mp3"),
        (of(0, "contents.2.message_content.audio.audio.transcript"), "Look."),
        (of(0, "contents.3.message_content.type"), "document"),
        (of(0, "contents.3.message_content.document.document.content"), "A page."),
        (of(1, "role"), "assistant"),
        (of(1, "contents.0.message_content.type"), "tool_use"),
        (of(1, "contents.0.message_content.id"), "c1"),
        (of(1, "tool_calls.0.tool_call.id"), "c1"),
        (of(1, "tool_calls.0.tool_call.function.name"), "look"),
        (of(1, "tool_calls.0.tool_call.function.arguments"), "{}"),
        (of(2, "role"), "tool"),
        (of(2, "tool_call_id"), "c1"),
        (of(2, "content"), "a dot"),
    ] {
        attributes[name] = value.into();
    }
    let found = span(&attributes, &[]);
    assert_eq!(
        found.meta["input"]["messages"],
        json!([
            {
                "role": "user",
                "content": "What is it?\n\n[audio: https://example.com/a.mp3]\n\nLook.\n\nA page.",
                "image_parts": [{ "mime_type": "image/png", "content": "iVBO" }],
            },
            { "role": "assistant", "content": "", "tool_calls": [
                { "name": "look", "arguments": {}, "tool_id": "c1", "type": "function" },
            ] },
            { "role": "tool", "content": "", "tool_results": [
                { "result": "a dot", "tool_id": "c1", "type": "tool_result" },
            ] },
        ])
    );
    assert_eq!(
        found.meta["output"]["messages"],
        json!([{ "role": "assistant", "content": "A dot." }])
    );
    assert_eq!(found.meta["metadata"], json!({ "temperature": 0.5, "finish_reasons": ["stop"] }));
    assert_eq!(found.metric("prompt_details_audio"), Some(3.0));
    assert_eq!(found.tags, Vec::<String>::new());
    let completed = span(
        &json!({
            "openinference.span.kind": "LLM",
            "llm.prompts.0.prompt.text": "The sky is",
            "llm.choices.0.completion.text": " blue.",
        }),
        &[],
    );
    assert_eq!(completed.meta["input"]["messages"][0]["content"], "The sky is");
    assert_eq!(completed.meta["output"]["messages"][0]["content"], " blue.");
}

#[test]
fn an_agent_of_pydantic_ai_has_what_it_was_asked_and_what_it_answered() {
    let messages =
        json!([{ "role": "user", "parts": [{ "type": "text", "content": "Weather?" }] }]);
    let span = span(
        &json!({
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "helper",
            "pydantic_ai.all_messages": messages.to_string(),
            "final_result": "Rain.",
            "gen_ai.aggregated_usage.input_tokens": 18,
            "logfire.json_schema": "{\"type\":\"object\"}",
        }),
        &[],
    );
    assert_eq!(span.kind.name(), "agent");
    assert_eq!(span.meta["input"]["messages"][0]["content"], "Weather?");
    assert_eq!(span.meta["output"]["value"], "Rain.");
    assert_eq!(span.metric("input_tokens"), Some(18.0));
    assert_eq!(span.tags, ["gen_ai.agent.name:helper"]);
}

#[test]
fn what_langfuse_counts_and_notes_is_metrics_and_metadata() {
    let span = span(
        &json!({
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "gpt-4o",
            "langfuse.observation.model.parameters": "{\"temperature\": 0.5}",
            "langfuse.observation.metadata.team": "a",
            "langfuse.observation.usage_details": "{\"input\": 9, \"output\": 4, \"input_cached_tokens\": 2}",
            "langfuse.observation.cost_details": "{\"total\": 0.01}",
            "langfuse.observation.input": "[{\"role\": \"user\", \"content\": \"hi\"}]",
            "langfuse.observation.output": "{\"role\": \"assistant\", \"content\": \"hello\"}",
        }),
        &[],
    );
    assert_eq!((span.total_tokens(), span.cost()), (Some(13.0), Some(0.01)));
    assert_eq!(span.metric("input_cached_tokens"), Some(2.0));
    assert_eq!(span.meta["metadata"], json!({ "temperature": 0.5, "team": "a" }));
    assert_eq!(span.meta["input"]["messages"], json!([{ "role": "user", "content": "hi" }]));
    assert_eq!(
        span.meta["output"]["messages"],
        json!([{ "role": "assistant", "content": "hello" }])
    );
    assert_eq!(span.tags, Vec::<String>::new());
}

#[test]
fn opentelemetry_that_is_broken_or_has_no_ids_is_refused_by_its_place() {
    let body = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ "traceId": "5b8e", "spanId": "eee19b7ec3c1b174", "name": "a" }] }] }] });
    let Err(Refusal::BadRequest { pointer, .. }) = decode(Route::OtlpTraces, &body) else {
        panic!("it is refused");
    };
    assert_eq!(pointer, "/resourceSpans/0/scopeSpans/0/spans/0/traceId");
    let broken =
        request(Route::OtlpTraces, "application/x-protobuf", &HeaderMap::new(), b"\xff\xff");
    assert!(matches!(broken, Err(Refusal::BadRequest { .. })));
    let other = request(Route::OtlpTraces, "text/plain", &HeaderMap::new(), b"");
    assert!(matches!(other, Err(Refusal::Unsupported { .. })));
}
