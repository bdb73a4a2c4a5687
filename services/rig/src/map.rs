//! The map that the fold and every replica keep.

use std::ops::Range;

use crate::held::Held;
use crate::kinds::Kind;
use crate::{
    Changed, ClientId, Digests, Dimmer, Interest, Item, Label, Level, Listed, LogTime, Revision, Slot, Slots, State,
    Update,
};

/// The index of a map may have this many entries for each item, and [`MIN_INDEX`] more, before those that do not count are
/// dropped.
const MAX_STALE: usize = 4;
const MIN_INDEX: usize = 1_024;

/// All items of a rig, each with the revision that last changed it.
///
/// Laws (property tests in `tests/laws`):
/// - applying the same update at the same revision twice changes nothing;
/// - [`since`](Self::since)`(r)`, applied to the map as it was at `r`, gives the map as it is;
/// - [`digests`](Self::digests) equal the digests computed anew.
#[derive(Clone, Debug, Default)]
pub struct RigMap {
    slots: Slots,
    /// How many slots there are.
    items: usize,
    /// The items in the order of the revisions that changed them. An entry counts if its revision is that of its item's slot;
    /// others have been changed again since. With this index, `since` costs only what has changed.
    recency: Vec<(Revision, Item)>,
    revision: Revision,
    time: LogTime,
    /// The first revision from which [`since`](Self::since) can answer.
    floor: Revision,
    /// Revisions from which `since` cannot answer, because the map skipped them: see [`skip_to`](Self::skip_to).
    skipped: Range<u64>,
    digests: Digests,
    held: Held,
}

/// The index follows from the slots, but for entries that do not count.
impl PartialEq for RigMap {
    fn eq(&self, other: &Self) -> bool {
        let parts = |map: &Self| {
            (map.revision, map.time, map.floor, map.skipped.clone(), map.digests.clone(), map.held.clone())
        };
        self.slots == other.slots && parts(self) == parts(other)
    }
}

impl Eq for RigMap {}

impl RigMap {
    /// A map with these slots at `revision`, which can answer [`since`](Self::since) from `floor` on.
    pub(crate) fn restore(revision: Revision, time: LogTime, floor: Revision, slots: Slots) -> Self {
        let mut map = Self { revision, time, floor, ..Self::default() };
        each_kind!(K => for (key, slot) in K::slots(&slots) {
            map.put::<K>(key.clone(), slot.clone());
        });
        map.recency.sort_by_key(|(revision, _)| *revision);
        map
    }

    /// Sets the values of an update at `revision`, which is not before the map's own. `by` asked for all of them.
    pub(crate) fn apply(&mut self, revision: Revision, time: LogTime, by: Option<&ClientId>, update: &Update) {
        self.time = self.time.max(time);
        let at = self.time;
        each_kind!(K => for (key, value) in K::changes(update) {
            let changed = Changed { by: by.cloned(), at };
            self.put::<K>(key.clone(), Slot { value: value.cloned(), revision, changed });
        });
        self.revision = revision;
    }

    /// Goes to `revision` with the difference between the two maps, without the changes in between.
    ///
    /// The difference lacks an item that changed and changed back. So cursors inside the skipped range cannot be caught
    /// up from here; other cursors can. Only the newest skip is kept: the floor rises to the end of the one before.
    pub(crate) fn skip_to(&mut self, revision: Revision, time: LogTime, differs: &Update) {
        let skipped = self.revision.0 + 1..revision.0;
        if !skipped.is_empty() {
            self.floor = self.floor.max(Revision(self.skipped.end));
            self.skipped = skipped;
        }
        self.apply(revision, time, None, differs);
    }

    /// Records who last changed an item, and when.
    pub(crate) fn note_changed(&mut self, item: &Item, changed: &Changed) {
        with_item!(item, K, key => {
            let (revision, value) = (self.revision, K::initial());
            match K::slot_mut(&mut self.slots, key) {
                Some(slot) => slot.changed = changed.clone(),
                // A client set the item to its initial value.
                None if value.is_some() => self.put::<K>(key.clone(), Slot { value, revision, changed: changed.clone() }),
                None => {}
            }
        });
    }

    /// Puts a slot in, and updates the digest and the index.
    fn put<K: Listed>(&mut self, key: crate::KeyOf<K>, slot: Slot<K::Value>) {
        let digest = |slot: &Slot<K::Value>| slot.value.as_ref().map(|value| K::item_digest(&key, value));
        let (revision, mut digests) = (slot.revision, self.digests.of(K::ID));
        digests += digest(&slot).unwrap_or_default();
        let value = slot.value.clone();
        let before = K::put(&mut self.slots, key.clone(), slot);
        self.held.replaced::<K>(&key, before.as_ref().and_then(|before| before.value.as_ref()), value.as_ref());
        if let Some(before) = &before {
            digests -= digest(before).unwrap_or_default();
        }
        self.digests.set(K::ID, digests);
        self.items += usize::from(before.is_none());
        if before.is_none_or(|before| before.revision != revision) {
            self.recency.push((revision, K::item(key)));
            self.forget_stale();
        }
    }

