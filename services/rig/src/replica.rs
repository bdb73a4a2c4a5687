//! A copy of a rig's map that follows the original.

use crate::{Beacon, Changed, Delta, Epoch, Interest, Position, RigMap, Slots, Snapshot, StoreId, Update};

/// What a replica did with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It took the message in: readers that follow the replica can be caught up from their cursors.
    Applied,
    /// It took a snapshot that does not continue its old map: every reader needs the whole map.
    Replaced,
    /// It already had what the message says.
    Had,
    /// It is below what the replica holds, and proves nothing. A sender that stays below has lost what the replica holds, or
    /// the replica holds what was never there: [`Replica::doubt`] it, and fetch a snapshot.
    Behind,
    /// It is of another store than the replica's map, and says nothing about it: the positions of two stores cannot be
    /// compared. Raise an alarm. A replica in [doubt](Replica::doubt) takes the snapshot of another store.
    Foreign,
    /// It misses something in between: fetch a snapshot.
    Gap,
    /// A new epoch began: fetch a snapshot.
    NewEpoch,
    /// It holds a different map at the same position, which must never happen: count it, log an error, fetch a
    /// snapshot.
    Diverged,
}

/// A copy of a rig's map.
///
/// Messages may be lost, doubled or reordered on the way. A replica still shows only maps that the log had, in the
/// log's order, and beacons bring it to the newest. The simulation in `tests/simulation.rs` tests this. Only a replica in
/// [`doubt`](Self::doubt) goes back, to the map that its sender has.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    /// The store of its last snapshot; the default if not known.
    store: StoreId,
    epoch: Epoch,
    map: RigMap,
    /// The kinds that it holds: those of its last snapshot.
    kinds: Interest,
    /// Whether the rig does not exist.
    is_missing: bool,
    /// A beacon has shown that it holds another map: the next snapshot at its position replaces it.
    is_wrong: bool,
    /// Nothing has confirmed its position for long: the next snapshot replaces it, also from below.
    is_doubted: bool,
}

/// A delta that goes further at once is taken for a gap: a snapshot shows whether the log has come that far. A forged or
/// damaged revision would otherwise leave the replica above everything that follows.
const MAX_STEP: u64 = 1 << 32;

impl Replica {
    /// What [`delta`](Self::delta) does with a delta. A delta with a dictionary may turn out to be a [`Received::Gap`].
    pub fn judge(&self, delta: &Delta) -> Received {
        let (own, new) = (self.position(), delta.position);
        if new.epoch > own.epoch {
            Received::NewEpoch
        } else if new < own {
            Received::Behind
        } else if new == own {
            Received::Had
        } else if delta.prev > own.revision || new.revision.0 - own.revision.0 > MAX_STEP {
            Received::Gap
        } else {
            Received::Applied
        }
    }

    /// Takes a delta.
    pub fn delta(&mut self, delta: &Delta) -> Received {
        let received = self.judge(delta);
        if received != Received::Applied {
            return received;
        }
        // It takes the parts, which the entries before have brought.
        let Ok(current) = delta.dictionary.map(|upload| self.map.made_current(upload)).transpose() else {
            return Received::Gap;
        };
        if self.kinds.covers(delta.update.kinds()) {
            self.apply(delta, &delta.update);
        } else {
            self.apply(delta, &delta.update.clone().of_interest(self.kinds));
        }
        if let Some(current) = current {
            self.map.apply(delta.position.revision, delta.time, None, &current.of_interest(self.kinds));
        }
        self.is_missing = delta.is_missing;
        Received::Applied
    }

    /// Applies the values of a delta, restricted to the kinds that the replica holds.
    fn apply(&mut self, delta: &Delta, update: &Update) {
        let (revision, time) = (delta.position.revision, delta.time);
        match &delta.origins[..] {
            [one] if one.items.len() == delta.update.len() => {
                self.map.apply(revision, time, Some(&one.origin.client), update);
            }
            origins => {
                self.map.apply(revision, time, None, update);
                for one in origins {
                    let changed = Changed { by: Some(one.origin.client.clone()), at: self.map.time() };
                    let held = one.items.iter().filter(|item| self.kinds.wants(item.kind()));
                    held.for_each(|item| self.map.note_changed(item, &changed));
                }
            }
        }
    }

