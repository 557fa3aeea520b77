//! Delivery: queues what has finished, hands out requests, and takes their outcomes.

use super::Core;
use super::clock::Anchor;
use super::delivery_queue::InFlight;
use crate::batch::{Batch, Bounds, Pushed};
use crate::encode::{cut, empty_the_largest, was_cut, write_event};
use crate::error::Error;
use crate::limits::ENCODED_A_POLL;
use crate::platform::Platform;
use crate::request::{Action, Disposition, Outcome, PollMode, Request};
use crate::retry::{Attempts, judge};
use crate::span::Ended;
use witspan_propagation::Header;
use witspan_setup::{DropReason, Format, Target};

impl<P: Platform> Core<P> {
    /// Sets the targets, once they are known.
    pub fn set_targets(&mut self, targets: Vec<Target>) -> Result<(), Error> {
        if self.delivery.target.is_some() {
            return Err(Error::AlreadyConfigured);
        }
        let mut known = self.settings.clone();
        known.targets = Some(targets);
        known.check()?;
        self.delivery.adopt(&known);
        self.settings = known;
        Ok(())
    }

    /// Queues an ended span. Returns whether the worker should poll, or why the span was dropped.
    pub(super) fn enqueue(&mut self, mut ended: Ended, now: u64) -> Result<bool, DropReason> {
        match self.delivery.format() {
            Some(format) => self.encode(format, &mut ended, now),
            None => self.await_target(ended).map(|()| false),
        }
    }

    /// Keeps an ended span until the target is known.
    pub(super) fn await_target(&mut self, ended: Ended) -> Result<(), DropReason> {
        let size = ended.size();
        if self.queue_bytes() + size > self.settings.limits.queue_bytes as usize {
            return Err(DropReason::QueueFull);
        }
        self.delivery.waiting_bytes += size;
        self.delivery.waiting.push_back(ended);
        self.counters.queued += 1;
        Ok(())
    }

    /// The bounds of a queue, which shares its bytes with the other queues.
    pub(super) fn bounds(&self, own_bytes: usize) -> Bounds {
        let limits = &self.settings.limits;
        let others = self.queue_bytes() - own_bytes;
        Bounds {
            batch_spans: limits.batch_spans,
            batch_bytes: limits.batch_bytes as usize,
            queue_bytes: (limits.queue_bytes as usize).saturating_sub(others),
        }
    }

    /// Writes an ended span into the batch that grows.
    pub(super) fn encode(
        &mut self,
        format: Format,
        ended: &mut Ended,
        now: u64,
    ) -> Result<bool, DropReason> {
        let bounds = self.bounds(self.delivery.spans.bytes());
        let longest = self.settings.limits.event_bytes as usize;
        let settings = &self.settings;
        let pushed = self.delivery.spans.push(bounds, now, &mut |out| {
            let start = out.len();
            write_event(format, ended, settings, out);
            let mut rounds = 0;
            while out.len() - start > longest {
                let over = out.len() - start - longest;
                out.truncate(start);
                rounds += 1;
                if rounds <= 3 {
                    cut(ended, over);
                } else if !empty_the_largest(ended) {
                    return false;
                }
                write_event(format, ended, settings, out);
            }
            true
        });
        match pushed {
            Some(Pushed::Kept(should_poll)) => {
                self.counters.queued += 1;
                self.counters.cut += u64::from(was_cut(ended));
                Ok(should_poll)
            }
            Some(Pushed::Full) => Err(DropReason::QueueFull),
            None => Err(DropReason::TooLarge),
        }
    }

    /// What the worker should do next.
    pub fn poll(&mut self, mode: PollMode) -> Action {
        self.anchor = Anchor::read(&mut self.platform);
        let now = self.anchor.monotonic;
        let processor_due = self.drop_overdue_content(now);
        let Some(format) = self.delivery.format() else {
            return processor_due.map_or(Action::Idle, Action::Wait);
        };
        for _ in 0..ENCODED_A_POLL {
            let Some(mut ended) = self.delivery.waiting.pop_front() else { break };
            let bytes = ended.size();
            self.delivery.waiting_bytes = self.delivery.waiting_bytes.saturating_sub(bytes);
            self.counters.queued = self.counters.queued.saturating_sub(1);
            if let Err(reason) = self.encode(format, &mut ended, now) {
                self.counters.drop_spans(reason, 1);
            }
        }
        if !self.delivery.waiting.is_empty() {
            return Action::Wait(0);
        }
        let quiet = self.delivery.quiet_until.saturating_sub(now);
        if quiet > 0 {
            return Action::Wait(quiet);
        }
        let age_ns = match mode {
            PollMode::Everything => 0,
            PollMode::Due => self.settings.limits.batch_age_ns,
        };
        while let Some((batch, evaluations)) = self.delivery.take(now, age_ns) {
            if let Some(request) = self.request(batch, evaluations, now) {
                return Action::Send(request);
            }
        }
        let due = self.delivery.growing_since();
        let due = due.map(|since| age_ns.saturating_sub(now.saturating_sub(since)));
        match due.into_iter().chain(processor_due).min() {
            Some(wait) => Action::Wait(wait),
            None => Action::Idle,
        }
    }