    /// Drops the entries of the index that do not count, once there are many of them.
    fn forget_stale(&mut self) {
        if self.recency.len() > MAX_STALE * self.items + MIN_INDEX {
            let mut recency = std::mem::take(&mut self.recency);
            recency.retain(|(revision, item)| self.revision_of(item) == Some(*revision));
            self.recency = recency;
        }
    }

    /// The revision of the last entry in the map.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// How many items the map holds, forgotten ones included.
    pub fn items(&self) -> usize {
        self.items
    }

    /// Whether the map would hold more of a kind than its bound allows, once it has this update.
    pub(crate) fn is_exceeded_by(&self, update: &Update) -> bool {
        self.held.is_exceeded_by(update, &self.slots)
    }

    /// The log time of the last entry in the map.
    pub fn time(&self) -> LogTime {
        self.time
    }

    /// The digest of each kind.
    pub fn digests(&self) -> Digests {
        self.digests.restricted_to(Interest::all())
    }

    /// The dimmers that have a level, in order.
    pub fn levels(&self) -> impl Iterator<Item = (Dimmer, Level)> + '_ {
        self.slots.levels.iter().filter_map(|(&dimmer, slot)| Some((dimmer, slot.value?)))
    }

    /// The level of a dimmer, if it has one.
    pub fn level(&self, dimmer: Dimmer) -> Option<Level> {
        self.slots.levels.get(&dimmer)?.value
    }

    /// The label of a dimmer, if it has one.
    pub fn label(&self, dimmer: Dimmer) -> Option<&Label> {
        self.slots.labels.get(&dimmer)?.value.as_ref()
    }

    /// The level of the grand master.
    pub fn master(&self) -> Level {
        self.slots.master.as_ref().and_then(|slot| slot.value).unwrap_or(Level::FULL)
    }

    /// Whether the rig is blacked out.
    pub fn blackout(&self) -> bool {
        self.slots.blackout.as_ref().and_then(|slot| slot.value).unwrap_or(false)
    }

    /// What the rig puts out for a level: the product with the grand master, 0 % in blackout.
    pub fn output(&self, level: Level) -> Level {
        if self.blackout() { Level::OUT } else { level.under(self.master()) }
    }

    /// What the rig puts out for every dimmer that has a level, in order.
    pub fn outputs(&self) -> impl Iterator<Item = (Dimmer, Level)> + '_ {
        self.levels().map(|(dimmer, level)| (dimmer, self.output(level)))
    }

    /// How many dimmers have a level.
    pub fn len(&self) -> usize {
        self.levels().count()
    }

    /// Whether every item has its initial value.
    pub fn is_empty(&self) -> bool {
        let mut is_empty = true;
        each_kind!(K => is_empty = is_empty && K::slots(&self.slots)
            .all(|(_, slot)| slot.value.is_none() || slot.value == K::initial()));
        is_empty
    }

    /// The values of all items.
    pub fn state(&self) -> State {
        self.slots.state(Interest::all())
    }

    /// The slots of all items, including those of forgotten items.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The newest values of all items that changed after `cursor`. `None` if the map cannot tell what changed, and the
    /// reader needs a snapshot. Costs what has changed, not the size of the map.
    pub fn since(&self, cursor: Revision) -> Option<Update> {
        self.knows_since(cursor).then(|| self.slots_since(cursor).update())
    }

    /// Whether [`since`](Self::since) can tell what changed after `cursor`.
    pub fn knows_since(&self, cursor: Revision) -> bool {
        cursor >= self.floor && cursor <= self.revision && !self.skipped.contains(&cursor.0)
    }

    /// What makes the map, in these kinds, exactly this: the values of `update`, and `None` for each other item that has a value
    /// which is not its initial one.
    pub(crate) fn replaced_by(&self, update: &Update, kinds: Interest) -> Update {
        let mut all = update.clone();
        each_kind!(K => for (key, slot) in K::slots(&self.slots) {
            let is_set = slot.value.is_some() && slot.value != K::initial();
            if kinds.wants(K::ID) && is_set && K::change(update, key).is_none() {
                K::set(&mut all, key.clone(), None);
            }
        });
        all
    }

    /// The slots that changed after `cursor`.
    pub(crate) fn slots_since(&self, cursor: Revision) -> Slots {
        let mut since = Slots::default();
        let first = self.recency.partition_point(|(revision, _)| *revision <= cursor);
        for (revision, item) in &self.recency[first..] {
            with_item!(item, K, key => {
                let slot = K::slot(&self.slots, key);
                if let Some(slot) = slot.filter(|slot| slot.revision == *revision) {
                    K::put(&mut since, key.clone(), slot.clone());
                }
            });
        }
        since
    }

    /// The revision that last changed an item; `None` if the map has no slot for it.
    pub fn revision_of(&self, item: &Item) -> Option<Revision> {
        with_item!(item, K, key => K::slot(&self.slots, key).map(|slot| slot.revision))
    }

    /// Whether an item has changed after `cursor`.
    pub fn changed_after(&self, item: &Item, cursor: Revision) -> bool {
        self.revision_of(item).is_some_and(|revision| revision > cursor)
    }
}
