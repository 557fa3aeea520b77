//! The core of witspan: everything that must be the same in every language.
//!
//! A [`Core`] takes spans, checks and encodes their annotations, keeps them in a bounded queue and
//! hands out HTTP requests as data. It does no I/O and reads clocks and entropy only through a
//! [`Platform`]. The contract, with every unit and misuse, is `wit/`; the types here have the same
//! names. [`component`] is the glue that exports a `Core` as that component.
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]
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

mod annotation;
mod batch;
#[cfg(target_arch = "wasm32")]
mod component;
mod core;
mod encode;
mod error;
mod evaluation;
mod ids;
mod limits;
mod platform;
mod request;
mod retry;
mod sampling;
mod span;
mod statistics;

pub use crate::annotation::text_of;
pub use crate::core::{
    Core, Event, Finished, Parent, Processed, Recorded, Returned, SpanContext, SpanInfo,
    SpanOption, SpanTimes, Submitted,
};
pub use crate::error::{Error, InvalidArgument, SpanError, Warning};
pub use crate::ids::Handle;
pub use crate::platform::Platform;
pub use crate::request::{Action, Disposition, Outcome, PollMode, Request, Response};
pub use crate::span::{Failure, SpanKind};
pub use crate::statistics::{EvaluationCounters, Statistics};
pub use witspan_propagation::Header;
pub use witspan_setup::{
    Credential, DropReason, Endpoint, Format, Limits, Sampling, Settings, Target,
};
