//! A distribution of latencies.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::work::Figures;

/// The longest latency that is told apart, in nanoseconds: a minute.
const LONGEST_NS: u64 = 60_000_000_000;

/// Latencies, to three digits.
#[derive(Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(100, LONGEST_NS, 3).expect("the bounds are in order"))
    }

    /// Records a latency.
    pub(crate) fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(LONGEST_NS));
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The usual percentiles as figures, in microseconds.
    pub(crate) fn figures(&self) -> Figures {
        ["p50_us", "p99_us", "p999_us", "max_us"].into_iter().zip(self.at(&[50.0, 99.0, 99.9, 100.0])).collect()
    }

    /// The latencies at these percentiles, in microseconds.
    pub(crate) fn at(&self, percentiles: &[f64]) -> Vec<f64> {
        percentiles.iter().map(|percentile| self.0.value_at_percentile(*percentile) as f64 / 1e3).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut latencies = Latencies::new();
        (1..=1_000).for_each(|micros| latencies.record(Duration::from_micros(micros)));
        let figures = latencies.figures();
        let is_near = |figure: &str, wanted: f64| (figures[figure] / wanted - 1.0).abs() < 0.002;
        assert!(is_near("p50_us", 500.0) && is_near("p99_us", 990.0) && is_near("max_us", 1_000.0), "{figures:?}");
        latencies.record(Duration::from_secs(3_600));
        assert_eq!(latencies.count(), 1_001);
    }
}
