//! What every host needs before and around the core: what the environment means, where spans go,
//! and each sentence that a user reads.
//!
//! Pure functions without I/O. The component exports them as the interface `setup` (`wit/setup.wit`
//! describes each); the local intake links this crate, so that `witspan doctor` asks the same code.
//! The component builds this crate for the least size, because it runs once in a process, or once for a
//! fault. `inline(never)` keeps its functions out of the rest of the component, which is built for speed.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::todo,
        clippy::unimplemented,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::integer_division
    )
)]
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

mod address;
mod bounds;
mod credentials;
mod diagnostics;
mod environment;
mod git;
mod input;
mod losses;
mod plan;
mod program;
mod reasons;
mod recording;
mod settings;
mod tags;
mod texts;
mod values;
mod variables;
mod words;

pub use address::{Credential, CredentialForm, Endpoint, PROXY, Target, parse_origin};
pub use bounds::{
    CYCLIC, STREAM_BYTES, STREAM_ITEMS, TOO_LARGE, TOO_MANY, UNSERIALIZABLE, UNSERIALIZABLE_KEY,
    WALK_BYTES, WALK_BYTES_LEAST, WALK_BYTES_TOGETHER, WALK_DEPTH, WALK_VALUES,
};
pub use credentials::is_here;
pub use diagnostics::{Advice, Diagnostic, Event, Level, Load, diagnose};
pub use environment::{Environment, hide_proxies};
pub use input::{Folder, Input, Secret, UnusableFile};
pub use losses::{LOSS_HEADER, loss_header};
pub use plan::{Discovery, Plan, make_plan};
pub use reasons::DropReason;
pub use recording::{RecordedParent, Recording, TraceId, read_recording};
pub use settings::{Format, Limits, Route, Sampling, Settings};
pub use texts::{
    COUNTERS, EVALUATION_COUNTERS, KINDS, LIMITS, Refusal, diagnose_text, loss_header_text,
    make_plan_text, names_text, plan_text, read_settings, read_targets, settings_text,
    targets_text, variables_text,
};
pub use variables::{
    AGENT_URL, API_KEY, CERTIFICATE_FILE, COLOUR_SWITCH, DATA_HOME, INTAKE_DEFAULT, INTAKE_TOKEN,
    INTAKE_URL, OVERRIDE_ORIGIN, Reader, SITE, Secrecy, TRACING_SWITCH, VARIABLES, Variable,
    host_variable, switch, turns_off,
};
pub use words::{counted, listed};
