//! Aggregates over many spans or traces: counts, tokens, cost, and a histogram of durations.

use std::collections::BTreeMap;

/// Buckets per doubling of the duration. Each is 4.4 % wide, so a percentile is accurate to about 2 %.
const PER_DOUBLING: f64 = 16.0;

/// A histogram of durations with exponential buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Durations(BTreeMap<u16, i64>);

impl Durations {
    /// Adds `times` durations of this length; a negative number removes them.
    pub(crate) fn add(&mut self, duration_ns: i64, times: i64) {
        let bucket = ((duration_ns.max(1) as f64).log2() * PER_DOUBLING) as u16;
        let count = self.0.entry(bucket).or_default();
        *count = count.saturating_add(times);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            let sum = self.0.entry(*bucket).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    fn negate(&mut self) {
        self.0.values_mut().for_each(|count| *count = count.saturating_neg());
    }

    /// The duration in ms that a `share` (0 to 1) of all does not exceed; `None` if there are none.
    pub(crate) fn percentile_ms(&self, share: f64) -> Option<f64> {
        let positive = self.0.values().filter(|count| **count > 0);
        let total = positive.fold(0_i64, |total, count| total.saturating_add(*count));
        let rank = ((total as f64 * share).ceil() as i64).max(1);
        let mut seen = 0_i64;
        let (bucket, _) = self.0.iter().filter(|(_, count)| **count > 0).find(|(_, count)| {
            seen = seen.saturating_add(**count);
            seen >= rank
        })?;
        Some(((f64::from(*bucket) + 0.5) / PER_DOUBLING).exp2() / 1e6)
    }

    /// For each used bucket, its distance from the one before and its count, as LEB128.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 3);
        let mut last = 0;
        for (bucket, count) in self.0.iter().filter(|(_, count)| **count > 0) {
            write_number(&mut bytes, u64::from(*bucket - last));
            write_number(&mut bytes, count.unsigned_abs());
            last = *bucket;
        }
        bytes
    }

    /// The inverse of `to_bytes`.
    pub(crate) fn from_bytes(mut bytes: &[u8]) -> Self {
        let mut buckets = BTreeMap::new();
        let mut last = 0_u16;
        while let (Some(step), Some(count)) = (read_number(&mut bytes), read_number(&mut bytes)) {
            last = last.saturating_add(u16::try_from(step).unwrap_or(u16::MAX));
            buckets.insert(last, i64::try_from(count).unwrap_or(i64::MAX));
        }
        Self(buckets)
    }
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Totals over some spans, or over some traces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aggregate {
    pub(crate) count: i64,
    pub(crate) errors: i64,
    pub(crate) input_tokens: f64,
    pub(crate) output_tokens: f64,
    pub(crate) total_tokens: f64,
    pub(crate) cost: f64,
    pub(crate) durations: Durations,
}

impl Aggregate {
    /// Negates all values, so that a merge subtracts them.
    pub(crate) fn negate(&mut self) {
        self.count = -self.count;
        self.errors = -self.errors;
        self.input_tokens = -self.input_tokens;
        self.output_tokens = -self.output_tokens;
        self.total_tokens = -self.total_tokens;
        self.cost = -self.cost;
        self.durations.negate();
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.errors = self.errors.saturating_add(other.errors);
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.total_tokens += other.total_tokens;
        self.cost += other.cost;
        self.durations.merge(&other.durations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_right_to_two_percent() {
        let mut durations = Durations::default();
        for ms in 1..=1000 {
            durations.add(ms * 1_000_000, 1);
        }
        for (share, expected) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0)] {
            let measured = durations.percentile_ms(share).unwrap();
            assert!((measured / expected - 1.0).abs() < 0.03, "{measured} for {expected}");
        }
    }

    #[test]
    fn durations_come_back_from_their_bytes_without_what_was_taken_away() {
        let mut durations = Durations::default();
        for ns in [0, 1, 5_000, 1 << 40, i64::MAX] {
            durations.add(ns, 300);
        }
        durations.add(77_000, 1);
        durations.add(77_000, -1);
        let back = Durations::from_bytes(&durations.to_bytes());
        durations.0.retain(|_, count| *count != 0);
        assert_eq!(back, durations);
    }

    #[test]
    fn nothing_measured_has_no_percentile() {
        assert_eq!(Durations::default().percentile_ms(0.5), None);
    }
}
