//! Answers a question about this repository from its own documents, and traces how.
//!
//!     cargo run --release -p witspan-example -- "How does a span find its parent?"
//!
//! It is the agent of `examples/python`, in Rust: one run is one trace, and the same trace. Where
//! it goes is configured by the DD_* environment; see the README.

mod documents;
mod endpoint;
mod index;
mod librarian;
mod manifest;
mod steps;
mod tools;

use anyhow::{Context, Result, bail};
use endpoint::Endpoint;
use index::Index;
use librarian::Librarian;
use manifest::made;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use steps::{note, within};
use tools::Tools;
use witspan::{Config, Span, SpanKind, Tracer};

const QUESTION: &str = "How does a span find its parent, and why can it be dropped?";

fn main() -> Result<()> {
    let (question, session) = arguments()?;
    let tracer = Tracer::start(Config::from_env())?;
    let answered = ask(&tracer, &question, &session);
    println!();
    // Also after an error: the trace that shows it is on its way, and is waited for.
    let sent = tracer.shutdown(Duration::from_secs(10));
    eprintln!("spans: {} delivered, {} dropped", sent.delivered, sent.dropped);
    manifest::write()?;
    answered
}

/// Reads, searches, answers: the root of the trace.
fn ask(tracer: &Tracer, question: &str, session: &str) -> Result<()> {
    // This file is in examples/rust/src of the repository.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let endpoint = Endpoint::connect(&root)?;
    let ask = tracer.span(SpanKind::Workflow).name("ask").session_id(session);
    within(ask, |ask| {
        made(ask, "ask", "workflow", None, "ask");
        note(
            ask,
            json!({
                "input": question,
                "metadata": {"chat_model": endpoint.chat_model},
                "tags": {"example": "docs-agent"},
            }),
        );
        let passages = documents::read(&root, ask)?;
        let index = Index::build(&endpoint, passages, ask)?;
        let librarian = Librarian { endpoint: &endpoint, tools: Tools::new(index, &root) };
        let answer = librarian.answer(question, ask)?;
        check_citations(&answer, &librarian.tools.sources(), ask)?;
        note(ask, json!({"output": answer}));
        Ok(())
    })
}

/// Which sources the answer names, and which of those it was never given.
fn check_citations(answer: &str, sources: &BTreeSet<String>, parent: &Span) -> Result<()> {
    within(parent.child(SpanKind::Task).name("check_citations"), |span| {
        made(span, "check_citations", "task", Some("ask"), "check_citations");
        let in_brackets = answer.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
        let cited: BTreeSet<&str> = in_brackets
            .map(|(source, _)| source)
            .filter(|source| !source.is_empty() && !source.contains(char::is_whitespace))
            .collect();
        let unknown: Vec<&&str> = cited.iter().filter(|each| !sources.contains(**each)).collect();
        note(
            span,
            json!({
                "input": {"answer": answer, "sources": sources},
                "output": {"cited": cited, "unknown": unknown},
            }),
        );
        Ok(())
    })
}

/// The question and the session: `[QUESTION] [--session ID]`.
fn arguments() -> Result<(String, String)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let (mut question, mut session) = (QUESTION.to_owned(), format!("docs-{:x}", now.as_millis()));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--session" => session = arguments.next().context("`--session` needs an id")?,
            _ if argument.starts_with('-') => bail!("usage: [QUESTION] [--session ID]"),
            _ => question = argument,
        }
    }
    Ok((question, session))
}
