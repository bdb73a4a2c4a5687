//! The map that the fold and every replica keep.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::{Digest, Dimmer, Item, Label, Level, Revision, Slot, Slots, State, Update};

/// All that a rig holds, each item with the revision that last changed it.
///
/// Laws (property tests in `tests/laws.rs`):
/// - applying the same update at the same revision twice changes nothing;
/// - [`since`](Self::since)`(r)`, applied to the map as it was at `r`, gives the map as it is;
/// - [`digest`](Self::digest) equals the digest computed anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RigMap {
    slots: Slots,
    /// The items by the revision that last changed them: the index that makes `since` cost what has changed.
    recency: BTreeSet<(Revision, Item)>,
    revision: Revision,
    /// [`since`](Self::since) can answer from here on.
    floor: Revision,
    /// But not from here, where it has not been itself: see [`skip_to`](Self::skip_to).
    skipped: Range<u64>,
    digest: Digest,
}

impl RigMap {
    /// The map of these slots at `revision`, which can answer [`since`](Self::since) from `floor` on.
    pub(crate) fn restore(revision: Revision, floor: Revision, slots: Slots) -> Self {
        let mut map = Self { revision, floor, ..Self::default() };
        slots.levels.into_iter().for_each(|(dimmer, slot)| map.put_level(dimmer, slot));
        slots.labels.into_iter().for_each(|(dimmer, slot)| map.put_label(dimmer, slot));
        slots.master.into_iter().for_each(|slot| map.put_master(slot));
        slots.blackout.into_iter().for_each(|slot| map.put_blackout(slot));
        map
    }

    /// Takes absolute values at `revision`, which is not before the map's own.
    pub(crate) fn apply(&mut self, revision: Revision, update: &Update) {
        for (&dimmer, &value) in &update.levels {
            self.put_level(dimmer, Slot { value, revision });
        }
        for (&dimmer, value) in &update.labels {
            self.put_label(dimmer, Slot { value: value.clone(), revision });
        }
        if update.master.is_some() {
            self.put_master(Slot { value: update.master, revision });
        }
        if update.blackout.is_some() {
            self.put_blackout(Slot { value: update.blackout, revision });
        }
        self.revision = revision;
    }

    /// Takes in what differs between the map and the one at `revision`, without what happened in between.
    ///
    /// An item that changed and changed back on the way is not in it. So a cursor that stands on the way cannot be
    /// caught up from here; the others can. Of several skips the newest is kept, and the floor rises to the ones before.
    pub(crate) fn skip_to(&mut self, revision: Revision, differs: &Update) {
        let skipped = self.revision.0 + 1..revision.0;
        if !skipped.is_empty() {
            self.floor = self.floor.max(Revision(self.skipped.end));
            self.skipped = skipped;
        }
        self.apply(revision, differs);
    }

    fn put_level(&mut self, dimmer: Dimmer, slot: Slot<Level>) {
        let mark = |slot: &Slot<Level>| mark(slot, |&level| Digest::of_level(dimmer, level));
        let now = mark(&slot);
        let before = self.slots.levels.insert(dimmer, slot).as_ref().map(mark);
        self.replaced(Item::Level(dimmer), before, now);
    }

    fn put_label(&mut self, dimmer: Dimmer, slot: Slot<Label>) {
        let mark = |slot: &Slot<Label>| mark(slot, |label| Digest::of_label(dimmer, label));
        let now = mark(&slot);
        let before = self.slots.labels.insert(dimmer, slot).as_ref().map(mark);
        self.replaced(Item::Label(dimmer), before, now);
    }

    fn put_master(&mut self, slot: Slot<Level>) {
        let mark = |slot: &Slot<Level>| mark(slot, |&master| Digest::of_master(master));
        let now = mark(&slot);
        let before = self.slots.master.replace(slot).as_ref().map(mark);
        self.replaced(Item::Master, before, now);
    }

    fn put_blackout(&mut self, slot: Slot<bool>) {
        let mark = |slot: &Slot<bool>| mark(slot, |&blackout| Digest::of_blackout(blackout));
        let now = mark(&slot);
        let before = self.slots.blackout.replace(slot).as_ref().map(mark);
        self.replaced(Item::Blackout, before, now);
    }

    /// Keeps the digest and the index up: one of the slots has taken another's place.
    fn replaced(&mut self, item: Item, before: Option<Mark>, now: Mark) {
        self.digest += now.digest;
        self.recency.insert((now.revision, item));
        let Some(before) = before else { return };
        self.digest -= before.digest;
        if before.revision != now.revision {
            self.recency.remove(&(before.revision, item));
        }
    }

