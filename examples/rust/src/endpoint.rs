//! Where the models are: a real OpenAI-compatible endpoint, or the stand-in on loopback.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::env::var;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A client and the names to use with it.
pub(crate) struct Endpoint {
    pub(crate) chat_model: String,
    pub(crate) embedding_model: String,
    pub(crate) provider: &'static str,
    agent: ureq::Agent,
    base_url: String,
    key: String,
    /// The stand-in, which lives as long as this.
    _standin: Option<Standin>,
}

impl Endpoint {
    /// The endpoint of OPENAI_BASE_URL; without one, a stand-in.
    pub(crate) fn connect(root: &Path) -> Result<Endpoint> {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let named = |name, otherwise: &str| var(name).unwrap_or_else(|_| otherwise.to_owned());
        if let Some(base_url) = var("OPENAI_BASE_URL").ok().filter(|url| !url.is_empty()) {
            return Ok(Endpoint {
                chat_model: named("OPENAI_MODEL", "gpt-4o-mini"),
                embedding_model: named("OPENAI_EMBEDDING_MODEL", "text-embedding-3-small"),
                provider: "openai",
                agent: config.build().into(),
                base_url,
                key: named("OPENAI_API_KEY", ""),
                _standin: None,
            });
        }
        let (standin, base_url) = Standin::start(root)?;
        Ok(Endpoint {
            chat_model: "standin-chat-1".to_owned(),
            embedding_model: "standin-embed-1".to_owned(),
            provider: "standin",
            // A proxy of the environment must not get a request that is for this machine.
            agent: config.proxy(None).build().into(),
            base_url,
            key: "not-needed".to_owned(),
            _standin: Some(standin),
        })
    }

    /// Posts a request; gives the body of the answer, which may still be on its way.
    pub(crate) fn post(&self, path: &str, request: &Value) -> Result<ureq::Body> {
        let url = format!("{}/{path}", self.base_url.trim_end_matches('/'));
        let answer = self
            .agent
            .post(url)
            .header("authorization", format!("Bearer {}", self.key))
            .content_type("application/json")
            .send(request.to_string())?;
        let status = answer.status();
        let mut body = answer.into_body();
        ensure!(
            status.is_success(),
            "the model's server says {status}: {}",
            body.read_to_string()?
        );
        Ok(body)
    }

    /// Posts a request; gives the answer when it is whole.
    pub(crate) fn ask(&self, path: &str, request: &Value) -> Result<Value> {
        Ok(serde_json::from_reader(self.post(path, request)?.into_reader())?)
    }
}

/// A running `examples/python/standin_server.py`.
struct Standin(Child);

impl Standin {
    fn start(root: &Path) -> Result<(Standin, String)> {
        let python = if cfg!(windows) { "python" } else { "python3" };
        let mut child = Command::new(python)
            .arg(root.join("examples/python/standin_server.py"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the stand-in for a model needs Python; OPENAI_BASE_URL names a real one")?;
        let output = child.stdout.take();
        let standin = Standin(child);
        // It says where it is: `export OPENAI_BASE_URL=http://… OPENAI_API_KEY=none`.
        let mut line = String::new();
        output.map(|output| BufReader::new(output).read_line(&mut line)).transpose()?;
        let url = line.split_whitespace().find_map(|word| word.strip_prefix("OPENAI_BASE_URL="));
        let url = url.context("the stand-in for a model does not say where it is")?.to_owned();
        Ok((standin, url))
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        // If it has ended by itself there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
