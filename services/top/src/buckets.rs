//! A scraped histogram, and what can be computed from it.

use serde::Serialize;

/// How many values are not above each bound, since the process started or since an earlier scrape.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets(Vec<Bucket>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Bucket {
    bound: f64,
    /// Includes the counts of all lower buckets.
    count: f64,
}

/// The bucket of the largest value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Worst {
    /// The largest value is at most this, in seconds.
    WithinSeconds(f64),
    /// The largest value is above this, the last bound, in seconds.
    BeyondSeconds(f64),
}

impl Buckets {
    /// Buckets from bounds and counts, in any order; `None` without the bucket of infinity, which counts all values.
    pub fn new(counts: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let counts = counts.into_iter().filter(|(bound, count)| !bound.is_nan() && count.is_finite());
        let mut buckets: Vec<_> = counts.map(|(bound, count)| Bucket { bound, count }).collect();
        buckets.sort_by(|one, other| one.bound.total_cmp(&other.bound));
        if buckets.last()?.bound != f64::INFINITY {
            return None;
        }
        // If values arrive while the buckets are read, a bucket can have a higher count than the next.
        let mut most = 0.0_f64;
        for bucket in &mut buckets {
            most = most.max(bucket.count);
            bucket.count = most;
        }
        Some(Self(buckets))
    }

    /// The values since an earlier scrape. If any count is lower than before, all values are new: the process
    /// restarted.
    pub fn since(&self, earlier: &Self) -> Self {
        let same = |(now, then): (&Bucket, &Bucket)| now.bound == then.bound && now.count >= then.count;
        if self.0.len() != earlier.0.len() || !self.0.iter().zip(&earlier.0).all(same) {
            return self.clone();
        }
        let more = self.0.iter().zip(&earlier.0).map(|(now, then)| (now.bound, now.count - then.count));
        Self::new(more).unwrap_or_else(|| self.clone())
    }

    /// The sum of two histograms, at the bounds that both have: there it is exact.
    pub fn plus(&self, other: &Self) -> Self {
        let at = |bound: f64| other.0.iter().find(|bucket| bucket.bound == bound);
        let both = self.0.iter().filter_map(|bucket| Some((bucket.bound, bucket.count + at(bucket.bound)?.count)));
        Self::new(both).unwrap_or_else(|| self.clone())
    }

    /// The number of values.
    pub fn count(&self) -> f64 {
        self.0.last().map_or(0.0, |all| all.count)
    }

    /// The quantile, interpolated linearly within its bucket, as `histogram_quantile` of Prometheus computes it: the
    /// last finite bound for values beyond it, and `None` without values.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let rank = quantile * self.count();
        if self.count() <= 0.0 {
            return None;
        }
        let at = self.0.iter().position(|bucket| bucket.count >= rank && bucket.count > 0.0)?;
        let Bucket { bound, count } = self.0[at];
        let below = at.checked_sub(1).map_or(Bucket { bound: 0.0, count: 0.0 }, |below| self.0[below]);
        if bound == f64::INFINITY {
            return Some(below.bound);
        }
        if at == 0 && bound <= 0.0 {
            return Some(bound);
        }
        Some(below.bound + (bound - below.bound) * (rank - below.count) / (count - below.count))
    }

    /// The highest bucket that is not empty.
    pub fn worst(&self) -> Option<Worst> {
        let all = self.count();
        let at = self.0.iter().position(|bucket| bucket.count >= all && all > 0.0)?;
        let beyond = || at.checked_sub(1).map_or(0.0, |below| self.0[below].bound);
        Some(match self.0[at].bound {
            f64::INFINITY => Worst::BeyondSeconds(beyond()),
            bound => Worst::WithinSeconds(bound),
        })
    }
}

#[cfg(test)]
mod tests {
    use ghostlight_telemetry::metrics::SECONDS;
    use proptest::prelude::*;

    use super::*;

