//! What all clients of a run share.

use std::time::Instant;

use ghostlight_rig::{ClientId, Position};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use super::stats::Stats;
use super::workload::Values;
use super::{Options, Phase};
use crate::{Event, Judge, Violation, Who};

/// So many violations are told; more are only counted. Where one thing goes wrong, much follows from it.
const MAX_REPORTED: usize = 100;

/// The judge, and what it found.
#[derive(Debug)]
pub(super) struct Bench {
    /// Until its last word.
    judge: Option<Judge>,
    newest: Position,
    pub(super) told: Vec<Violation>,
    pub(super) found: u64,
}

impl Bench {
    /// The newest position that anybody was told of.
    pub(super) fn newest(&self) -> Position {
        self.judge.as_ref().map_or(self.newest, Judge::newest)
    }

    /// Has the rest judged. What happens from now on is not.
    pub(super) fn finish(&mut self) {
        if let Some(judge) = self.judge.take() {
            self.newest = judge.newest();
            self.note(judge.finish());
        }
    }

    /// Has the rest judged if every client stands where the log ends; tells whether it is judged.
    pub(super) fn finish_if_converged(&mut self) -> bool {
        if self.judge.as_ref().is_some_and(Judge::has_converged) {
            self.finish();
        }
        self.judge.is_none()
    }

    fn note(&mut self, violations: Vec<Violation>) {
        for violation in violations {
            tracing::warn!(law = violation.law().name(), %violation, "a law is broken");
            self.found += 1;
            if self.told.len() < MAX_REPORTED {
                self.told.push(violation);
            }
        }
    }
}

/// What all clients of a run share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) values: Values,
    pub(super) phase: watch::Sender<Phase>,
    bench: Mutex<Bench>,
    gauges: Vec<Mutex<Stats>>,
}

impl Shared {
    pub(super) fn new(options: Options, judge: Judge) -> Self {
        let now = Instant::now();
        Self {
            values: Values::new(options.dimmers),
            phase: watch::Sender::new(Phase::Gathering),
            bench: Mutex::new(Bench { judge: Some(judge), newest: Position::default(), told: Vec::new(), found: 0 }),
            gauges: (0..options.clients).map(|_| Mutex::new(Stats::new(now))).collect(),
            options,
        }
    }

    /// Tells the judge what happened to a client. The lock gives all events one order, in which a change is told before
    /// it leaves and what came is told after it came: that is the order of causes that the judge needs.
    pub(super) fn tell(&self, who: Who, event: Event) {
        let mut bench = self.bench();
        if let Some(judge) = &mut bench.judge {
            let violations = judge.observe(who, event);
            bench.note(violations);
        }
    }

    // Held for one event or one look, never across an await.
    pub(super) fn bench(&self) -> MutexGuard<'_, Bench> {
        self.bench.lock()
    }

    /// Looks at a client's gauge, or changes it.
    pub(super) fn gauge<T>(&self, who: Who, look: impl FnOnce(&mut Stats) -> T) -> T {
        look(&mut self.gauges[who.0].lock())
    }

    /// Looks at every client's gauge.
    pub(super) fn gauges<T>(&self, mut look: impl FnMut(&Stats) -> T) -> Vec<T> {
        (0..self.gauges.len()).map(|who| self.gauge(Who(who), |gauge| look(gauge))).collect()
    }
}

/// What a client calls itself.
pub(super) fn client_id(seed: u64, who: usize) -> ClientId {
    ClientId::new(&format!("check-{seed}-{who}")).unwrap_or_else(|_| client_id(0, who))
}
