//! The core of witspan: everything that must be the same in every language.
//!
//! A [`Core`] takes spans, checks and encodes what is said of them, keeps them in a bounded
//! queue and hands out HTTP requests as data. It does no I/O and reads clocks and entropy only
//! through a [`Platform`]. The contract, with every unit and misuse, is `wit/`; the types here
//! have the same names. [`component`] is the glue that exports a `Core` as that component.
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
#[cfg(target_arch = "wasm32")]
mod component;
mod core;
mod delivery;
mod encode;
mod error;
mod evaluation;
mod ids;
mod notes;
mod platform;
mod processing;
mod propagation;
mod queue;
mod recording;
mod sampling;
mod sending;
mod slots;
mod span;
mod start;
mod statistics;
mod trace;

pub use crate::annotation::Warning;
pub use crate::annotation::text_of;
pub use crate::core::{Core, Finished};
pub use crate::delivery::{Action, Disposition, Outcome, PollMode, Request, Response};
pub use crate::error::{Error, InvalidArgument, SpanError};
pub use crate::evaluation::Submitted;
pub use crate::ids::{SpanContext, SpanInfo, SpanTimes};
pub use crate::platform::Platform;
pub use crate::processing::{Event, Processed, Returned};
pub use crate::recording::Recorded;
pub use crate::slots::Handle;
pub use crate::span::{Failure, SpanKind};
pub use crate::start::{Parent, SpanOption};
pub use crate::statistics::{EvaluationCounters, Statistics};
pub use witspan_json as json;
pub use witspan_propagation::Header;
pub use witspan_setup::{
    Credential, DropReason, Endpoint, Format, Limits, Sampling, Settings, Target,
};
