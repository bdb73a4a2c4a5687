//! A distribution of durations, recorded by many tasks.

use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;

/// The longest duration, in nanoseconds: a minute. Longer ones count as a minute.
const LONGEST_NS: u64 = 60_000_000_000;
/// The shortest duration, in nanoseconds. Shorter ones are not told apart.
const SHORTEST_NS: u64 = 100;
/// The number of parts, each with a lock. With this many, tasks on few cores hardly ever wait for the same lock.
const PARTS: usize = 8;

/// Durations with percentiles to three digits. Each task records into one part, chosen by its number.
pub(crate) struct Tally {
    parts: Vec<Mutex<Histogram<u64>>>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { parts: (0..PARTS).map(|_| Mutex::new(empty())).collect() }
    }

    /// Records a duration of task number `who`.
    pub(crate) fn record(&self, who: usize, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(LONGEST_NS);
        let mut part = self.parts[who % PARTS].lock();
        part.saturating_record(nanos);
    }

    /// The sum of all parts.
    pub(crate) fn total(&self) -> Histogram<u64> {
        let mut total = empty();
        for part in &self.parts {
            // Both have the same bounds, so adding cannot fail.
            let added = total.add(&*part.lock());
            debug_assert!(added.is_ok());
        }
        total
    }
}

fn empty() -> Histogram<u64> {
    #[expect(clippy::expect_used, reason = "constant bounds, which a test constructs")]
    Histogram::new_with_bounds(SHORTEST_NS, LONGEST_NS, 3).expect("bounds are in order")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        let tally = Tally::new();
        for who in 0..1_000 {
            tally.record(who, Duration::from_micros(who as u64 + 1));
        }
        tally.record(3, Duration::from_secs(3_600));
        let total = tally.total();
        assert_eq!(total.len(), 1_001);
        assert!((500_000..=502_000).contains(&total.value_at_quantile(0.5)), "{}", total.value_at_quantile(0.5));
        assert!(total.max() >= LONGEST_NS);
    }
}
