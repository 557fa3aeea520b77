//! The agent: lets a model choose how to look into the documents, then has it write an answer.

use crate::endpoint::Endpoint;
use crate::manifest::made;
use crate::steps::{note, within};
use crate::tools::{self, Tools};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::io::{BufRead, BufReader, Write};
use std::time::Instant;
use witspan::{Span, SpanKind};

const MAX_TURNS: usize = 4;

const INSTRUCTIONS: &str = "You answer questions about a software repository from its own \
    documents. Read a document or search first. Use only what the tools give you, and name the \
    source of each statement in square brackets, such as [README.md:12].";

/// Answers one question, and prints the answer piece by piece as it comes.
pub(crate) struct Librarian<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) tools: Tools<'a>,
}

impl Librarian<'_> {
    /// Turns of deciding and using tools until something was found, then the answer.
    pub(crate) fn answer(&self, question: &str, parent: &Span) -> Result<String> {
        within(parent.child(SpanKind::Agent).name("librarian"), |span| {
            made(span, "librarian", "agent", Some("ask"), "librarian");
            note(span, json!({"input": {"question": question}}));
            let mut messages = vec![
                json!({"role": "system", "content": INSTRUCTIONS}),
                json!({"role": "user", "content": question}),
            ];
            let mut turn = 0;
            while self.tools.sources().is_empty() && turn < MAX_TURNS {
                turn += 1;
                let reply = self.decide(&messages, turn, span)?;
                let calls = reply["tool_calls"].as_array().cloned().unwrap_or_default();
                messages.push(reply);
                if calls.is_empty() {
                    break;
                }
                messages.extend(self.tools.use_all(&calls, turn, span)?);
            }
            let answer = self.write(&messages, span)?;
            note(span, json!({"output": answer}));
            Ok(answer)
        })
    }

    /// Asks the model what to do next. Its reply is a message in OpenAI's own shape.
    fn decide(&self, messages: &[Value], turn: usize, parent: &Span) -> Result<Value> {
        let (model, provider) = (&self.endpoint.chat_model, self.endpoint.provider);
        let llm = parent.child(SpanKind::Llm).name("decide").model(model, provider);
        within(llm, |span| {
            made(span, "decide", "llm", Some("librarian"), &format!("decide {turn}"));
            // The input goes in before the call, so that a call that fails still shows it.
            note(
                span,
                json!({
                    "input": messages,
                    "metadata": {"temperature": 0, "tools": ["read_document", "search"]},
                    "tags": {"turn": turn},
                }),
            );
            let request = json!({
                "model": model, "messages": messages, "tools": tools::described(), "temperature": 0,
            });
            let mut answer = self.endpoint.ask("chat/completions", &request)?;
            let mut reply = answer["choices"][0]["message"].take();
            reply.as_object_mut().context("no message")?.retain(|_, value| !value.is_null());
            note(
                span,
                json!({
                    "output": [reply],
                    "metadata": {"finish_reason": answer["choices"][0]["finish_reason"]},
                    "metrics": tokens(&answer["usage"]),
                }),
            );
            Ok(reply)
        })
    }

    /// Has the model write the answer, streamed.
    fn write(&self, messages: &[Value], parent: &Span) -> Result<String> {
        let (model, provider) = (&self.endpoint.chat_model, self.endpoint.provider);
        let llm = parent.child(SpanKind::Llm).name("write").model(model, provider);
        within(llm, |span| {
            made(span, "write", "llm", Some("librarian"), "write");
            let metadata = json!({"temperature": 0, "stream": true});
            note(span, json!({"input": messages, "metadata": metadata}));
            let started = Instant::now();
            let mut metrics = Map::new();
            let mut text = String::new();
            let request = json!({
                "model": model, "messages": messages, "tools": tools::described(),
                "tool_choice": "none", "temperature": 0, "stream": true,
                "stream_options": {"include_usage": true},
            });
            let body = self.endpoint.post("chat/completions", &request)?;
            for line in BufReader::new(body.into_reader()).lines() {
                let line = line?;
                let Some(data) = line.strip_prefix("data: ").filter(|it| *it != "[DONE]") else {
                    continue;
                };
                let chunk: Value = serde_json::from_str(data)?;
                let piece = chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default();
                if !piece.is_empty() && text.is_empty() {
                    let seconds = started.elapsed().as_secs_f64();
                    metrics.insert("time_to_first_token".to_owned(), json!(seconds));
                }
                text += piece;
                print!("{piece}");
                std::io::stdout().flush()?;
                metrics.extend(tokens(&chunk["usage"]));
            }
            let message = json!([{"role": "assistant", "content": text}]);
            note(span, json!({"output": message, "metrics": metrics}));
            Ok(text)
        })
    }
}

/// The usage of a response, under the names that LLM Observability gives meaning to.
fn tokens(usage: &Value) -> Map<String, Value> {
    let names = [
        ("input_tokens", "prompt_tokens"),
        ("output_tokens", "completion_tokens"),
        ("total_tokens", "total_tokens"),
    ];
    let known = names.into_iter().filter(|(_, theirs)| usage[theirs].is_number());
    known.map(|(ours, theirs)| (ours.to_owned(), usage[theirs].clone())).collect()
}
