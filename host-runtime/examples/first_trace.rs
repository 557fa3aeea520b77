//! A first trace from Rust: an agent that searches and answers.
//!
//! `cargo run --release -p witspan --example first_trace` sends it where the environment says:
//! to an agent (`DD_TRACE_AGENT_URL`), or to the intake (`DD_API_KEY`, `DD_SITE`).

use serde_json::json;
use std::time::Duration;
use witspan::{Config, Error, SpanKind, Tracer};

fn main() -> Result<(), Error> {
    let mut config = Config::from_env();
    config.set("ml_app", "first-trace");
    let tracer = Tracer::start(config)?;

    let agent = tracer.span(SpanKind::Agent).name("librarian").session_id("session-1").start()?;
    agent.annotate(&json!({"input": "What is a span?", "tags": {"team": "docs"}}))?;

    let search = agent.child(SpanKind::Retrieval).name("search").start()?;
    search.annotate(&json!({
        "input": "span",
        "output": [{"name": "ARCHITECTURE.md", "text": "A span is one step.", "score": 0.92}],
    }))?;
    search.finish();

    let call = agent.child(SpanKind::Llm).name("answer").model("gpt-4o", "openai").start()?;
    call.annotate(&json!({
        "input": [{"role": "user", "content": "What is a span?"}],
        "output": [{"role": "assistant", "content": "One step of a trace."}],
        "metadata": {"temperature": 0.2},
        "metrics": {"input_tokens": 21, "output_tokens": 6},
    }))?;
    call.finish();

    // A step that fails is marked, and the trace goes on.
    let tool = agent.child(SpanKind::Tool).name("spell_check").start()?;
    tool.fail(&std::io::Error::other("no dictionary"));

    agent.annotate(&json!({"output": "One step of a trace."}))?;
    agent.finish();

    let sent = tracer.shutdown(Duration::from_secs(2));
    println!("{} spans delivered, {} dropped", sent.delivered, sent.dropped);
    Ok(())
}
