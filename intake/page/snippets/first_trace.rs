//! A first trace.

use std::time::Duration;

use serde_json::json;
use witspan::{Config, SpanKind, Tracer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tracer = Tracer::start(Config::from_env())?;
    let answer = tracer.span(SpanKind::Workflow).name("answer").start()?;
    let call = answer.child(SpanKind::Llm).model("gpt-4o", "openai").start()?;
    call.annotate(&json!({
        "input": "Why is the sky blue?",
        "output": "Rayleigh scattering.",
        "metrics": {"input_tokens": 6, "output_tokens": 4},
    }))?;
    call.finish();
    answer.finish();
    tracer.shutdown(Duration::from_secs(2));
    Ok(())
}
