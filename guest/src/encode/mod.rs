//! Encodes a finished span as an intake takes it, with one encoder for each format.
//!
//! The code writes the members in canonical order. What was annotated is in wire form already and is
//! copied.

mod common;
mod cut;
mod evaluations;
mod event;
mod extra;
mod public_api;
mod sdk_intake;
mod tags;

use crate::span::Ended;
use witspan_setup::{Format, Settings};

pub(crate) use cut::{cut, cut_down, empty_the_largest, was_cut};
pub(crate) use evaluations::evaluations_envelope;
pub(crate) use event::write_processor_event;
pub(crate) use tags::{app, root_tags};

/// Appends one span, with the part of the body that belongs to this span only.
pub(crate) fn write_event(format: Format, ended: &Ended, settings: &Settings, out: &mut Vec<u8>) {
    match format {
        Format::PublicApi => public_api::write_event(ended, settings, out),
        Format::SdkIntake => sdk_intake::write_event(ended, out),
    }
}

/// What begins and ends a body.
pub(crate) fn envelope(format: Format, settings: &Settings) -> (Vec<u8>, &'static [u8]) {
    match format {
        Format::PublicApi => public_api::envelope(settings),
        Format::SdkIntake => (b"[".to_vec(), b"]"),
    }
}
