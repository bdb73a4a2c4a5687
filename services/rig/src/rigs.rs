//! All rigs of one log.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::{Delta, Entry, Image, LogTime, Partition, Position, Revision, Rig, RigName, Stamp, Verdict};

/// All rigs that share one log, and where that log stands.
///
/// They are those of one partition. A rig is made by its first entry; [`main`](RigName::default) is always there, in the
/// partition that holds it. When as many are there as may be, an entry for another is refused.
#[derive(Clone, Debug)]
pub struct Rigs {
    position: Position,
    time: LogTime,
    rigs: BTreeMap<RigName, Rig>,
    most: usize,
    partition: Partition,
}

impl Rigs {
    /// The rigs as a store kept them, in an order that goes on from `start`; at most `most` of them, though none that
    /// was stored is dropped. Whoever restores has made sure that the partition holds them.
    pub fn restore(image: Image, start: Position, most: usize, partition: Partition) -> Self {
        let time = image.time;
        let rigs = image.rigs.into_iter().map(|(name, rig)| (name, Rig::restore(rig, start.epoch)));
        let mut rigs: BTreeMap<_, _> = rigs.collect();
        let main = RigName::default();
        if partition.holds(&main) {
            rigs.entry(main).or_insert_with(|| Rig::new(start.epoch));
        }
        Self { position: start, time, rigs, most, partition }
    }

    /// Where the log stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The rig of this name, if it has been made.
    pub fn get(&self, name: &RigName) -> Option<&Rig> {
        self.rigs.get(name)
    }

    /// The rigs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&RigName, &Rig)> {
        self.rigs.iter()
    }

    /// Those that come after a name, or all of them, with their names, in order.
    pub fn after(&self, name: Option<&RigName>) -> impl Iterator<Item = (&RigName, &Rig)> {
        self.rigs.range::<RigName, _>((name.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
    }

    /// The log time of the last entry.
    pub fn time(&self) -> LogTime {
        self.time
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.rigs.len()
    }

    /// Which rigs these can be.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// Goes past an entry of a rig that is in another partition: whoever wrote it wrote it into the wrong log, where it
    /// changes nothing, for everyone alike.
    pub fn pass(&mut self, revision: Revision, stamp: Stamp) {
        self.time = self.time.next(stamp);
        self.position.revision = revision;
    }

    /// Folds one entry of the log into its rig. Entries come in the log's order.
    pub fn apply(&mut self, revision: Revision, stamp: Stamp, name: &RigName, entry: &Entry) -> Delta {
        self.time = self.time.next(stamp);
        self.position.revision = revision;
        if !self.rigs.contains_key(name) {
            if self.rigs.len() >= self.most {
                return self.refuse(entry);
            }
            self.rigs.insert(name.clone(), Rig::new(self.position.epoch));
        }
        let time = self.time;
        self.rigs.get_mut(name).map(|rig| rig.apply(revision, time, entry)).unwrap_or_default()
    }

    fn refuse(&self, entry: &Entry) -> Delta {
        let verdicts = (0..entry.changes().len()).map(|index| (index, Verdict::NoRoom)).collect();
        Delta { position: self.position, time: self.time, verdicts, ..Delta::default() }
    }

    /// What has changed after `cursor`, in all rigs. The stamp is for whoever reads the log to add.
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
