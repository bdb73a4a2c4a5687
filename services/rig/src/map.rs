//! The map of levels that the fold and every replica keep.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::{Digest, Dimmer, Level, Levels, Revision};

/// What the map knows of one dimmer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its level; `None` if it was forgotten, which a reader behind that must still be told.
    pub level: Option<Level>,
    /// The revision that last changed it; 0 if nothing has in this epoch.
    pub revision: Revision,
}

/// Levels by dimmer, each with the revision that last changed it.
///
/// Laws (property tests in `tests/laws.rs`):
/// - applying the same levels at the same revision twice changes nothing;
/// - [`since`](Self::since)`(r)`, applied to the map as it was at `r`, gives the map as it is;
/// - [`digest`](Self::digest) equals the digest computed anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelMap {
    slots: BTreeMap<Dimmer, Slot>,
    /// The dimmers by the revision that last changed them: the index that makes `since` cost what has changed.
    recency: BTreeSet<(Revision, Dimmer)>,
    revision: Revision,
    /// [`since`](Self::since) can answer from here on.
    floor: Revision,
    /// But not from here, where it has not been itself: see [`leap`](Self::leap).
    leapt: Range<u64>,
    digest: Digest,
}

impl LevelMap {
    /// The map of these slots at `revision`, which can answer [`since`](Self::since) from `floor` on.
    pub(crate) fn restore(
        revision: Revision,
        floor: Revision,
        slots: impl IntoIterator<Item = (Dimmer, Slot)>,
    ) -> Self {
        let mut map = Self { revision, floor, ..Self::default() };
        for (dimmer, slot) in slots {
            map.put(dimmer, slot);
        }
        map
    }

    /// Takes absolute levels at `revision`, which is not before the map's own.
    pub(crate) fn apply(&mut self, revision: Revision, levels: &Levels) {
        for (&dimmer, &level) in levels {
            self.put(dimmer, Slot { level, revision });
        }
        self.revision = revision;
    }

    /// Takes in what differs between the map and the one at `revision`, without what happened in between.
    ///
    /// A dimmer that changed and changed back on the way is not in it. So a cursor that stands on the way cannot be
    /// caught up from here; the others can. Of several leaps the newest is kept, and the floor rises to the ones before.
    pub(crate) fn leap(&mut self, revision: Revision, differs: &Levels) {
        let leapt = self.revision.0 + 1..revision.0;
        if !leapt.is_empty() {
            self.floor = self.floor.max(Revision(self.leapt.end));
            self.leapt = leapt;
        }
        self.apply(revision, differs);
    }

    fn put(&mut self, dimmer: Dimmer, slot: Slot) {
        if let Some(level) = slot.level {
            self.digest.add(dimmer, level);
        }
        self.recency.insert((slot.revision, dimmer));
        let Some(before) = self.slots.insert(dimmer, slot) else { return };
        if let Some(level) = before.level {
            self.digest.remove(dimmer, level);
        }
        if before.revision != slot.revision {
            self.recency.remove(&(before.revision, dimmer));
        }
    }

    /// The revision of the last entry folded in.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The digest of all levels.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The dimmers that have a level, in order.
    pub fn levels(&self) -> impl Iterator<Item = (Dimmer, Level)> + '_ {
        self.slots.iter().filter_map(|(&dimmer, slot)| Some((dimmer, slot.level?)))
    }

    /// The level of a dimmer, if it has one.
    pub fn level(&self, dimmer: Dimmer) -> Option<Level> {
        self.slots.get(&dimmer)?.level
    }

    /// How many dimmers have a level.
    pub fn len(&self) -> usize {
        self.levels().count()
    }

    /// Whether no dimmer has a level.
    pub fn is_empty(&self) -> bool {
        self.levels().next().is_none()
    }

    /// The dimmers that the map knows of, the forgotten ones too, in order.
    pub fn slots(&self) -> impl Iterator<Item = (Dimmer, Slot)> + '_ {
        self.slots.iter().map(|(&dimmer, &slot)| (dimmer, slot))
    }

    /// The newest levels of all that changed after `cursor`; `None` if the map does not know how it was there, and
    /// the reader needs a snapshot. Costs what has changed, not what is there.
    pub fn since(&self, cursor: Revision) -> Option<Levels> {
        if cursor < self.floor || cursor > self.revision || self.leapt.contains(&cursor.0) {
            return None;
        }
        Some(self.slots_since(cursor).map(|(dimmer, slot)| (dimmer, slot.level)).collect())
    }

    /// The slots that changed after `cursor`, the oldest change first.
    pub(crate) fn slots_since(&self, cursor: Revision) -> impl Iterator<Item = (Dimmer, Slot)> + '_ {
        let after = (Revision(cursor.0 + 1), Dimmer::MIN);
        self.recency.range(after..).map(|&(_, dimmer)| (dimmer, self.slots[&dimmer]))
    }

    /// Whether a dimmer has changed after `cursor`.
    pub(crate) fn changed_after(&self, dimmer: Dimmer, cursor: Revision) -> bool {
        self.slots.get(&dimmer).is_some_and(|slot| slot.revision > cursor)
    }
}
