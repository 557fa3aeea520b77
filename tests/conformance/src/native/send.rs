//! What the native core hands out: requests to the receiver, events to the processor.

use super::Native;
use super::convert::{headers, record};
use crate::{Answer, Deed, Headers, PROCESSOR_NS, Sent, Subject, path_of, processed};
use anyhow::{Result, anyhow};
use witspan_core as core;

impl Native {
    /// Sends a request until it is delivered or dropped, and waits between attempts as the core says.
    pub(super) fn send(&mut self, request: core::Request) -> Result<()> {
        loop {
            self.sent.push(Sent {
                path: path_of(&request.url).to_owned(),
                headers: record(&request.headers),
                body: String::from_utf8(request.body.clone()).map_err(|_| anyhow!("not UTF-8"))?,
            });
            let answer =
                self.answers.pop_front().unwrap_or(Answer { status: 202, headers: Headers::new() });
            let outcome = match answer.status {
                0 => core::Outcome::TransportError,
                status => {
                    let headers = headers(&answer.headers);
                    core::Outcome::Response(core::Response { status, headers })
                }
            };
            let disposition = self.core.complete(request.id, &outcome)?;
            self.dispositions.push(match disposition {
                core::Disposition::Delivered => "delivered".to_owned(),
                core::Disposition::Dropped(reason) => format!("dropped {}", reason.name()),
                core::Disposition::Retry(ns) => format!("retry {ns}"),
            });
            match disposition {
                core::Disposition::Retry(ns) => self.advance(ns),
                _ => return Ok(()),
            }
        }
    }

    /// Runs the processor on the events that wait for it; gives the last one.
    pub(super) fn process(&mut self) -> Result<Option<String>> {
        let mut seen = None;
        while let Some(event) = self.core.take_event() {
            let outcome = match (processed(&self.deed, &event.span)?, &self.deed) {
                (Some(span), _) => core::Processed::Changed(span),
                (None, Deed::Drop) => core::Processed::Drop,
                (None, _) => core::Processed::Failed,
            };
            if self.deed == Deed::Late {
                self.advance(2 * PROCESSOR_NS);
            }
            self.core.return_event(event.id, outcome)?;
            seen = Some(event.span);
        }
        Ok(seen)
    }
}