    /// Compares the replica with a beacon, in the kinds that both have.
    pub fn beacon(&mut self, beacon: &Beacon) -> Received {
        let (own, new) = (self.position(), beacon.position);
        if beacon.store.is_foreign_to(self.store) {
            Received::Foreign
        } else if new.epoch > own.epoch {
            Received::NewEpoch
        } else if new > own {
            Received::Gap
        } else if new < own {
            Received::Behind
        } else if !beacon.digests.agree(&self.map.digests(), self.kinds) {
            self.is_wrong = true;
            Received::Diverged
        } else {
            self.is_doubted = false;
            Received::Had
        }
    }

    /// Nothing has confirmed for long what the replica holds, such as a beacon at its position. The snapshot that is
    /// fetched now replaces it, also from below or from an older epoch.
    pub fn doubt(&mut self) {
        self.is_doubted = true;
    }

    /// Takes a snapshot's map in place of its own. A snapshot below its own, or of another store, is taken only in doubt.
    pub fn snapshot(&mut self, snapshot: &Snapshot) -> Received {
        let (own, new) = (self.position(), snapshot.position);
        let is_foreign = snapshot.store.is_foreign_to(self.store);
        if is_foreign && !self.is_doubted {
            return Received::Foreign;
        }
        if new < own && !self.is_doubted {
            return Received::Behind;
        }
        if new == own && !self.is_wrong && !is_foreign {
            self.is_doubted = false;
            return Received::Had;
        }
        let is_step = new.epoch == own.epoch && new > own;
        let continues = is_step && !self.is_wrong && !is_foreign && snapshot.kinds == self.kinds;
        self.store = snapshot.store;
        self.epoch = new.epoch;
        self.kinds = snapshot.kinds;
        self.is_missing = snapshot.is_missing;
        (self.is_wrong, self.is_doubted) = (false, false);
        // What is not there has been forgotten. The replica goes on knowing that it was there, for those who must be told.
        let differs = Update::between(&self.map.state(), &snapshot.state, snapshot.kinds);
        if continues {
            self.map.skip_to(new.revision, snapshot.time, &differs);
        } else {
            let mut known = self.map.slots().update().of_interest(snapshot.kinds);
            known.extend(&differs);
            self.map = RigMap::restore(new.revision, snapshot.time, new.revision, Slots::of(&known, new.revision));
        }
        snapshot.changes.iter().for_each(|(item, changed)| self.map.note_changed(item, changed));
        if continues { Received::Applied } else { Received::Replaced }
    }

    /// The position of the last entry in the map.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, revision: self.map.revision() }
    }

    /// The store that keeps the rig; the default if not known.
    pub fn store(&self) -> StoreId {
        self.store
    }

    /// Whether the rig does not exist at the replica's position.
    pub fn is_missing(&self) -> bool {
        self.is_missing
    }

    /// The map that the replica holds.
    pub fn map(&self) -> &RigMap {
        &self.map
    }

    /// The kinds that it holds.
    pub fn kinds(&self) -> Interest {
        self.kinds
    }

    /// The whole map, with who last changed each item and when.
    pub fn to_snapshot(&self) -> Snapshot {
        let changes = self.map.slots().changes(self.kinds);
        Snapshot { changes, ..self.to_snapshot_of(self.kinds) }
    }

    /// The whole map, for a reader that has none or cannot be caught up; of the wanted kinds that the replica holds.
    pub fn to_snapshot_of(&self, wanted: Interest) -> Snapshot {
        let kinds = wanted.and(self.kinds);
        let state = self.map.slots().state(kinds);
        let (position, time) = (self.position(), self.map.time());
        let (store, is_missing) = (self.store, self.is_missing);
        Snapshot { store, position, time, kinds, state, changes: Vec::new(), is_missing }
    }

    /// The beacon that readers of these kinds check themselves against.
    pub fn to_beacon(&self, wanted: Interest) -> Beacon {
        let digests = self.map.digests().restricted_to(wanted.and(self.kinds));
        Beacon { store: self.store, position: self.position(), time: self.map.time(), digests }
    }
}
