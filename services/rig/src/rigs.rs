//! The rigs of one log.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::{Change, Delta, Entry, Image, LogTime, Partition, Position, Revision, Rig, RigName, Stamp, Verdict};

/// The most items that all rigs of one log may hold together, forgotten ones included: some 400 MB of memory. What could not
/// be loaded at a start must not be taken in.
pub const MAX_ITEMS: usize = 2_000_000;

/// The rigs that share one log, and the log's position.
///
/// All of them belong to one partition. The first entry of a rig makes it; [`main`](RigName::default) always exists in
/// its partition. Once there are `most` rigs, an entry for another rig is refused. A change that would make the rigs hold
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
        Self { position: start, time, rigs, most, max_items: MAX_ITEMS, items, partition }
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
        if let Some(rig) = self.rigs.get_mut(name) {
            let before = rig.items();
            let delta = rig.apply_within(room, revision, time, entry);
            self.items += rig.items() - before;
            return delta;
        }
        if entry.changes().iter().all(|change| change.if_made == Some(true)) {
            return self.refuse(entry, |change| Verdict::Changed(change.update.items().collect()));
        }
        if self.rigs.len() >= self.most {
            return self.refuse(entry, |_| Verdict::NoRoom);
        }
        let mut rig = Rig::new(self.position.epoch);
        let delta = rig.make_within(room, revision, time, entry);
        if delta.verdicts.len() == entry.changes().len()
            && delta.verdicts.values().all(|verdict| *verdict == Verdict::NoRoom)
        {
            return self.refuse(entry, |_| Verdict::NoRoom);
        }
        self.items += rig.items();
        self.rigs.insert(name.clone(), rig);
        delta
    }

    /// Refuses all changes of an entry of a rig that has not been made.
    fn refuse(&self, entry: &Entry, verdict: impl Fn(&Change) -> Verdict) -> Delta {
        let verdicts = entry.changes().iter().map(verdict).enumerate().collect();
        Delta { position: self.position, time: self.time, verdicts, ..Delta::default() }
    }

    /// The changes after `cursor`, in all rigs. The reader of the log adds the stamp.
    pub fn image_since(&self, cursor: Revision) -> Image {
        let changed = self.rigs.iter().filter(|(_, rig)| rig.position().revision > cursor);
        Image {
            position: self.position,
            stamp: Stamp::default(),
            time: self.time,
            since: Position { revision: cursor, ..self.position },
            rigs: changed.map(|(name, rig)| (name.clone(), rig.image_since(cursor))).collect(),
        }
    }
}
