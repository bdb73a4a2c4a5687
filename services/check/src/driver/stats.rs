//! Measurements of a client while it runs.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The most reasons that are kept of a client.
const MAX_REFUSALS: usize = 8;

/// How often things happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Changes asked for.
    pub sent: u64,
    /// Changes sent once more, because no answer came.
    pub repeated: u64,
    /// Changes acknowledged.
    pub acked: u64,
    /// Changes refused.
    pub refused: u64,
    /// Changes whose outcome is unknown.
    pub unknown: u64,
    /// Deltas and snapshots.
    pub seen: u64,
    /// Beacons.
    pub beacons: u64,
    /// Maps read over HTTP.
    pub reads: u64,
    /// Gateways lost.
    pub lost: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.repeated += other.repeated;
        self.acked += other.acked;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.seen += other.seen;
        self.beacons += other.beacons;
        self.reads += other.reads;
        self.lost += other.lost;
    }
}

/// Finds the longest spell that ended after any moment. To save memory, forgets a spell once a later one is as long.
#[derive(Debug, Default)]
pub(super) struct Spells(VecDeque<(Instant, Duration)>);

impl Spells {
    /// Adds a spell that is over.
    pub(super) fn add(&mut self, over: Instant, lasted: Duration) {
        while self.0.back().is_some_and(|(_, longest)| *longest <= lasted) {
            self.0.pop_back();
        }
        self.0.push_back((over, lasted));
    }

    /// The longest spell that ended after a moment.
    pub(super) fn longest_since(&self, mark: Instant) -> Option<Duration> {
        self.0.iter().find(|(over, _)| *over > mark).map(|(_, lasted)| *lasted)
    }
}

/// The measurements of a client.
#[derive(Debug)]
pub(super) struct Stats {
    pub(super) counts: Counts,
    /// The gateway that the client is live at, by its index among the URLs.
    pub(super) live_at: Option<usize>,
    /// Changes that wait for an answer.
    pub(super) pending: usize,
    /// Whether a request over HTTP is in progress.
    pub(super) is_asking: bool,
    /// Why changes were refused, at most the first [`MAX_REFUSALS`].
    pub(super) refusals: Vec<String>,
    last_echo: Instant,
    gaps: Spells,
    /// Since when the client is not live.
    away_since: Option<Instant>,
    away: Spells,
}

impl Stats {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            counts: Counts::default(),
            live_at: None,
            pending: 0,
            is_asking: false,
            refusals: Vec::new(),
            last_echo: now,
            gaps: Spells::default(),
            away_since: None,
            away: Spells::default(),
        }
    }

    /// A change was refused.
    pub(super) fn refused(&mut self, why: String) {
        self.counts.refused += 1;
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push(why);
        }
    }

    /// The client's map moved.
    pub(super) fn echo(&mut self, now: Instant) {
        self.counts.seen += 1;
        self.gaps.add(now, now - self.last_echo);
        self.last_echo = now;
    }

    /// The client is live at a gateway.
    pub(super) fn live(&mut self, now: Instant, gateway: usize) {
        self.live_at = Some(gateway);
        if let Some(since) = self.away_since.take() {
            self.away.add(now, now - since);
        }
    }

    /// The client has lost its gateway.
    pub(super) fn lost(&mut self, now: Instant) {
        if self.live_at.take().is_some() {
            self.away_since = Some(now);
        }
    }

    /// Begins to measure: earlier gaps do not count.
    pub(super) fn begin(&mut self, now: Instant) {
        self.last_echo = now;
        self.gaps = Spells::default();
    }

    /// Whether the client's map moved after a moment.
    pub(super) fn has_moved_since(&self, mark: Instant) -> bool {
        self.last_echo > mark
    }

    /// The longest time between two echoes, of those gaps that ended after a moment or are not over yet.
    pub(super) fn gap_since(&self, mark: Instant, now: Instant) -> Duration {
        self.gaps.longest_since(mark).unwrap_or_default().max(now.saturating_duration_since(self.last_echo))
    }

    /// The longest time from losing a gateway to being live again, of those that ended after a moment or are not over
    /// yet.
    pub(super) fn away_since(&self, mark: Instant, now: Instant) -> Duration {
        let still = self.away_since.map(|since| now.saturating_duration_since(since));
        self.away.longest_since(mark).max(still).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_spell_since_any_moment_is_known() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let lasted = [30, 5, 20, 7, 7, 12, 3];
        let mut spells = Spells::default();
        let mut all = Vec::new();
        let mut now = start;
        for spell in lasted.map(ms) {
            now += spell;
            spells.add(now, spell);
            all.push((now, spell));
        }
        for mark in (0..90).map(|at| start + ms(at)) {
            let longest = all.iter().filter(|(over, _)| *over > mark).map(|(_, lasted)| *lasted).max();
            assert_eq!(spells.longest_since(mark), longest);
        }
    }

    #[test]
    fn a_gap_that_is_not_over_counts() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut gauge = Stats::new(start);
        gauge.echo(start + second);
        assert_eq!(gauge.gap_since(start + second, start + 4 * second), 3 * second);
        assert!(gauge.has_moved_since(start) && !gauge.has_moved_since(start + second));
        gauge.live(start, 0);
        assert_eq!(gauge.away_since(start, start + second), Duration::ZERO);
        gauge.lost(start + second);
        gauge.lost(start + 2 * second);
        assert_eq!(gauge.away_since(start, start + 3 * second), 2 * second);
        gauge.live(start + 4 * second, 1);
        assert_eq!(gauge.away_since(start, start + 9 * second), 3 * second);
        assert_eq!(gauge.away_since(start + 4 * second, start + 9 * second), Duration::ZERO);
    }
}
