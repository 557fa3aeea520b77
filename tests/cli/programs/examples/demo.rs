//! A traced program without any host of ours: it starts, annotates and finishes spans, polls, and
//! prints what it would send. Composed with the component, `wasmtime run` runs it.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs)]

use std::io::Write;
use witspan_cli_programs::{delivery, setup, tracing, types};

struct Demo;

impl wasip2::exports::cli::run::Guest for Demo {
    fn run() -> Result<(), ()> {
        let mut out = wasip2::cli::stdout::get_stdout();
        demonstrate(&mut out).map_err(|error| {
            let _ = writeln!(wasip2::cli::stderr::get_stderr(), "{error:?}");
        })
    }
}

fn demonstrate(out: &mut impl Write) -> anyhow::Result<()> {
    use tracing::{Parent, SpanOption};
    use types::SpanKind;

    let plan = setup::make_plan(
        r#"{
            "language": "wasm",
            "options": {"ml_app": "wasmtime-demo", "env": "demo", "agentless_enabled": "true"},
            "secrets": {"DD_API_KEY": true}
        }"#,
    )?;
    let plan: serde_json::Value = serde_json::from_str(&plan)?;
    tracing::configure(&plan["settings"].to_string())?;

    let answer =
        tracing::start_span(SpanKind::Workflow, &Parent::Root, Some("answer"), None, None)?;
    let model =
        [SpanOption::ModelName("gpt-4o".into()), SpanOption::ModelProvider("openai".into())];
    let parent = Parent::Current(answer);
    let call = tracing::start_span(SpanKind::Llm, &parent, Some("chat"), Some(&model), None)?;
    let ids = tracing::export_span(call)?;
    writeln!(out, "started    llm span {} in trace {}", ids.span_id, ids.trace_id)?;

    let annotation = r#"{
        "input": "What is a component?",
        "output": {"role": "assistant", "content": "A module with a contract."},
        "metrics": {"input_tokens": 5, "output_tokens": 7},
        "tags": {"engine": "wasmtime"}
    }"#;
    let warnings = tracing::annotate(call, annotation)?;
    writeln!(out, "annotated  input, output, metrics, tags; {} warnings", warnings.len())?;

    tracing::finish(call, None, None, None)?;
    tracing::finish(answer, None, None, None)?;
    writeln!(out, "finished   2 spans")?;

    while let delivery::Action::Send(request) = delivery::poll(delivery::PollMode::Everything) {
        let body: serde_json::Value = serde_json::from_slice(&request.body)?;
        writeln!(out, "to send    POST {}\n{body:#}", request.url)?;
        let accepted = delivery::Response { status: 202, headers: Vec::new() };
        delivery::complete(request.id, &delivery::Outcome::Response(accepted))?;
    }
    writeln!(out, "delivered  {} spans, had it been sent", delivery::statistics().delivered)?;
    Ok(out.flush()?)
}

wasip2::cli::command::export!(Demo);
