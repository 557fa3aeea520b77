//! The model back to wire formats: for `--forward` to a receiver of another kind, and `export`.
//!
//! One file for each format. `event` is what the two formats of Datadog share.

mod event;
mod otlp;
mod public;
mod sdk;

pub(crate) use otlp::otlp;
pub(crate) use public::public;
pub(crate) use sdk::sdk_body;

use serde_json::Value;

/// Whole numbers as integers, which some receivers ask for.
fn number(value: f64) -> Value {
    // Up to here every whole number has a double of its own.
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        (value as i64).into()
    } else {
        value.into()
    }
}
