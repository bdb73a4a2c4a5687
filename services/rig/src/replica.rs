//! A copy of a rig's map that follows along.

use crate::{Beacon, Delta, Epoch, Position, RigMap, Slots, Snapshot, State, Update};

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
    map: RigMap,
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
        self.map.apply(new.revision, &delta.update);
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
        let differs = self.difference(&snapshot.state);
        if continues {
            self.map.skip_to(new.revision, &differs);
            return Received::Applied;
        }
        let mut known = self.map.slots().update();
        known.extend(&differs);
        self.map = RigMap::restore(new.revision, new.revision, Slots::of(known, new.revision));
        Received::Replaced
    }

    /// What turns its own map into that of another. What is not there has been forgotten; the replica goes on knowing
    /// that it was there, for those who must be told.
    fn difference(&self, other: &State) -> Update {
        let map = &self.map;
        let mut differs = Update::default();
        let forgotten = map.levels().filter(|(dimmer, _)| !other.levels.contains_key(dimmer));
        differs.levels.extend(forgotten.map(|(dimmer, _)| (dimmer, None)));
        let differing = other.levels.iter().filter(|&(&dimmer, &level)| map.level(dimmer) != Some(level));
        differs.levels.extend(differing.map(|(&dimmer, &level)| (dimmer, Some(level))));
        let forgotten = map.labels().filter(|(dimmer, _)| !other.labels.contains_key(dimmer));
        differs.labels.extend(forgotten.map(|(dimmer, _)| (dimmer, None)));
        let differing = other.labels.iter().filter(|&(&dimmer, label)| map.label(dimmer) != Some(label));
        differs.labels.extend(differing.map(|(&dimmer, label)| (dimmer, Some(label.clone()))));
        differs.master = (map.master() != other.master).then_some(other.master);
        differs.blackout = (map.blackout() != other.blackout).then_some(other.blackout);
        differs
    }

    /// Where it stands.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, revision: self.map.revision() }
    }

    /// Its map.
    pub fn map(&self) -> &RigMap {
        &self.map
    }

    /// The whole map, for a reader that has nothing or cannot be caught up.
    pub fn to_snapshot(&self) -> Snapshot {
        Snapshot { position: self.position(), state: self.map.state() }
    }

    /// What its readers check themselves against.
    pub fn to_beacon(&self) -> Beacon {
        Beacon { position: self.position(), digest: self.map.digest() }
    }
}
