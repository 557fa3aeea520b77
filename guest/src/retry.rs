//! The rules of retry: what follows from the outcome of a request. No clock, no I/O.

use crate::request::{Disposition, Outcome, Response};
use witspan_propagation::Header;
use witspan_setup::{DropReason, Limits};

/// The attempts of one request so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempts {
    /// How often it was sent.
    pub(crate) made: u32,
    /// Nanoseconds since it was first sent.
    pub(crate) elapsed_ns: u64,
}

/// First wait before another attempt, in ns; it doubles with each.
const FIRST_WAIT_NS: u64 = 250_000_000;
/// No wait is longer, whatever an intake asks for, in ns.
const LONGEST_WAIT_NS: u64 = 30_000_000_000;

/// The retry table: 2xx is delivered; 408, 425, 429, 5xx and transport errors are retried within
/// the limits; everything else is final. The wait is what `x-ratelimit-reset` or `retry-after` ask
/// for, else exponential with equal jitter: half of it is fixed, and `jitter` draws the other half
/// from 0 to its argument.
pub(crate) fn judge(
    outcome: &Outcome,
    attempts: Attempts,
    limits: &Limits,
    jitter: impl FnOnce(u64) -> u64,
) -> Disposition {
    let response = match outcome {
        Outcome::NotSent(reason) => return Disposition::Dropped(*reason),
        Outcome::TransportError => None,
        Outcome::Response(response) => Some(response),
    };
    match response.map(|response| response.status) {
        Some(200..300) => return Disposition::Delivered,
        None | Some(408 | 425 | 429 | 500..600) => {}
        Some(_) => return Disposition::Dropped(DropReason::Rejected),
    }
    let wait = response.and_then(asked_wait).unwrap_or_else(|| {
        let doubled = FIRST_WAIT_NS << attempts.made.saturating_sub(1).min(6);
        let half = doubled >> 1;
        half + jitter(half)
    });
    let spent = attempts.elapsed_ns.saturating_add(wait);
    if attempts.made >= limits.attempts || spent > limits.retry_budget_ns {
        return Disposition::Dropped(DropReason::RetriesExhausted);
    }
    Disposition::Retry(wait)
}

/// The wait that an answer asks for, in ns: whole or fractional seconds, of the first header that
/// has them.
fn asked_wait(response: &Response) -> Option<u64> {
    let asked = |name: &str| {
        let named = |header: &&Header| header.name.eq_ignore_ascii_case(name);
        let seconds: f64 = response.headers.iter().find(named)?.value.trim().parse().ok()?;
        if !(seconds.is_finite() && seconds >= 0.0) {
            return None;
        }
        Some(((seconds * 1e9) as u64).min(LONGEST_WAIT_NS))
    };
    asked("x-ratelimit-reset").or_else(|| asked("retry-after"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Outcome {
        let header =
            |(name, value): &(&str, &str)| Header { name: (*name).into(), value: (*value).into() };
        Outcome::Response(Response { status, headers: headers.iter().map(header).collect() })
    }

    fn disposition(outcome: &Outcome, made: u32, elapsed_ns: u64) -> Disposition {
        judge(outcome, Attempts { made, elapsed_ns }, &Limits::default(), |bound| bound)
    }

    #[test]
    fn only_what_another_attempt_can_change_is_sent_again() {
        for status in [200, 202, 299] {
            assert_eq!(disposition(&answer(status, &[]), 1, 0), Disposition::Delivered);
        }
        for status in [408, 425, 429, 500, 503, 599] {
            assert_eq!(
                disposition(&answer(status, &[]), 1, 0),
                Disposition::Retry(250_000_000),
                "{status}"
            );
        }
        for status in [302, 400, 401, 403, 404, 413, 422] {
            assert_eq!(
                disposition(&answer(status, &[]), 1, 0),
                Disposition::Dropped(DropReason::Rejected),
                "{status}"
            );
        }
        assert_eq!(disposition(&Outcome::TransportError, 2, 0), Disposition::Retry(500_000_000));
        let no_key = Outcome::NotSent(DropReason::NoApiKey);
        assert_eq!(disposition(&no_key, 1, 0), Disposition::Dropped(DropReason::NoApiKey));
    }

    #[test]
    fn a_rate_limit_decides_the_wait() {
        let asked = |headers| disposition(&answer(429, headers), 1, 0);
        assert_eq!(asked(&[("X-RateLimit-Reset", "2")]), Disposition::Retry(2_000_000_000));
        assert_eq!(asked(&[("retry-after", "0.5")]), Disposition::Retry(500_000_000));
        assert_eq!(asked(&[("retry-after", "86400")]), Disposition::Retry(LONGEST_WAIT_NS));
        assert_eq!(asked(&[("retry-after", "Mon, 23 Nov 2026")]), Disposition::Retry(250_000_000));
        assert_eq!(asked(&[("retry-after", "-1")]), Disposition::Retry(250_000_000));
        let both = [("x-ratelimit-reset", "soon"), ("retry-after", "1")];
        assert_eq!(asked(&both), Disposition::Retry(1_000_000_000));
    }

    #[test]
    fn attempts_and_time_are_bounded() {
        let exhausted = Disposition::Dropped(DropReason::RetriesExhausted);
        assert_eq!(disposition(&answer(503, &[]), 8, 0), exhausted);
        assert_eq!(disposition(&answer(503, &[]), 2, 60_000_000_000), exhausted);
    }
}
