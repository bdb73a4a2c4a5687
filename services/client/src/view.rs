//! The replica as readers use it.

use std::collections::VecDeque;

use ghostlight_rig::{Beacon, Delta, Origin, Position, Received, Replica, RigMap, Snapshot};

use crate::change::{Change, Cursor, News};

/// How many of the newest origins are remembered, for readers that are a little behind.
const MAX_ORIGINS: usize = 1_024;

/// The replica, and the other data that readers need. Only [`Session`](crate::session) changes it. It is read through a
/// [`tokio::sync::watch`]: readers wait for a change and take what has changed since their cursor.
#[derive(Debug, Default)]
pub(crate) struct View {
    replica: Replica,
    /// Counts the maps that do not continue the former one: a cursor of another generation needs the whole map.
    generation: u64,
    /// Whether a first map was received.
    synced: bool,
    origins: VecDeque<(Position, Origin)>,
}

/// Whether deltas may be applied to the replica's map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The map is one that the log had.
    Sound,
    /// The map is of another order, or provably wrong: the next snapshot replaces it, whatever their positions.
    Void,
}

impl View {
    pub(crate) fn position(&self) -> Position {
        self.replica.position()
    }

    pub(crate) fn map(&self) -> &RigMap {
        self.replica.map()
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.replica.is_missing()
    }

    /// The position from which a connection can resume; `None` before the first map.
    pub(crate) fn resume(&self) -> Option<Position> {
        self.synced.then(|| self.position())
    }

    pub(crate) fn delta(&mut self, delta: Delta) -> Received {
        let received = self.replica.delta(&delta);
        if received == Received::Applied {
            self.origins.extend(delta.origins.into_iter().map(|attribution| (delta.position, attribution.origin)));
            let excess = self.origins.len().saturating_sub(MAX_ORIGINS);
            self.origins.drain(..excess);
        }
        received
    }

    pub(crate) fn beacon(&mut self, beacon: &Beacon) -> Received {
        self.replica.beacon(beacon)
    }

    pub(crate) fn snapshot(&mut self, snapshot: &Snapshot, trust: Trust) -> Received {
        if trust == Trust::Void {
            self.replica = Replica::default();
        }
        let received = self.replica.snapshot(snapshot);
        if received == Received::Replaced {
            self.generation += 1;
            self.origins.clear();
        }
        self.synced |= matches!(received, Received::Applied | Received::Replaced);
        received
    }

    /// Whether there is a change for a reader at `cursor`.
    pub(crate) fn is_after(&self, cursor: Option<Cursor>) -> bool {
        self.synced && cursor != Some(self.cursor())
    }

    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { generation: self.generation, position: self.position() }
    }

    /// What has changed after `cursor`.
    pub(crate) fn since(&self, cursor: Option<Cursor>) -> Change {
        let continued = cursor.filter(|cursor| cursor.generation == self.generation).map(|cursor| cursor.position);
        let update = continued.and_then(|position| self.map().since(position.revision));
        let (news, after) = match (update, continued) {
            (Some(update), Some(position)) => (News::Update(update), position),
            _ => (News::State(self.map().state()), self.position()),
        };
        let newest_first = self.origins.iter().rev().take_while(|(position, _)| *position > after);
        let mut origins: Vec<_> = newest_first.map(|(_, origin)| origin.clone()).collect();
        origins.reverse();
        Change { position: self.position(), news, origins }
    }
}