    /// The revision of the last entry folded in.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The digest of all it holds.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The dimmers that have a level, in order.
    pub fn levels(&self) -> impl Iterator<Item = (Dimmer, Level)> + '_ {
        self.slots.levels.iter().filter_map(|(&dimmer, slot)| Some((dimmer, slot.value?)))
    }

    /// The dimmers that have a label, in order.
    pub fn labels(&self) -> impl Iterator<Item = (Dimmer, &Label)> + '_ {
        self.slots.labels.iter().filter_map(|(&dimmer, slot)| Some((dimmer, slot.value.as_ref()?)))
    }

    /// The level of a dimmer, if it has one.
    pub fn level(&self, dimmer: Dimmer) -> Option<Level> {
        self.slots.levels.get(&dimmer)?.value
    }

    /// The label of a dimmer, if it has one.
    pub fn label(&self, dimmer: Dimmer) -> Option<&Label> {
        self.slots.labels.get(&dimmer)?.value.as_ref()
    }

    /// The grand master.
    pub fn master(&self) -> Level {
        self.slots.master.as_ref().and_then(|slot| slot.value).unwrap_or(Level::FULL)
    }

    /// Whether the rig is blacked out.
    pub fn blackout(&self) -> bool {
        self.slots.blackout.as_ref().and_then(|slot| slot.value).unwrap_or(false)
    }

    /// What leaves the rig for a level that is set: the product with the grand master, nothing in blackout.
    pub fn output(&self, level: Level) -> Level {
        if self.blackout() { Level::OUT } else { level.under(self.master()) }
    }

    /// What leaves the rig for every dimmer that has a level, in order.
    pub fn outputs(&self) -> impl Iterator<Item = (Dimmer, Level)> + '_ {
        self.levels().map(|(dimmer, level)| (dimmer, self.output(level)))
    }

    /// How many dimmers have a level.
    pub fn len(&self) -> usize {
        self.levels().count()
    }

    /// Whether it holds nothing but what every rig begins with.
    pub fn is_empty(&self) -> bool {
        let has_values = self.levels().next().is_some() || self.labels().next().is_some();
        !has_values && self.master() == Level::FULL && !self.blackout()
    }

    /// All that it holds.
    pub fn state(&self) -> State {
        State {
            levels: self.levels().collect(),
            labels: self.labels().map(|(dimmer, label)| (dimmer, label.clone())).collect(),
            master: self.master(),
            blackout: self.blackout(),
        }
    }

    /// All that it knows of, what was forgotten too.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The newest values of all that changed after `cursor`; `None` if the map does not know how it was there, and
    /// the reader needs a snapshot. Costs what has changed, not what is there.
    pub fn since(&self, cursor: Revision) -> Option<Update> {
        if cursor < self.floor || cursor > self.revision || self.skipped.contains(&cursor.0) {
            return None;
        }
        Some(self.slots_since(cursor).update())
    }

    /// The slots that changed after `cursor`.
    pub(crate) fn slots_since(&self, cursor: Revision) -> Slots {
        let mut since = Slots::default();
        let after = (Revision(cursor.0 + 1), Item::Level(Dimmer::MIN));
        for &(_, item) in self.recency.range(after..) {
            match item {
                Item::Level(dimmer) => {
                    since.levels.extend(self.slots.levels.get_key_value(&dimmer).map(|(&d, slot)| (d, slot.clone())));
                }
                Item::Label(dimmer) => {
                    since.labels.extend(self.slots.labels.get_key_value(&dimmer).map(|(&d, slot)| (d, slot.clone())));
                }
                Item::Master => since.master.clone_from(&self.slots.master),
                Item::Blackout => since.blackout.clone_from(&self.slots.blackout),
            }
        }
        since
    }

    /// The revision that last changed an item; `None` if nothing ever has.
    pub fn revision_of(&self, item: Item) -> Option<Revision> {
        match item {
            Item::Level(dimmer) => self.slots.levels.get(&dimmer).map(|slot| slot.revision),
            Item::Label(dimmer) => self.slots.labels.get(&dimmer).map(|slot| slot.revision),
            Item::Master => self.slots.master.as_ref().map(|slot| slot.revision),
            Item::Blackout => self.slots.blackout.as_ref().map(|slot| slot.revision),
        }
    }

    /// Whether an item has changed after `cursor`.
    pub(crate) fn changed_after(&self, item: Item, cursor: Revision) -> bool {
        self.revision_of(item).is_some_and(|revision| revision > cursor)
    }
}

/// What digest and index hold of a slot.
struct Mark {
    revision: Revision,
    digest: Digest,
}

fn mark<T>(slot: &Slot<T>, digest: impl FnOnce(&T) -> Digest) -> Mark {
    Mark { revision: slot.revision, digest: slot.value.as_ref().map(digest).unwrap_or_default() }
}