    fn bounds() -> impl Iterator<Item = f64> {
        SECONDS.into_iter().chain([f64::INFINITY])
    }

    fn of(values: &[f64]) -> Buckets {
        let within = |bound: f64| values.iter().filter(|value| **value <= bound).count();
        Buckets::new(bounds().map(|bound| (bound, within(bound) as f64))).unwrap()
    }

    /// The same quantile, computed by walking up the buckets.
    fn reference(values: &[f64], quantile: f64) -> f64 {
        let rank = quantile * values.len() as f64;
        let (mut low, mut seen) = (0.0, 0.0);
        for high in bounds() {
            let here = values.iter().filter(|value| **value > low && **value <= high).count() as f64;
            if here > 0.0 && seen + here >= rank {
                return if high.is_finite() { low + (high - low) * ((rank - seen) / here) } else { low };
            }
            (low, seen) = (high, seen + here);
        }
        unreachable!("some bucket holds the last value")
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec((-5.0..1.5_f64).prop_map(|power| 10.0_f64.powf(power)), 1..50)
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_reference(values in values(), quantile in 0.01..=1.0_f64) {
            let (found, wanted) = (of(&values).quantile(quantile).unwrap(), reference(&values, quantile));
            prop_assert!((found - wanted).abs() <= 1e-9 * wanted.max(1e-6), "{found} is not {wanted}");
        }

        #[test]
        fn a_quantile_is_in_the_bucket_of_the_value_at_its_rank(mut values in values(), quantile in 0.01..=1.0_f64) {
            values.sort_by(f64::total_cmp);
            let value = values[((quantile * values.len() as f64).ceil() as usize).clamp(1, values.len()) - 1];
            let high = bounds().find(|bound| value <= *bound).unwrap();
            let low = bounds().take_while(|bound| *bound < value).last().unwrap_or(0.0);
            let found = of(&values).quantile(quantile).unwrap();
            prop_assert!(low - 1e-12 <= found && found <= high + 1e-12, "{found} is not in {low}..={high}");
        }

        #[test]
        fn what_came_since_is_what_came_since(before in values(), after in values()) {
            let both = [before.clone(), after.clone()].concat();
            prop_assert_eq!(of(&both).since(&of(&before)), of(&after));
            prop_assert_eq!(of(&before).plus(&of(&after)), of(&both));
        }

        #[test]
        fn the_worst_bucket_holds_the_largest(values in values()) {
            let largest = values.iter().copied().fold(0.0, f64::max);
            match of(&values).worst().unwrap() {
                Worst::WithinSeconds(bound) => prop_assert!(largest <= bound),
                Worst::BeyondSeconds(bound) => prop_assert!(largest > bound),
            }
        }
    }

    #[test]
    fn nothing_has_no_quantiles() {
        assert_eq!((of(&[]).quantile(0.5), of(&[]).worst(), of(&[]).count()), (None, None, 0.0));
        assert_eq!(Buckets::new([]), None);
        assert_eq!(Buckets::new([(1.0, 5.0)]), None, "the bucket of all is missing");
    }

    #[test]
    fn after_a_restart_all_is_new() {
        let (before, after) = (of(&[0.003; 10]), of(&[0.03; 4]));
        assert_eq!(after.since(&before), after);
        // More values than before, but fewer in one bucket.
        let after = of(&[0.03; 40]);
        assert_eq!(after.since(&before), after);
    }

    #[test]
    fn two_versions_agree_on_the_bounds_that_both_have() {
        let fine = Buckets::new([(0.1, 1.0), (0.2, 3.0), (f64::INFINITY, 4.0)]).unwrap();
        let coarse = Buckets::new([(0.2, 5.0), (f64::INFINITY, 5.0)]).unwrap();
        assert_eq!(fine.plus(&coarse), Buckets::new([(0.2, 8.0), (f64::INFINITY, 9.0)]).unwrap());
        assert_eq!(fine.since(&coarse), fine);
    }
}
