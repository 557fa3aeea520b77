//! The drops that tracers report, and the traces that retention deleted.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::Serialize;

use crate::store::numbers::number;

/// One tracer process.
#[derive(Serialize)]
struct Client {
    client: String,
    app: Option<String>,
    language: Option<String>,
    last_ms: i64,
    spans: BTreeMap<String, i64>,
    evaluations: BTreeMap<String, i64>,
}

/// Drops by tracer and in total, and deletions by retention.
#[derive(Serialize)]
pub(crate) struct Drops {
    clients: Vec<Client>,
    totals: BTreeMap<String, i64>,
    #[serde(skip)]
    pub(crate) deleted_traces: i64,
    #[serde(skip)]
    pub(crate) deleted_spans: i64,
}

/// All drop reports, with the most recent tracer first.
pub(crate) fn drops(connection: &Connection) -> rusqlite::Result<Drops> {
    let mut clients = BTreeMap::<String, Client>::new();
    let mut totals = BTreeMap::new();
    let mut statement = connection.prepare_cached("SELECT * FROM drops")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get("client")?;
        let what: String = row.get("what")?;
        let reason: String = row.get("reason")?;
        let count: i64 = row.get("count")?;
        let client = clients.entry(name.clone()).or_insert_with(|| Client {
            client: name,
            app: None,
            language: None,
            last_ms: 0,
            spans: BTreeMap::new(),
            evaluations: BTreeMap::new(),
        });
        client.app = client.app.take().or(row.get("app")?);
        client.language = client.language.take().or(row.get("language")?);
        client.last_ms = client.last_ms.max(row.get("at_ms")?);
        let total: &mut i64 = totals.entry(reason.clone()).or_default();
        *total = total.saturating_add(count);
        if what == "spans" {
            client.spans.insert(reason, count);
        } else {
            client.evaluations.insert(reason, count);
        }
    }
    let mut clients: Vec<Client> = clients.into_values().collect();
    clients.sort_by_key(|client| -client.last_ms);
    Ok(Drops {
        clients,
        totals,
        deleted_traces: number(connection, "deleted_traces")?,
        deleted_spans: number(connection, "deleted_spans")?,
    })
}
