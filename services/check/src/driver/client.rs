//! A client: its state over all its connections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ghostlight_rig::{Beacon, ClientId, Levels, Position};
use tokio::sync::watch;

use super::shared::{Shared, client_id};
use super::target::Target;
use super::workload::{ONE_IN, Workload};
use super::{Pace, Phase};
use crate::{Event, NaiveReplica, News, Who};

/// How often a change is sent at most: once more, if its connection breaks before the answer.
const MAX_SENT: u32 = 2;

/// A change that waits for its answer.
#[derive(Debug)]
pub(super) struct Pending {
    levels: Levels,
    sent: u32,
    pub(super) sent_at: Instant,
}

/// A client that follows over one WebSocket after another, and writes.
pub(super) struct Client {
    pub(super) who: Who,
    pub(super) id: ClientId,
    pub(super) shared: Arc<Shared>,
    pub(super) literal: NaiveReplica,
    pub(super) pending: BTreeMap<u64, Pending>,
    pub(super) targets: Arc<[Target]>,
    hand: Workload,
    seq: u64,
}

impl Client {
    pub(super) fn new(who: Who, shared: Arc<Shared>, targets: Arc<[Target]>) -> Self {
        let options = &shared.options;
        let hand = Workload::new(options.seed, who.0, options.clients, options.dimmers);
        let id = client_id(options.seed, who.0);
        Self { who, id, shared, literal: NaiveReplica::default(), pending: BTreeMap::new(), targets, hand, seq: 0 }
    }

    pub(super) fn pace(&self) -> Pace {
        self.shared.options.pace
    }

    pub(super) fn tell(&self, event: Event) {
        self.shared.tell(self.who, event);
    }

    /// The position of its map; `None` before its first map.
    pub(super) fn resume(&self) -> Option<Position> {
        Some(self.literal.position()).filter(|position| *position != Position::default())
    }

    /// The next change to ask for; `None` if the run no longer writes.
    pub(super) fn next_change(&mut self) -> Option<(u64, Levels)> {
        // Counts the change as pending before it looks at the phase. `Running::stop` does both in the other order.
        self.shared.gauge(self.who, |gauge| gauge.pending += 1);
        if *self.shared.phase.borrow() != Phase::Writing {
            self.shared.gauge(self.who, |gauge| gauge.pending -= 1);
            return None;
        }
        let levels = self.hand.change(&self.shared.values);
        // The WebSocket has the even numbers, HTTP the odd ones.
        self.seq += 2;
        self.pending.insert(self.seq, Pending { levels: levels.clone(), sent: 1, sent_at: Instant::now() });
        self.count(|counts| counts.sent += 1);
        Some((self.seq, levels))
    }

    /// How long to wait before the next change.
    pub(super) fn pause(&mut self) -> Duration {
        self.hand.pause(ONE_IN / (ONE_IN - 1.0) / self.shared.options.rate)
    }

    /// The changes that were not answered before the connection broke, to be sent once more.
    pub(super) fn repeated(&mut self) -> Vec<(u64, Levels)> {
        let now = Instant::now();
        let repeated = self.pending.iter_mut().map(|(&seq, pending)| {
            pending.sent += 1;
            pending.sent_at = now;
            (seq, pending.levels.clone())
        });
        let repeated: Vec<_> = repeated.collect();
        self.count(|counts| counts.repeated += repeated.len() as u64);
        repeated
    }

    /// Reports that the client's map moved.
    pub(super) fn saw(&mut self, news: News) {
        let (position, digest) = (self.literal.position(), self.literal.digests().sum());
        self.tell(Event::Saw { position, digest, news });
        self.shared.gauge(self.who, |gauge| gauge.echo(Instant::now()));
    }

    pub(super) fn beacon(&self, Beacon { position, digests, .. }: Beacon) {
        self.tell(Event::Beacon { position, digest: digests.sum() });
        self.count(|counts| counts.beacons += 1);
    }

    pub(super) fn acked(&mut self, seq: u64, position: Position) {
        self.pending.remove(&seq);
        self.tell(Event::Acked { seq, position });
        self.count(|counts| counts.acked += 1);
    }

    pub(super) fn refused(&mut self, seq: u64, why: String) {
        self.pending.remove(&seq);
        self.tell(Event::Refused { seq });
        self.shared.gauge(self.who, |gauge| gauge.refused(why));
    }

    pub(super) fn unknown(&mut self, seq: u64) {
        self.pending.remove(&seq);
        self.tell(Event::Unknown { seq });
        self.count(|counts| counts.unknown += 1);
    }

    /// The connection broke: gives up the changes that were sent twice.
    pub(super) fn lost(&mut self) {
        self.shared.gauge(self.who, |gauge| {
            gauge.counts.lost += u64::from(gauge.live_at.is_some());
            gauge.lost(Instant::now());
        });
        let given_up = self.pending.iter().filter(|(_, pending)| pending.sent >= MAX_SENT);
        for seq in given_up.map(|(&seq, _)| seq).collect::<Vec<_>>() {
            self.unknown(seq);
        }
    }

    fn count(&self, count: impl FnOnce(&mut super::Counts)) {
        let pending = self.pending.len();
        self.shared.gauge(self.who, |gauge| {
            count(&mut gauge.counts);
            gauge.pending = pending;
        });
    }
}

/// Waits until the run is over.
pub(super) async fn over(phase: &mut watch::Receiver<Phase>) {
    // `Running` owns the sender; without it, the run is over too.
    let _ = phase.wait_for(|phase| *phase == Phase::Over).await;
}
