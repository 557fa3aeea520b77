//! What the agent's model may use: two tools, run side by side, each in a span.

use crate::index::Index;
use crate::manifest::made;
use crate::steps::{note, within};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use witspan::{Span, SpanKind};

const DOCUMENT_CHARACTERS: usize = 6000;

/// The tools as the chat completions API wants them.
pub(crate) fn described() -> Value {
    let tool = |name, description, parameter: &str, meaning| {
        let properties = json!({parameter: {"type": "string", "description": meaning}});
        let schema = json!({"type": "object", "properties": properties, "required": [parameter]});
        let function = json!({"name": name, "description": description, "parameters": schema});
        json!({"type": "function", "function": function})
    };
    json!([
        tool("read_document", "Reads one document.", "path", "Its path in the repository."),
        tool("search", "Finds the passages nearest in meaning.", "query", "What to look for."),
    ])
}

/// The tools, and what they gave so far.
pub(crate) struct Tools<'a> {
    index: Index<'a>,
    root: &'a Path,
    sources: Mutex<BTreeSet<String>>,
}

impl<'a> Tools<'a> {
    pub(crate) fn new(index: Index<'a>, root: &'a Path) -> Self {
        Tools { index, root, sources: Mutex::default() }
    }

    /// The sources of what the tools gave.
    pub(crate) fn sources(&self) -> BTreeSet<String> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add_sources<'s>(&self, sources: impl Iterator<Item = &'s str>) {
        let mut all = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(sources.map(str::to_owned));
    }

    /// Runs what the model asked for in one turn, all at the same time: a thread for each.
    pub(crate) fn use_all(
        &self,
        calls: &[Value],
        turn: usize,
        parent: &Span,
    ) -> Result<Vec<Value>> {
        within(parent.child(SpanKind::Workflow).name("use_tools"), |span| {
            let label = format!("use_tools {turn}");
            made(span, "use_tools", "workflow", Some("librarian"), &label);
            note(span, json!({"input": {"calls": calls}}));
            let results: Vec<Value> = std::thread::scope(|scope| {
                let label = &label;
                let start = |call| scope.spawn(move || self.use_tool(call, span, label));
                let threads: Vec<_> = calls.iter().map(start).collect();
                let panicked = |panic| std::panic::resume_unwind(panic);
                threads.into_iter().map(|it| it.join().unwrap_or_else(panicked)).collect()
            });
            note(span, json!({"output": results}));
            Ok(results)
        })
    }

    /// Runs one tool. An error becomes an answer to the model, which may choose another way.
    fn use_tool(&self, call: &Value, parent: &Span, under: &str) -> Value {
        let run = || -> Result<String> {
            let function = &call["function"];
            let arguments = function["arguments"].as_str().context("no arguments")?;
            let arguments: Value = serde_json::from_str(arguments)?;
            let text = |name| arguments[name].as_str().with_context(|| format!("no `{name}`"));
            match function["name"].as_str() {
                Some("read_document") => self.read_document(text("path")?, parent, under),
                Some("search") => self.search(text("query")?, parent, under),
                other => bail!("there is no tool `{}`", other.unwrap_or_default()),
            }
        };
        // The error has left the tool's span, which is marked with it; here it ends.
        let content = run().unwrap_or_else(|error| format!("error: {error}"));
        json!({"role": "tool", "tool_call_id": call["id"], "content": content})
    }

    /// The beginning of one document. Nothing outside the repository is read.
    fn read_document(&self, path: &str, parent: &Span, under: &str) -> Result<String> {
        within(parent.child(SpanKind::Tool).name("read_document"), |span| {
            made(span, "read_document", "tool", Some(under), &format!("read {path}"));
            note(span, json!({"input": {"path": path}}));
            let file = self.root.join(path).canonicalize();
            let file = file.ok().filter(|file| file.starts_with(self.root) && file.is_file());
            let missing = || Error::new(ErrorKind::NotFound, format!("no document `{path}`"));
            let text = std::fs::read_to_string(file.ok_or_else(missing)?)?;
            let text: String = text.chars().take(DOCUMENT_CHARACTERS).collect();
            self.add_sources([path].into_iter());
            note(span, json!({"output": text}));
            Ok(text)
        })
    }

    /// The passages nearest to `query`, as JSON.
    fn search(&self, query: &str, parent: &Span, under: &str) -> Result<String> {
        within(parent.child(SpanKind::Tool).name("search"), |span| {
            let label = format!("search {query}");
            made(span, "search", "tool", Some(under), &label);
            note(span, json!({"input": {"query": query}}));
            let found = self.index.search(query, span, &label)?;
            self.add_sources(found.iter().filter_map(|each| each["source"].as_str()));
            note(span, json!({"output": found}));
            Ok(serde_json::to_string(&found)?)
        })
    }
}
