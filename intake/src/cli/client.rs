//! The HTTP client of a running intake.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use witspan_setup::{INTAKE_DEFAULT, INTAKE_TOKEN, INTAKE_URL, parse_origin};
use witspan_text::{Secrets, Url};

use crate::store::read;

/// How long an answer may take; queries over all traces take the longest.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most of one answer that is read.
const LONGEST: u64 = 512 << 20;
/// The most characters of an error answer that are printed.
const EXCERPT: usize = 600;

/// Which intake is asked.
#[derive(Args)]
pub(crate) struct At {
    /// The address of the running intake
    #[arg(
        long,
        value_name = "URL",
        env = INTAKE_URL,
        hide_env_values = true,
        default_value = INTAKE_DEFAULT
    )]
    intake: String,
    /// The token it was started with, if any
    #[arg(long, env = INTAKE_TOKEN, hide_env_values = true)]
    token: Option<String>,
}

/// Filters of traces; a trace must match all of those that are given.
#[derive(Args, Default)]
pub(crate) struct Filters {
    /// Only traces of this ML app
    #[arg(long)]
    app: Option<String>,
    /// Only traces of this session
    #[arg(long)]
    session: Option<String>,
    /// Only traces with a root of this kind
    #[arg(long)]
    kind: Option<String>,
    /// Only traces with this status: `ok` or `error`
    #[arg(long, value_parser = ["ok", "error"])]
    status: Option<String>,
    /// Only traces with a span of this model
    #[arg(long)]
    model: Option<String>,
    /// Only traces with a span that has this tag, `key:value`; may be given more than once
    #[arg(long)]
    tag: Vec<String>,
    /// Only traces with a span that contains these words
    #[arg(long, short)]
    query: Option<String>,
}

impl Filters {
    /// As parts of a query string.
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        let single = [
            ("app", &self.app),
            ("session", &self.session),
            ("kind", &self.kind),
            ("status", &self.status),
            ("model", &self.model),
            ("q", &self.query),
        ];
        let single = single.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        single.chain(self.tag.iter().map(|tag| ("tag", tag.as_str()))).collect()
    }

    /// The same for the database.
    pub(crate) fn filter(&self) -> read::Filter {
        read::Filter {
            app: self.app.clone(),
            session: self.session.clone(),
            kind: self.kind.clone(),
            failed: self.status.as_deref().map(|status| status == "error"),
            tags: self.tag.clone(),
            model: self.model.clone(),
            text: self.query.clone(),
            ..read::Filter::default()
        }
    }

    /// Whether a trace matches, as far as its summary shows.
    pub(crate) fn take(&self, summary: &Value) -> bool {
        let same = |wanted: &Option<String>, name: &str| {
            wanted.as_deref().is_none_or(|wanted| summary[name] == wanted)
        };
        let models = summary["models"].as_array();
        let model = self.model.as_deref().is_none_or(|wanted| {
            models.is_some_and(|models| models.iter().any(|model| model == wanted))
        });
        same(&self.app, "app")
            && same(&self.session, "session")
            && same(&self.kind, "kind")
            && same(&self.status, "status")
            && model
    }
}

/// A client of one intake.
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
    /// Secrets to remove from errors and answers that repeat them.
    secrets: Secrets,
}

impl Client {
    /// Nothing is asked yet.
    pub(crate) fn new(at: &At) -> Self {
        let base = at.intake.trim_end_matches('/').to_owned();
        let token = at.token.clone().filter(|token| !token.is_empty());
        let mut secrets = Secrets::default();
        secrets.add_url(&base);
        secrets.add(token.as_deref().unwrap_or_default(), "(the token)");
        Self { agent: agent(PATIENCE), base, token, secrets }
    }

    /// The address that is asked, for a person.
    pub(crate) fn shown(&self) -> Url<&str> {
        Url(&self.base)
    }

    /// The JSON at `path`; `None` where there is nothing.
    pub(crate) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<Value>, String> {
        let mut response = self.ask(&self.agent, path, query)?;
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(LONGEST).read_to_string();
        let text =
            text.map_err(|error| self.failed("the intake's answer ended too early", &error))?;
        match status {
            404 => Ok(None),
            200 => serde_json::from_str(&text).map(Some).map_err(|error| {
                format!(
                    "the program that answers at {} is not a witspan intake: {error}",
                    self.shown()
                )
            }),
            401 | 403 => Err(format!(
                "the intake at {} rejects the token: pass the one it was started with (--token or \
                 {INTAKE_TOKEN})",
                self.shown()
            )),
            other => {
                let said: String = self.secrets.hide(&text).trim().chars().take(EXCERPT).collect();
                Err(format!("the intake at {} answers {other}: {said}", self.shown()))
            }
        }
    }

    /// The lines of a stream at `path`, as long as it lasts.
    pub(crate) fn lines(&self, path: &str) -> Result<impl Iterator<Item = String> + use<>, String> {
        // A stream lasts for any time, so there is no limit; the intake sends a comment every 15 s.
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_connect(Some(PATIENCE))
            .build()
            .into();
        let response = self.ask(&agent, path, &[])?;
        if response.status() != 200 {
            return Err(format!("the intake at {} answers {}", self.shown(), response.status()));
        }
        let reader = BufReader::new(response.into_body().into_reader());
        Ok(reader.lines().map_while(Result::ok))
    }

    fn ask(
        &self,
        agent: &ureq::Agent,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<ureq::http::Response<ureq::Body>, String> {
        self.check()?;
        let mut url = format!("{}{path}", self.base);
        if !query.is_empty() {
            let mut text = form_urlencoded::Serializer::new(String::new());
            url = format!("{url}?{}", text.extend_pairs(query).finish());
        }
        let mut request = agent.get(url);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        request.call().map_err(|error| {
            format!(
                "no intake answers at {} ({}): start one with `witspan intake`, or name it with \
                 --intake",
                self.shown(),
                self.secrets.hide(&error.to_string())
            )
        })
    }

    /// Rejects an unusable address before any request is sent.
    fn check(&self) -> Result<(), String> {
        let why = match parse_origin(&self.base) {
            Err(why) => why,
            Ok(())
                if self
                    .base
                    .get(..5)
                    .is_some_and(|scheme| scheme.eq_ignore_ascii_case("unix:")) =>
            {
                "names a unix socket"
            }
            Ok(()) => return Ok(()),
        };
        Err(format!(
            "the intake's address (--intake or {INTAKE_URL}) is `{}`, which {why}; accepted: a URL that \
             begins with http:// or https://",
            self.shown()
        ))
    }

    fn failed(&self, what: &str, error: &ureq::Error) -> String {
        format!("{what}: {}", self.secrets.hide(&error.to_string()))
    }
}

/// A client for loopback and for addresses that the user names: it uses no proxy, and any status is an answer.
pub(crate) fn agent(patience: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(patience))
        .build()
        .into()
}
