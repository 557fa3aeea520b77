//! The core itself: its state, its settings and its counters.
//!
//! Each file below adds the calls of one part of the contract, on plain Rust values. They share the
//! state; nothing outside of them sees it.

mod annotate;
mod clock;
mod delivery;
mod delivery_queue;
mod evaluations;
mod finish;
mod info;
mod processor;
mod processor_queue;
mod propagation;
mod recording;
mod start;

use crate::encode;
use crate::error::{Error, Warning};
use crate::ids::Ids;
use crate::platform::Platform;
use crate::sampling::Sampler;
use crate::span::{Annotations, App, SpanTable};
use crate::statistics::Statistics;
use clock::Anchor;
use delivery_queue::DeliveryQueue;
use processor_queue::ProcessorQueue;
use std::rc::Rc;
use witspan_json::Canonicalizer;
use witspan_setup::Settings;

pub use evaluations::Submitted;
pub use finish::Finished;
pub use info::{SpanContext, SpanInfo, SpanTimes};
pub use processor::{Event, Processed, Returned};
pub use recording::Recorded;
pub use start::{Parent, SpanOption};

/// The brain of a tracer; see `wit/` for what each call means.
pub struct Core<P> {
    platform: P,
    settings: Settings,
    configured: bool,
    sampler: Sampler,
    app: Rc<App>,
    ids: Ids,
    anchor: Anchor,
    spans: SpanTable,
    open_bytes: usize,
    canonicalizer: Canonicalizer,
    /// What an annotation is read into, before any of it is kept; its buffers are used again.
    draft: Annotations,
    delivery: DeliveryQueue,
    processor: ProcessorQueue,
    counters: Statistics,
}

impl<P: Platform> Core<P> {
    /// A core with default settings.
    pub fn new(mut platform: P) -> Self {
        let settings = Settings::default();
        let anchor = Anchor::read(&mut platform);
        let ids = Ids::new(&mut platform);
        let app = Rc::new(encode::app(&settings.ml_app, &settings));
        let (sampler, _) = Sampler::new(&settings.sampling);
        Core {
            platform,
            configured: false,
            sampler,
            app,
            ids,
            anchor,
            spans: SpanTable::default(),
            open_bytes: 0,
            canonicalizer: Canonicalizer::default(),
            draft: Annotations::default(),
            delivery: DeliveryQueue::new(&settings),
            processor: ProcessorQueue::default(),
            counters: Statistics::default(),
            settings,
        }
    }

    /// Sets what all spans share; once, before the first span.
    pub fn configure(&mut self, settings: Settings) -> Result<Vec<Warning>, Error> {
        if self.configured || self.counters.accepted > 0 {
            return Err(Error::AlreadyConfigured);
        }
        settings.check()?;
        let (sampler, warnings) = Sampler::new(&settings.sampling);
        self.configured = true;
        self.app = Rc::new(encode::app(&settings.ml_app, &settings));
        self.delivery = DeliveryQueue::new(&settings);
        self.sampler = sampler;
        self.settings = settings;
        self.counters.warnings += warnings.len() as u64;
        Ok(warnings)
    }

    /// The monotonic clock: as the host read it, else as it reads now.
    fn now(&mut self, given: Option<u64>) -> u64 {
        given.unwrap_or_else(|| self.platform.monotonic_ns())
    }

    /// The counters.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            open: self.spans.open() as u64,
            bytes: (self.open_bytes + self.queue_bytes()) as u64,
            ..self.counters.clone()
        }
    }
}
