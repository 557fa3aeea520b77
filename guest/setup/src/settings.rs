//! What all spans of an instance share, and the bounds of its memory.

use crate::address::Target;
use crate::texts::{LIMITS, Refusal};
use crate::words::counted;

/// How bodies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The documented HTTP API.
    PublicApi,
    /// What Datadog's own SDKs send.
    SdkIntake,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 2] = [Format::PublicApi, Format::SdkIntake];

    /// Its name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Format::PublicApi => "public-api",
            Format::SdkIntake => "sdk-intake",
        }
    }

    /// Its name in the variable and option that choose it.
    pub fn setting(self) -> &'static str {
        match self {
            Format::PublicApi => "public",
            Format::SdkIntake => "sdk",
        }
    }

    /// The format of this name.
    pub fn of(name: &str) -> Option<Self> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// The way that requests take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// To the intake itself, with the API key.
    Direct,
    /// Through an agent's EVP proxy, which adds the key.
    Agent,
}

/// Bounds of memory and of batches; see `wit/tracing.wit` for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Spans that make a batch full.
    pub batch_spans: u32,
    /// Bytes that make a batch full.
    pub batch_bytes: u32,
    /// Age in nanoseconds at which a batch goes.
    pub batch_age_ns: u64,
    /// Bytes of finished spans that wait.
    pub queue_bytes: u32,
    /// Bytes that open spans hold.
    pub open_bytes: u32,
    /// Bytes of one span.
    pub event_bytes: u32,
    /// How often one batch is sent at most.
    pub attempts: u32,
    /// Nanoseconds in which a batch is sent again.
    pub retry_budget_ns: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            batch_spans: 500,
            batch_bytes: 4_000_000,
            batch_age_ns: 1_000_000_000,
            queue_bytes: 32 << 20,
            open_bytes: 64 << 20,
            event_bytes: 5_000_000,
            attempts: 8,
            retry_budget_ns: 60_000_000_000,
        }
    }
}

/// Which traces are marked as sampled; see `wit/tracing.wit`.
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

/// What every span of an instance shares; see `wit/tracing.wit` for each.
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
    pub targets: Option<Vec<Target>>,
    /// Bounds.
    pub limits: Limits,
    /// Which traces are sampled.
    pub sampling: Sampling,
}

/// The default ML app.
pub(crate) const UNNAMED: &str = "unnamed-ml-app";

impl Default for Settings {
    fn default() -> Self {
        Settings {
            ml_app: UNNAMED.to_owned(),
            service: String::new(),
            env: String::new(),
            version: String::new(),
            tags: Vec::new(),
            language: String::new(),
            targets: Some(vec![Target::default()]),
            limits: Limits::default(),
            sampling: Sampling::default(),
        }
    }
}

impl Settings {
    /// Rejects settings that no instance can work with.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.ml_app.is_empty() {
            return Err(Refusal::new("ml_app", "empty", "the name of the application"));
        }
        for limit in LIMITS {
            if (limit.get)(&self.limits) < limit.least {
                let field = ["limits.", limit.name].concat();
                return Err(Refusal::new(&field, "0", "at least 1"));
            }
        }
        let count = self.targets.as_ref().map_or(1, Vec::len);
        if count != 1 {
            // Reserved: more than one, each with a queue and counters of its own.
            let is = ["a list of ", &counted(count as u64, "target")].concat();
            return Err(Refusal::new("targets", &is, "a list of 1 target"));
        }
        Ok(())
    }
}
