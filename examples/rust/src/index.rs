//! Search by meaning: embeds passages once, then finds those nearest to a query.

use crate::documents::Passage;
use crate::endpoint::Endpoint;
use crate::manifest::made;
use crate::steps::{note, within};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use witspan::{Span, SpanKind};

type Vector = Vec<f64>;

const PASSAGES_PER_REQUEST: usize = 256;
const NEAREST: usize = 3;

/// Passages and their vectors, in memory.
pub(crate) struct Index<'a> {
    endpoint: &'a Endpoint,
    passages: Vec<Passage>,
    vectors: Vec<Vector>,
}

impl<'a> Index<'a> {
    /// Embeds every passage.
    pub(crate) fn build(
        endpoint: &'a Endpoint,
        passages: Vec<Passage>,
        parent: &Span,
    ) -> Result<Index<'a>> {
        let mut index = Index { endpoint, passages, vectors: Vec::new() };
        let documents: Vec<Value> = index
            .passages
            .iter()
            .map(|passage| json!({"name": passage.source, "text": passage.text}))
            .collect();
        index.vectors = index.embed("embed_passages", &documents, parent, "ask")?;
        Ok(index)
    }

    /// The passages nearest to `query`, best first: `source`, `text`, `score`.
    pub(crate) fn search(&self, query: &str, parent: &Span, under: &str) -> Result<Vec<Value>> {
        let vectors = self.embed("embed_query", &[json!({"text": query})], parent, under)?;
        let vector = vectors.first().context("the query got no vector")?;
        self.nearest(query, vector, parent, under)
    }

    /// One embedding span around one or more calls of the embedding model.
    fn embed(
        &self,
        name: &str,
        documents: &[Value],
        parent: &Span,
        under: &str,
    ) -> Result<Vec<Vector>> {
        let (model, provider) = (&self.endpoint.embedding_model, self.endpoint.provider);
        let embedding = parent.child(SpanKind::Embedding).name(name).model(model, provider);
        within(embedding, |span| {
            made(span, name, "embedding", Some(under), &format!("{name} of {under}"));
            note(span, json!({"input": documents}));
            let mut vectors = Vec::new();
            let mut input_tokens = 0;
            for some in documents.chunks(PASSAGES_PER_REQUEST) {
                let texts: Vec<&Value> = some.iter().map(|each| &each["text"]).collect();
                let request = json!({"model": model, "input": texts});
                let answer = self.endpoint.ask("embeddings", &request)?;
                let data = answer["data"].as_array().context("an answer without vectors")?;
                vectors.extend(data.iter().map(|each| normal(&each["embedding"])));
                input_tokens += answer["usage"]["prompt_tokens"].as_u64().unwrap_or(0);
            }
            let size = vectors.first().map_or(0, Vec::len);
            note(
                span,
                json!({
                    "output": format!("{} vectors of {size} numbers", vectors.len()),
                    "metrics": {"input_tokens": input_tokens, "total_tokens": input_tokens},
                }),
            );
            Ok(vectors)
        })
    }

    /// The passages nearest to `vector`, with their cosine similarity.
    fn nearest(
        &self,
        query: &str,
        vector: &Vector,
        parent: &Span,
        under: &str,
    ) -> Result<Vec<Value>> {
        within(parent.child(SpanKind::Retrieval).name("nearest"), |span| {
            made(span, "nearest", "retrieval", Some(under), &format!("nearest of {under}"));
            let mut scored: Vec<(f64, &Passage)> = self
                .vectors
                .iter()
                .map(|other| vector.iter().zip(other).map(|(a, b)| a * b).sum::<f64>())
                // Rounded before they are compared: equal scores keep the order of the documents.
                .map(|score| (score * 1e4).round() / 1e4)
                .zip(&self.passages)
                .collect();
            scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
            scored.truncate(NEAREST);
            let documents: Vec<Value> = scored
                .iter()
                .map(|(score, it)| json!({"name": it.source, "text": it.text, "score": score}))
                .collect();
            // The query is the input a reader wants to see; the vector says nothing.
            note(
                span,
                json!({
                    "input": query,
                    "output": documents,
                    "metadata": {"searched": self.vectors.len(), "count": NEAREST},
                }),
            );
            let found = scored.iter().map(|(score, it)| {
                // By name: a model reads the same text whatever order serde_json keeps.
                json!({"score": score, "source": it.source, "text": it.text})
            });
            Ok(found.collect())
        })
    }
}

/// The vector in an answer, with length 1, so that a dot product is the cosine.
fn normal(embedding: &Value) -> Vector {
    let numbers = embedding.as_array().map_or(&[][..], Vec::as_slice);
    let mut vector: Vector = numbers.iter().filter_map(Value::as_f64).collect();
    let length = vector.iter().map(|each| each * each).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|each| *each /= length);
    }
    vector
}
