//! The rigs of one log.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::{Delta, Entry, Image, LogTime, Partition, Position, Revision, Rig, RigName, Stamp, Verdict};

/// The most items that all rigs of one log may hold together, forgotten ones included: some 400 MB of memory. What could not
/// be loaded at a start must not be taken in.
pub const MAX_ITEMS: usize = 2_000_000;

/// The rigs that share one log, and the log's position.
///
/// All of them belong to one partition. The first entry of a rig makes it; [`main`](RigName::default) always exists in
/// its partition, and is emptied if it is removed. Any other rig that is removed does not exist afterwards, and leaves its place
/// to others. Once there are `most` rigs, an entry for another rig is refused. A change that would make the rigs hold
/// more than [`MAX_ITEMS`] is refused too. All state services of a log must agree on both.
#[derive(Clone, Debug)]
pub struct Rigs {
    position: Position,
    time: LogTime,
    rigs: BTreeMap<RigName, Rig>,
    most: usize,
    max_items: usize,
    /// How many items all rigs hold.
    items: usize,
    partition: Partition,
    /// The rigs that were removed and are not known to be saved, with the revision that removed each.
    removed: BTreeMap<RigName, Revision>,
    /// Where a rig stands that does not exist: it was removed by this revision at the latest.
    missing: Revision,
}

impl Rigs {
    /// The rigs as a store kept them, in an order that goes on from `start`. At most `most` rigs may be made, but no
    /// stored rig is dropped. The caller has checked that the partition holds all of them.
    pub fn restore(image: Image, start: Position, most: usize, partition: Partition) -> Self {
        let time = image.time;
        let rigs = image.rigs.into_iter().map(|(name, rig)| (name, Rig::restore(rig, start.epoch)));
        let mut rigs: BTreeMap<_, _> = rigs.collect();
        let main = RigName::default();
        if partition.holds(&main) {
            rigs.entry(main).or_insert_with(|| Rig::new(start.epoch));
        }
        let items = rigs.values().map(Rig::items).sum();
        let missing = if image.position.epoch == start.epoch { image.missing } else { Revision(0) };
        let (max_items, removed) = (MAX_ITEMS, BTreeMap::new());
        Self { position: start, time, rigs, most, max_items, items, partition, removed, missing }
    }

    /// The same rigs, which may hold this many items in place of [`MAX_ITEMS`]. No item is dropped.
    #[must_use]
    pub fn with_max_items(self, max_items: usize) -> Self {
        Self { max_items, ..self }
    }

    /// The position of the last entry of the log.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The rig of this name, if it has been made.
    pub fn get(&self, name: &RigName) -> Option<&Rig> {
        self.rigs.get(name)
    }

    /// All rigs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&RigName, &Rig)> {
        self.rigs.iter()
    }

    /// The rigs whose names come after `name`, or all rigs, in order.
    pub fn after(&self, name: Option<&RigName>) -> impl Iterator<Item = (&RigName, &Rig)> {
        self.rigs.range::<RigName, _>((name.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
    }

    /// The log time of the last entry.
    pub fn time(&self) -> LogTime {
        self.time
    }

    /// Where a rig stands that does not exist. It is at least the revision that removed a rig of that name, so that no replica
    /// of the removed rig takes a rig that is made anew for it.
    pub fn missing_at(&self) -> Revision {
        self.missing
    }

    /// How many rigs there are.
    pub fn count(&self) -> usize {
        self.rigs.len()
    }

    /// The partition that the rigs belong to.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// Skips an entry whose rig belongs to another partition. It was written into the wrong log, where all state
    /// services skip it alike: it moves the position, and changes no rig.
    pub fn pass(&mut self, revision: Revision, stamp: Stamp) {
        self.time = self.time.next(stamp);
        self.position.revision = revision;
    }

    /// Folds one entry of the log into its rig. Entries come in the log's order.
    pub fn apply(&mut self, revision: Revision, stamp: Stamp, name: &RigName, entry: &Entry) -> Delta {
        self.time = self.time.next(stamp);
        self.position.revision = revision;
        let time = self.time;
        let room = self.max_items.saturating_sub(self.items);
        match self.rigs.get_mut(name) {
            Some(rig) => {
                let (before, is_permanent) = (rig.items(), *name == RigName::default());
                let delta = rig.apply_within(room, is_permanent, revision, time, entry);
                self.items += rig.items() - before;
                if delta.is_missing {
                    self.remove(name, revision);
                }
                delta
            }
            None => self.make(room, revision, name, entry),
        }
    }

    /// Folds the first entry of a rig, which makes the rig unless all of its changes are refused.
    fn make(&mut self, room: usize, revision: Revision, name: &RigName, entry: &Entry) -> Delta {
        let has_place = self.rigs.len() < self.most;
        let mut rig = Rig::empty(Position { revision: self.missing, ..self.position });
        let delta = rig.make_within(room, revision, self.time, entry);
        if delta.is_missing {
            return delta;
        }
        if !has_place {
            let verdicts = (0..entry.changes().len()).map(|index| (index, Verdict::NoRoom));
            let verdicts = verdicts.chain(delta.verdicts).collect();
            let Delta { position, prev, time, .. } = delta;
            return Delta { position, prev, time, verdicts, is_missing: true, ..Delta::default() };
        }
        self.items += rig.items();
        self.rigs.insert(name.clone(), rig);
        delta
    }

    fn remove(&mut self, name: &RigName, revision: Revision) {
        self.items -= self.rigs.remove(name).map_or(0, |rig| rig.items());
        self.removed.insert(name.clone(), revision);
        self.missing = revision;
    }

    /// The store holds everything up to `cursor`: removals until then need no longer be told to it.
    pub fn saved(&mut self, cursor: Revision) {
        self.removed.retain(|_, revision| *revision > cursor);
    }

    /// The changes after `cursor`, in all rigs. The reader of the log adds the stamp.
    pub fn image_since(&self, cursor: Revision) -> Image {
        let changed = self.rigs.iter().filter(|(_, rig)| rig.position().revision > cursor);
        Image {
            position: self.position,
            missing: self.missing,
            stamp: Stamp::default(),
            time: self.time,
            since: Position { revision: cursor, ..self.position },
            rigs: changed.map(|(name, rig)| (name.clone(), rig.image_since(cursor))).collect(),
            removed: self
                .removed
                .iter()
                .filter(|(_, at)| **at > cursor)
                .map(|(name, at)| (name.clone(), *at))
                .collect(),
        }
    }
}
