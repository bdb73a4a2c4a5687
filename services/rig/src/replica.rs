//! A copy of a rig's map that follows along.

use crate::{Beacon, Delta, Epoch, LevelMap, Levels, Position, Slot, Snapshot};

/// What a replica made of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It moved on: readers that follow the replica may go on from where they stand.
    Applied,
    /// It took a snapshot that does not continue what it held: every reader needs the whole map.
    Replaced,
    /// It had that already.
    Had,
    /// It misses something in between: fetch a snapshot.
    Gap,
    /// A new order began: fetch a snapshot.
    NewEpoch,
    /// It holds another map at the same position, which must never be: count it, log it loudly, fetch a snapshot.
    Diverged,
}

/// A copy of a rig's map.
///
/// Whatever is lost, doubled or reordered on the way, it only ever shows maps that the log had, in the log's order,
/// and beacons bring it to the newest. The simulation in `tests/simulation.rs` holds this.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    epoch: Epoch,
    map: LevelMap,
    diverged: bool,
}

impl Replica {
    /// Takes a delta.
    pub fn delta(&mut self, delta: &Delta) -> Received {
        let (own, new) = (self.position(), delta.position);
        if new.epoch > own.epoch {
            return Received::NewEpoch;
        }
        if new <= own {
            return Received::Had;
        }
        if delta.prev > own.revision {
            return Received::Gap;
        }
        self.map.apply(new.revision, &delta.levels);
        Received::Applied
    }

    /// Compares itself with a beacon.
    pub fn beacon(&mut self, beacon: &Beacon) -> Received {
        let (own, new) = (self.position(), beacon.position);
        if new.epoch > own.epoch {
            Received::NewEpoch
        } else if new > own {
            Received::Gap
        } else if new == own && beacon.digest != self.map.digest() {
            self.diverged = true;
            Received::Diverged
        } else {
            Received::Had
        }
    }

    /// Takes a snapshot's map in place of its own, unless its own is newer.
    pub fn snapshot(&mut self, snapshot: &Snapshot) -> Received {
        let (own, new) = (self.position(), snapshot.position);
        let continues = new.epoch == own.epoch && !self.diverged;
        if new < own || (new == own && continues) {
            return Received::Had;
        }
        self.epoch = new.epoch;
        self.diverged = false;
        let differs = self.difference(snapshot);
        if continues {
            self.map.leap(new.revision, &differs);
            return Received::Applied;
        }
        let mut levels: Levels = self.map.slots().map(|(dimmer, slot)| (dimmer, slot.level)).collect();
        levels.extend(differs);
        let slots = levels.into_iter().map(|(dimmer, level)| (dimmer, Slot { level, revision: new.revision }));
        self.map = LevelMap::restore(new.revision, new.revision, slots);
        Received::Replaced
    }

    /// What turns its own map into the snapshot's. A dimmer that is not in the snapshot has been forgotten; the
    /// replica goes on knowing that it was there, for those who must be told.
    fn difference(&self, snapshot: &Snapshot) -> Levels {
        let forgotten = self.map.levels().filter(|(dimmer, _)| !snapshot.levels.contains_key(dimmer));
        let forgotten = forgotten.map(|(dimmer, _)| (dimmer, None));
        let differing = snapshot.levels.iter().filter(|&(&dimmer, &level)| self.map.level(dimmer) != Some(level));
        forgotten.chain(differing.map(|(&dimmer, &level)| (dimmer, Some(level)))).collect()
    }

    /// Where it stands.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, revision: self.map.revision() }
    }

    /// Its map.
    pub fn map(&self) -> &LevelMap {
        &self.map
    }

    /// The whole map, for a reader that has nothing or cannot be caught up.
    pub fn to_snapshot(&self) -> Snapshot {
        Snapshot { position: self.position(), levels: self.map.levels().collect() }
    }

    /// What its readers check themselves against.
    pub fn to_beacon(&self) -> Beacon {
        Beacon { position: self.position(), digest: self.map.digest() }
    }
}
