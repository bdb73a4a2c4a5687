//! Limits how often a warning is logged that clients can cause many times a second.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// The interval of a warning that is repeated.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Counts occurrences, and says when a warning is due: at the first one, and then once per [`WARNING_INTERVAL`].
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    warned: Option<Instant>,
    /// Occurrences since the last warning.
    count: u64,
}

impl Throttle {
    /// Counts an occurrence. If a warning is due, returns how many occurrences it is about.
    pub(crate) fn count(&self, now: Instant) -> Option<u64> {
        let mut counted = self.0.lock();
        counted.count += 1;
        if counted.warned.is_some_and(|warned| now.saturating_duration_since(warned) < WARNING_INTERVAL) {
            return None;
        }
        counted.warned = Some(now);
        Some(std::mem::take(&mut counted.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_once_a_minute() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let told = (0..3_000).filter_map(|tenth| {
            let count = throttle.count(start + Duration::from_millis(100) * tenth)?;
            Some((tenth, count))
        });
        assert_eq!(told.collect::<Vec<_>>(), [(0, 1), (600, 600), (1_200, 600), (1_800, 600), (2_400, 600)]);
    }
}
