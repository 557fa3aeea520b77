//! OpenTelemetry's semantic conventions for generative AI: one table for reading and for writing.
//!
//! [`kinds`], [`metrics`], [`attributes`] and [`events`] hold the names; [`messages`], [`documents`] and
//! [`tools`] the shapes. A name is here once, with both directions beside each other, so that what is
//! written is read back as what it was.
//!
//! Sources: the conventions (1.37 and later, and the older content events), OpenInference, OpenLLMetry,
//! Langfuse; and Datadog's page on its OpenTelemetry intake for what becomes of each. Nothing here does
//! I/O, and all of it builds for WebAssembly.
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

pub mod attributes;
pub mod documents;
pub mod events;
pub mod kinds;
pub mod messages;
pub mod metrics;
pub mod tools;
mod values;

pub use values::{as_text, list, parsed};

/// One value of a span: the attribute it is written to, and those it is read from.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// The name in the conventions or, where they have none, in a library that has one.
    pub written: &'static str,
    /// The first of these that a span has is taken. `written` is one of them.
    pub read: &'static [&'static str],
}
