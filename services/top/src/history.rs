//! The end-to-end p99 over the last minutes.

use std::collections::VecDeque;

/// The most readings that are kept: as many as the widest screen has columns.
const MAX: usize = 1_024;

/// The readings, the newest first.
#[derive(Clone, Debug, Default)]
pub struct History(VecDeque<Point>);

#[derive(Clone, Copy, Debug)]
struct Point {
    at_seconds: f64,
    p99_seconds: Option<f64>,
}

impl History {
    /// Adds a reading.
    pub fn add(&mut self, at_seconds: f64, p99_seconds: Option<f64>) {
        self.0.truncate(MAX - 1);
        self.0.push_front(Point { at_seconds, p99_seconds });
    }

    /// The newest readings in microseconds, the newest first; `None` for those without values.
    pub fn micros(&self, most: usize) -> Vec<Option<u64>> {
        self.0.iter().take(most).map(|point| point.p99_seconds.map(|seconds| (seconds * 1e6) as u64)).collect()
    }

    /// The highest of the newest readings, in seconds.
    pub fn highest(&self, most: usize) -> Option<f64> {
        self.0.iter().take(most).filter_map(|point| point.p99_seconds).reduce(f64::max)
    }

    /// How many seconds the newest readings span.
    pub fn span(&self, most: usize) -> f64 {
        let (newest, oldest) = (self.0.front(), self.0.iter().take(most).next_back());
        newest.zip(oldest).map_or(0.0, |(newest, oldest)| newest.at_seconds - oldest.at_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_newest() {
        let mut history = History::default();
        assert_eq!((history.span(10), history.highest(10), history.micros(10)), (0.0, None, vec![]));
        for second in 0..2_000 {
            history.add(f64::from(second), (second % 2 == 1).then_some(f64::from(second) / 1e3));
        }
        assert_eq!(history.micros(3), [Some(1_999_000), None, Some(1_997_000)]);
        assert_eq!((history.span(3), history.highest(3), history.micros(usize::MAX).len()), (2.0, Some(1.999), MAX));
    }
}
