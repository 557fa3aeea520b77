//! Documents: what a search found, and what was embedded.

use serde_json::{Value, json};

use crate::attributes::EMBEDDINGS_BELOW;
use crate::values::{as_text, parsed, without_nulls};

/// One document that was found, in the shape of Datadog: OpenInference's `{document: {…}}` or the
/// conventions' `{id, content, score}`.
#[must_use]
pub fn read(value: &Value) -> Value {
    let inner = &value["document"];
    let value = if inner.is_object() { inner } else { value };
    let text = [&value["content"], &value["text"]].into_iter().find(|text| !text.is_null());
    without_nulls(json!({
        "text": text.map(as_text).unwrap_or_default(),
        "id": Some(&value["id"]).filter(|id| !id.is_null()).map(as_text),
        "name": value["name"].as_str(),
        "score": value["score"].as_f64(),
        "metadata": Some(parsed(value["metadata"].clone())).filter(Value::is_object),
    }))
}

/// The same in the shape of the conventions.
#[must_use]
pub fn write(document: &Value) -> Value {
    json!({
        "content": document["text"], "id": document["id"], "name": document["name"],
        "score": document["score"]
    })
}

/// The text of one document that was embedded, as it is among the attributes of its number.
#[must_use]
pub fn embedded(value: &Value) -> Option<&str> {
    value["embedding"]["text"].as_str()
}

/// The attribute that holds the text of the embedded document of this number.
#[must_use]
pub fn embedded_name(number: usize) -> String {
    format!("{EMBEDDINGS_BELOW}{number}.embedding.text")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, write};

    #[test]
    fn a_document_is_read_back_as_it_was() {
        for document in [
            json!({ "text": "A page.", "id": "7", "name": "page", "score": 0.5 }),
            json!({ "text": "A page." }),
        ] {
            assert_eq!(read(&write(&document)), document);
        }
    }
}
