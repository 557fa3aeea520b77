//! The worker's calls of the instances: which request to send next, and the outcome of each.

use super::Pool;
use crate::instance::delivery::{Action, Disposition, Outcome, PollMode, Response};
use crate::instance::types::{DropReason, HeaderParam};
use crate::lock;
use crate::statistics::Statistics;
use witspan_setup::{Load, Target, settings_text, targets_text};

/// A request that an instance handed out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    shard: usize,
    epoch: u32,
    request: u64,
    pub(crate) spans: u64,
    pub(crate) evaluations: u64,
}

impl Ticket {
    /// What the request holds.
    pub(crate) fn load(self) -> Load {
        Load { spans: self.spans, evaluations: self.evaluations }
    }
}

/// An instance's answer to a poll.
pub(crate) struct Polled {
    pub(crate) action: Action,
    pub(crate) ticket: Ticket,
    /// How many finished spans and evaluations the instance still holds.
    pub(crate) queued: u64,
}

/// The outcome of a request, as the sender saw it.
pub(crate) enum Sent {
    Answer { status: u16, headers: Vec<(&'static str, String)> },
    Failed,
}

impl Pool {
    /// Tells every instance, and every later one, where spans go.
    pub(crate) fn set_targets(&self, targets: &[Target]) {
        {
            let mut settings = lock(&self.settings);
            settings.0.targets = Some(targets.to_vec());
            settings.1 = settings_text(&settings.0);
        }
        let targets = targets_text(targets);
        for at in 0..self.shards() {
            let mut shard = self.shard(at);
            if shard.instance.is_some() {
                // An instance that was created meanwhile has the targets already, and refuses them.
                // That is fine here.
                let _ = self.call(&mut shard, |instance| instance.set_targets(&targets));
            }
        }
    }

    /// The next action of an instance; `None` if the shard has no instance.
    pub(crate) fn poll(&self, at: usize, mode: PollMode) -> Option<Polled> {
        let mut shard = self.shard(at);
        if shard.instance.is_none() || self.is_closed() {
            return None;
        }
        let action = self.ask(&mut shard, |instance| instance.poll(mode)).ok()?;
        let epoch = shard.epoch;
        let mut ticket = Ticket { shard: at, epoch, request: 0, spans: 0, evaluations: 0 };
        if let Action::Send(request) = &action {
            ticket.request = request.id;
            ticket.spans = u64::from(request.spans);
            ticket.evaluations = u64::from(request.evaluations);
            shard.counts.depart(ticket.spans, ticket.evaluations);
        }
        // Only the instance knows what the poll itself dropped.
        if let Some(counters) = self.counters(&mut shard) {
            let full = |counts: &Statistics| counts.dropped_for(DropReason::QueueFull);
            if full(&counters) > full(&shard.counts) {
                self.tell_dropped(DropReason::QueueFull);
            }
            if counters.content_dropped > shard.counts.content_dropped {
                self.tell_late(self.processor_limit().unwrap_or_default());
            }
            shard.counts = counters;
        }
        let queued = shard.counts.queued + shard.counts.evaluations.queued;
        Some(Polled { action, ticket, queued })
    }

    /// Reports the outcome of a request. Returns what to do with the request.
    pub(crate) fn complete(&self, ticket: Ticket, sent: Sent) -> Disposition {
        let mut shard = self.shard(ticket.shard);
        if self.is_closed() {
            return Disposition::Dropped(DropReason::Shutdown);
        }
        if shard.epoch != ticket.epoch {
            return self.complete_for_the_dead(ticket, &sent);
        }
        let disposition = self.call(&mut shard, |instance| match &sent {
            Sent::Failed => instance.complete(ticket.request, Outcome::TransportError),
            Sent::Answer { status, headers } => {
                let headers: Vec<HeaderParam<'_>> =
                    headers.iter().map(|(name, value)| HeaderParam { name, value }).collect();
                let response = Response { status: *status, headers: &headers };
                instance.complete(ticket.request, Outcome::Response(response))
            }
        });
        match disposition {
            Ok(disposition) => {
                let counts = &mut shard.counts;
                match disposition {
                    Disposition::Retry(_) => {}
                    Disposition::Delivered => counts.arrive(ticket.spans, ticket.evaluations, None),
                    Disposition::Dropped(reason) => {
                        counts.arrive(ticket.spans, ticket.evaluations, Some(reason));
                    }
                }
                disposition
            }
            // The instance has just trapped: its counts, with this request, are in `past`.
            Err(_) => self.complete_for_the_dead(ticket, &sent),
        }
    }

    fn complete_for_the_dead(&self, ticket: Ticket, sent: &Sent) -> Disposition {
        let arrived = matches!(sent, Sent::Answer { status: 200..300, .. });
        let lost = (!arrived).then_some(DropReason::Trap);
        lock(&self.past).arrive(ticket.spans, ticket.evaluations, lost);
        lost.map_or(Disposition::Delivered, Disposition::Dropped)
    }
}
