//! What all spans of a core share, and the bounds of its memory.

use crate::error::{Error, refused};
use witspan_setup::Limits;

/// How bodies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntakeFormat {
    /// The documented HTTP API.
    PublicApi,
    /// What Datadog's own SDKs send.
    SdkIntake,
}

/// By which way requests leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// To the intake itself.
    Direct,
    /// Through an agent's EVP proxy.
    Agent,
}

/// Where spans go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    /// How bodies are written.
    pub format: IntakeFormat,
    /// By which way requests leave.
    pub route: Route,
}

/// Which traces are marked as sampled; see `wit/types.wit`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// The share of traces, from 0 to 1.
    pub rate: f64,
    /// Rules as JSON text, or empty.
    pub rules: String,
    /// Whether spans of traces that are not sampled are dropped.
    pub drop: bool,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling { rate: 1.0, rules: String::new(), drop: false }
    }
}

/// What every span of a core shares; see `wit/types.wit` for each.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The ML app; not empty.
    pub ml_app: String,
    /// The service; empty for none.
    pub service: String,
    /// The environment; empty for none.
    pub env: String,
    /// The version of the application; empty for none.
    pub version: String,
    /// Tags for every span.
    pub tags: Vec<(String, String)>,
    /// The application's programming language; empty for none.
    pub language: String,
    /// Where spans go; `None` while it is not known.
    pub destination: Option<Destination>,
    /// Bounds.
    pub limits: Limits,
    /// Which traces are sampled.
    pub sampling: Sampling,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            ml_app: "unnamed-ml-app".to_owned(),
            service: String::new(),
            env: String::new(),
            version: String::new(),
            tags: Vec::new(),
            language: String::new(),
            destination: Some(Destination {
                format: IntakeFormat::PublicApi,
                route: Route::Direct,
            }),
            limits: Limits::default(),
            sampling: Sampling::default(),
        }
    }
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.ml_app.is_empty() {
            return Err(refused(&"ml-app", "empty", "the name of the application").into());
        }
        let limits = &self.limits;
        for (field, value) in [
            ("limits.batch-spans", u64::from(limits.batch_spans)),
            ("limits.batch-bytes", u64::from(limits.batch_bytes)),
            ("limits.queue-bytes", u64::from(limits.queue_bytes)),
            ("limits.open-bytes", u64::from(limits.open_bytes)),
            ("limits.event-bytes", u64::from(limits.event_bytes)),
            ("limits.attempts", u64::from(limits.attempts)),
        ] {
            if value == 0 {
                return Err(refused(&field, "0", "at least 1").into());
            }
        }
        Ok(())
    }
}
