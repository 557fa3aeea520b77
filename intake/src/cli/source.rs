//! The sources of `show` and `export`: a running intake, or its files.

use std::path::PathBuf;

use clap::Args;
use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;

use super::client::{At, Client, Filters};
use super::show::encoded;
use crate::store::{open_to_read, read};

/// Where to look.
#[derive(Args)]
pub(crate) struct From {
    #[command(flatten)]
    at: At,
    /// Read this data directory of an intake rather than ask a running one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// An intake that is asked, or files that are read.
pub(crate) enum Source {
    Intake(Client),
    Files(Box<Connection>, String),
}

impl Source {
    /// Opens the files; an intake is not contacted yet.
    pub(crate) fn open(from: &From) -> Result<Self, String> {
        match &from.data {
            None => Ok(Self::Intake(Client::new(&from.at))),
            Some(folder) => {
                Ok(Self::Files(Box::new(open_to_read(folder)?), folder.display().to_string()))
            }
        }
    }

    /// Its name, for a person.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Intake(client) => client.shown().to_string(),
            Self::Files(_, folder) => folder.clone(),
        }
    }

    /// A trace with the page of its spans at the cursor `after`, the `next` of the previous page; `None`
    /// if there is no such trace. The spans of a `lean` page have no input, output and metadata.
    pub(crate) fn trace(
        &self,
        id: &str,
        lean: bool,
        after: Option<&str>,
    ) -> Result<Option<Value>, String> {
        match self {
            Self::Intake(client) => {
                let mut query = vec![("lean", if lean { "1" } else { "0" })];
                query.extend(after.map(|cursor| ("after", cursor)));
                client.get(&format!("/api/ui/traces/{}", encoded(id)), &query)
            }
            Self::Files(files, _) => {
                let after = after.map(str::to_owned);
                let page = read::SpanPage { after, ..read::SpanPage::first(lean) };
                answer(read::trace(files, id, &page))
            }
        }
    }

    /// The page of older evaluations of a trace at the cursor `after`, an `evaluations_next`; `None` if
    /// there is no such trace.
    pub(crate) fn evaluations(&self, id: &str, after: &str) -> Result<Option<Value>, String> {
        match self {
            Self::Intake(client) => {
                let path = format!("/api/ui/traces/{}/evaluations", encoded(id));
                client.get(&path, &[("after", after)])
            }
            Self::Files(files, _) => {
                let after = Some(after.to_owned());
                let page = read::EvaluationPage { after, ..read::EvaluationPage::first() };
                answer(read::trace_evaluations(files, id, false, &page))
            }
        }
    }

    /// A page of the list, the newest first; `before` is what the last one gave as `next`.
    pub(crate) fn traces(
        &self,
        filters: &Filters,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Value, String> {
        match self {
            Self::Intake(client) => {
                let limit = limit.to_string();
                let mut query = filters.pairs();
                query.push(("limit", &limit));
                query.extend(before.map(|cursor| ("before", cursor)));
                Ok(client.get("/api/ui/traces", &query)?.unwrap_or_default())
            }
            Self::Files(files, _) => {
                let filter =
                    read::Filter { before: before.map(str::to_owned), limit, ..filters.filter() };
                answer(read::traces(files, &filter).map(Some)).map(Option::unwrap_or_default)
            }
        }
    }
}

fn answer<T: Serialize>(found: rusqlite::Result<Option<T>>) -> Result<Option<Value>, String> {
    let found = found.map_err(|error| format!("the database query failed: {error}"))?;
    let value = found.map(|found| serde_json::to_value(found)).transpose();
    value.map_err(|error| format!("the database holds invalid JSON: {error}"))
}
