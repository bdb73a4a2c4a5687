//! The changes that the clients ask for.

use std::sync::atomic::{AtomicU32, Ordering};

use ghostlight_rig::{Dimmer, Level, Levels};

/// One in this many changes of a client goes over HTTP.
pub(super) const ONE_IN: f64 = 11.0;

/// One in this many values removes a dimmer's level.
const FORGETS: u32 = 50;

/// The most dimmers that a change sets.
const MAX_CONCURRENT: usize = 4;

/// How many different levels there are.
const LEVELS: u32 = Level::FULL.hundredths() as u32 + 1;

/// The next value of each dimmer. Each write to a dimmer sets a level that none of the last 10,000 writes to it set. So
/// the level identifies the write, whichever client made it.
#[derive(Debug)]
pub(super) struct Values(Vec<AtomicU32>);

impl Values {
    /// Values for dimmers 1 to `dimmers`.
    pub(super) fn new(dimmers: u16) -> Self {
        Self((0..=dimmers).map(|_| AtomicU32::new(1)).collect())
    }

    fn next(&self, dimmer: Dimmer) -> Option<Level> {
        let next = self.0.get(usize::from(dimmer.get()))?.fetch_add(1, Ordering::Relaxed);
        u16::try_from(next % LEVELS).ok().and_then(Level::from_hundredths)
    }
}

/// The choices of one client.
#[derive(Debug)]
pub(super) struct Workload {
    random: fastrand::Rng,
    /// Dimmers that all clients set.
    common: Vec<Dimmer>,
    /// Dimmers that only this client sets; the common ones if there are too few for that.
    own: Vec<Dimmer>,
}

impl Workload {
    /// The choices of client `who` of `clients`, on dimmers 1 to `dimmers`.
    pub(super) fn new(seed: u64, who: usize, clients: usize, dimmers: u16) -> Self {
        let all = (1..=dimmers).filter_map(Dimmer::new);
        let (common, rest): (Vec<_>, Vec<_>) = all.partition(|dimmer| dimmer.get() <= dimmers.div_ceil(2));
        let mut own: Vec<_> = rest.into_iter().skip(who).step_by(clients.max(1)).collect();
        if own.is_empty() {
            own.clone_from(&common);
        }
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(who as u64);
        Self { random: fastrand::Rng::with_seed(mixed), common, own }
    }

    /// The next change.
    pub(super) fn change(&mut self, values: &Values) -> Levels {
        let mut levels = Levels::new();
        for _ in 0..self.random.usize(1..=MAX_CONCURRENT) {
            let from = if self.random.bool() { &self.common } else { &self.own };
            let dimmer = from[self.random.usize(..from.len())];
            if levels.contains_key(&dimmer) {
                continue;
            }
            let level = values.next(dimmer).filter(|_| self.random.u32(..FORGETS) > 0);
            levels.insert(dimmer, level);
        }
        levels
    }

    /// How long to wait for the next change, given the mean wait in seconds.
    pub(super) fn pause(&mut self, mean_s: f64) -> std::time::Duration {
        std::time::Duration::from_secs_f64(mean_s * (0.5 + self.random.f64()))
    }

    /// A random index below `count`.
    pub(super) fn pick(&mut self, count: usize) -> usize {
        self.random.usize(..count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_comes_twice_within_ten_thousand_writes_to_a_dimmer() {
        let (values, dimmer) = (Values::new(1), Dimmer::MIN);
        let mut written: Vec<_> = (0..LEVELS).filter_map(|_| values.next(dimmer)).collect();
        assert_eq!(values.next(dimmer), written.first().copied());
        written.sort_unstable();
        written.dedup();
        assert_eq!(written.len(), LEVELS as usize);
    }

    #[test]
    fn every_client_has_dimmers_of_its_own_beside_everyones() {
        let hands: Vec<_> = (0..3).map(|who| Workload::new(1, who, 3, 12)).collect();
        let mut own: Vec<_> = hands.iter().flat_map(|hand| hand.own.clone()).map(Dimmer::get).collect();
        own.sort_unstable();
        assert_eq!(own, [7, 8, 9, 10, 11, 12]);
        assert!(hands.iter().all(|hand| hand.common.len() == 6));
        assert_eq!(Workload::new(1, 2, 3, 2).own, [Dimmer::MIN], "too few to share out");
        assert_eq!(Workload::new(1, 0, 1, 1).own, [Dimmer::MIN]);
    }
}
