//! The list of sessions, newest first, and one session with its traces in order.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde::Serialize;
use serde_json::value::RawValue;

use super::columns::{ms, ns};
use super::evaluations::{EvaluationPage, Evaluations, of_session};
use super::summary::Summary;
use super::trace;

/// The most traces of a session that are returned, which are the newest.
const TRACES: i64 = 500;
/// The bytes of inputs and outputs after which further turns have none.
const CONTENT: usize = 32 * 1024 * 1024;

/// Conditions for the list of sessions.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionFilter {
    pub(crate) app: Option<String>,
    /// A part of the session's id or preview.
    pub(crate) text: Option<String>,
    /// Limits of the start of its last trace, in ms since the Unix epoch.
    pub(crate) from: Option<f64>,
    pub(crate) to: Option<f64>,
    pub(crate) before: Option<String>,
    pub(crate) limit: usize,
}

/// One session of the list.
#[derive(Serialize)]
pub(crate) struct SessionSummary {
    session: String,
    app: String,
    traces: i64,
    errors: i64,
    first_ms: f64,
    last_ms: f64,
    total_tokens: f64,
    cost: f64,
    preview: String,
    #[serde(skip)]
    last: i64,
}

/// A page of the list of sessions.
#[derive(Serialize)]
pub(crate) struct SessionPage {
    sessions: Vec<SessionSummary>,
    next: Option<String>,
}

/// A session as a conversation.
#[derive(Serialize)]
pub(crate) struct Session {
    session: SessionSummary,
    traces: Vec<Turn>,
    /// The newest evaluations.
    #[serde(flatten)]
    evaluations: Evaluations,
}

/// A trace, with the input and output of its root span.
#[derive(Serialize)]
struct Turn {
    #[serde(flatten)]
    trace: Summary,
    input: Option<Box<RawValue>>,
    output: Option<Box<RawValue>>,
    /// Input and output are omitted, because earlier turns used up `CONTENT`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lean: bool,
}

const COLUMNS: &str = "session, app, last, traces, errors, total_tokens, cost, preview,
    (SELECT min(start) FROM traces WHERE traces.session = sessions.session) AS first";

fn from_row(row: &Row<'_>) -> rusqlite::Result<SessionSummary> {
    let last: i64 = row.get("last")?;
    Ok(SessionSummary {
        session: row.get("session")?,
        app: row.get("app")?,
        traces: row.get("traces")?,
        errors: row.get("errors")?,
        first_ms: ms(row.get::<_, Option<i64>>("first")?.unwrap_or(last)),
        last_ms: ms(last),
        total_tokens: row.get("total_tokens")?,
        cost: row.get("cost")?,
        preview: row.get("preview")?,
        last,
    })
}

/// A page of the sessions that match the filter.
pub(crate) fn sessions(
    connection: &Connection,
    filter: &SessionFilter,
) -> rusqlite::Result<SessionPage> {
    let before = filter.before.as_deref().and_then(|cursor| {
        let (last, session) = cursor.split_once('.')?;
        Some((last.parse::<i64>().ok()?, session))
    });
    let text = filter.text.as_deref().filter(|text| !text.trim().is_empty());
    let sql = format!(
        "SELECT {COLUMNS} FROM sessions
         WHERE (:app IS NULL OR app = :app) AND last >= :from AND last < :to
             AND (last, session) < (:last, :session)
             AND (:text IS NULL OR instr(lower(session), lower(:text))
                 OR instr(lower(preview), lower(:text)))
         ORDER BY last DESC, session DESC LIMIT :limit"
    );
    let (last, session) = before.unwrap_or((i64::MAX, ""));
    let found = connection
        .prepare_cached(&sql)?
        .query_map(
            named_params! {
                ":app": filter.app,
                ":from": filter.from.map_or(i64::MIN, ns),
                ":to": filter.to.map_or(i64::MAX, ns),
                ":last": last,
                ":session": session,
                ":text": text,
                ":limit": filter.limit as i64 + 1,
            },
            from_row,
        )?
        .collect::<Result<Vec<_>, _>>()?;
    let more = found.len() > filter.limit;
    let sessions: Vec<_> = found.into_iter().take(filter.limit).collect();
    let next =
        sessions.last().filter(|_| more).map(|last| format!("{}.{}", last.last, last.session));
    Ok(SessionPage { sessions, next })
}

/// One session.
pub(crate) fn session(connection: &Connection, id: &str) -> rusqlite::Result<Option<Session>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE session = ?1");
    let summary = connection.prepare_cached(&sql)?.query_row([id], from_row).optional()?;
    let Some(summary) = summary else { return Ok(None) };
    let mut newest: Vec<Summary> = connection
        .prepare_cached(
            "SELECT * FROM traces WHERE session = ?1 ORDER BY start DESC, id DESC LIMIT ?2",
        )?
        .query_map(params![id, TRACES], Summary::from_row)?
        .collect::<Result<_, _>>()?;
    newest.reverse();
    let mut traces = Vec::with_capacity(newest.len());
    let mut content = 0;
    for trace in newest {
        let lean = content > CONTENT;
        let root = if lean { None } else { trace::root(connection, &trace)? };
        let (input, output) = root.map_or((None, None), trace::WholeSpan::into_content);
        content += [&input, &output].into_iter().flatten().map(|it| it.get().len()).sum::<usize>();
        traces.push(Turn { trace: trace.with_evaluations(connection)?, input, output, lean });
    }
    let evaluations = of_session(connection, id, &EvaluationPage::first())?;
    Ok(Some(Session { session: summary, traces, evaluations }))
}

/// A page of the evaluations of a session.
pub(crate) fn session_evaluations(
    connection: &Connection,
    id: &str,
    page: &EvaluationPage,
) -> rusqlite::Result<Option<Evaluations>> {
    let known =
        connection.prepare_cached("SELECT 1 FROM sessions WHERE session = ?1")?.exists([id])?;
    known.then(|| of_session(connection, id, page)).transpose()
}
