//! The state that all clients of a run share.

use std::time::Instant;

use ghostlight_rig::{ClientId, Position};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use super::stats::Stats;
use super::workload::Values;
use super::{Options, Phase};
use crate::{Event, Judge, Violation, Who};

/// The most violations that are reported; the others are only counted, because one fault can have many consequences.
const MAX_REPORTED: usize = 100;

/// The judge, and what it has found.
#[derive(Debug)]
pub(super) struct Bench {
    /// `None` once everything is judged.
    judge: Option<Judge>,
    newest: Position,
    pub(super) told: Vec<Violation>,
    pub(super) found: u64,
}

impl Bench {
    /// The newest position that any client has received.
    pub(super) fn newest(&self) -> Position {
        self.judge.as_ref().map_or(self.newest, Judge::newest)
    }

    /// Judges the rest. Later events are not judged.
    pub(super) fn finish(&mut self) {
        if let Some(judge) = self.judge.take() {
            self.newest = judge.newest();
            self.note(judge.finish());
        }
    }

    /// Judges the rest if every client has the newest map; true if everything is judged.
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

/// The state that all clients of a run share.
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

    /// Reports an event of a client to the judge. The lock puts all events into one order: a change is reported before
    /// it is sent, and a message after it was received. So causes come before their effects, as the judge requires.
    pub(super) fn tell(&self, who: Who, event: Event) {
        let mut bench = self.bench();
        if let Some(judge) = &mut bench.judge {
            let violations = judge.observe(who, event);
            bench.note(violations);
        }
    }

    // Held for one event or one look, and never across an await.
    pub(super) fn bench(&self) -> MutexGuard<'_, Bench> {
        self.bench.lock()
    }

    /// Reads or changes a client's gauge.
    pub(super) fn gauge<T>(&self, who: Who, look: impl FnOnce(&mut Stats) -> T) -> T {
        look(&mut self.gauges[who.0].lock())
    }

    /// Reads every client's gauge.
    pub(super) fn gauges<T>(&self, mut look: impl FnMut(&Stats) -> T) -> Vec<T> {
        (0..self.gauges.len()).map(|who| self.gauge(Who(who), |gauge| look(gauge))).collect()
    }
}

/// The name that a client gives itself.
pub(super) fn client_id(seed: u64, who: usize) -> ClientId {
    ClientId::new(&format!("check-{seed}-{who}")).unwrap_or_else(|_| client_id(0, who))
}