    /// The request of a batch; `None` if the target takes nothing, and then the batch is counted as
    /// dropped.
    fn request(&mut self, batch: Batch, evaluations: bool, now: u64) -> Option<Request> {
        let target = self.delivery.target.as_ref()?;
        let count = u64::from(batch.spans);
        let sent = &mut self.counters.evaluations;
        let (queued, in_flight) = match evaluations {
            false => (&mut self.counters.queued, &mut self.counters.in_flight),
            true => (&mut sent.queued, &mut sent.in_flight),
        };
        *queued = queued.saturating_sub(count);
        if let Some(reason) = target.drop {
            match evaluations {
                false => self.counters.drop_spans(reason, count),
                true => sent.drop(reason, count),
            }
            return None;
        }
        *in_flight += count;
        let id = self.delivery.next_request;
        self.delivery.next_request += 1;
        let endpoint = if evaluations { &target.evaluations } else { &target.spans };
        let (spans, evaluations) = if evaluations { (0, batch.spans) } else { (batch.spans, 0) };
        let request = InFlight { id, spans, evaluations, sent: 1, since: now, waits: false };
        self.delivery.in_flight.push(request);
        let header =
            |(name, value): &(String, String)| Header { name: name.clone(), value: value.clone() };
        Some(Request {
            id,
            target: target.id.clone(),
            url: endpoint.url.clone(),
            socket: target.socket.clone(),
            headers: endpoint.headers.iter().map(header).collect(),
            credentials: target.credentials.clone(),
            body: batch.body,
            spans,
            evaluations,
        })
    }

    /// Takes the outcome of a request.
    pub fn complete(&mut self, id: u64, outcome: &Outcome) -> Result<Disposition, Error> {
        let now = self.platform.monotonic_ns();
        let limits = &self.settings.limits;
        let delivery = &mut self.delivery;
        let at = delivery.in_flight.iter().position(|request| request.id == id);
        let Some((at, request)) = at.and_then(|at| Some((at, delivery.in_flight.get_mut(at)?)))
        else {
            return Err(Error::UnknownRequest(id));
        };
        let attempts =
            Attempts { made: request.sent, elapsed_ns: now.saturating_sub(request.since) };
        let disposition = judge(outcome, attempts, limits, |bound| self.ids.up_to(bound));
        let (spans, evaluations) = (u64::from(request.spans), u64::from(request.evaluations));
        let counters = &mut self.counters.evaluations;
        match disposition {
            Disposition::Retry(wait) => {
                request.sent += 1;
                request.waits = true;
                // The intake could not take this batch: it gets no other one until the wait is over.
                delivery.quiet_until = delivery.quiet_until.max(now.saturating_add(wait));
                return Ok(disposition);
            }
            Disposition::Delivered => {
                counters.delivered += evaluations;
                self.counters.delivered += spans;
            }
            Disposition::Dropped(reason) => {
                counters.drop(reason, evaluations);
                self.counters.drop_spans(reason, spans);
            }
        }
        let counters = &mut self.counters.evaluations;
        counters.in_flight = counters.in_flight.saturating_sub(evaluations);
        self.counters.in_flight = self.counters.in_flight.saturating_sub(spans);
        delivery.in_flight.swap_remove(at);
        if !delivery.in_flight.iter().any(|request| request.waits) {
            delivery.quiet_until = 0;
        }
        Ok(disposition)
    }

    /// Bytes of everything that is queued.
    pub(super) fn queue_bytes(&self) -> usize {
        let delivery = &self.delivery;
        let queues = delivery.spans.bytes() + delivery.evaluations.bytes();
        queues + delivery.waiting_bytes + self.processor.bytes()
    }
}
