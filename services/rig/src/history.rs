//! What clients have changed, so that each can take back its own changes.

use std::collections::{BTreeMap, VecDeque};

use crate::kinds::Listed;
use crate::{
    Attribution, ClientId, Delta, Item, KeyOf, KindId, LogTime, Reversal, Reverse, Revision, RigMap, Slot, Slots,
    Update,
};

/// The most changes of one client that can be taken back; the oldest are forgotten first.
pub const MAX_UNDO: usize = 100;

/// The most clients whose changes are remembered; those that have changed nothing for longest are forgotten first.
const MAX_CLIENTS: usize = 256;

/// The most items that all remembered changes of a rig have together: two whole rigs. The client whose changes have the most items
/// loses its oldest ones first. The newest change is remembered whatever its size is.
const MAX_REMEMBERED: usize = 2 * 65_536;

/// The most items that reversals have set and that are remembered as such.
const MAX_RESTORED: usize = 2 * MAX_REMEMBERED;

/// Changes of the same levels or of the grand master that a client numbers one after another, each within this time of the one
/// before, are one change to take back: a fader that is moved by hand sends many.
const GESTURE_NS: u64 = 1_000_000_000;

/// What a reversal sets, and what it leaves as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversed {
    /// The reversal, by which every history recognises it.
    pub reversal: Reversal,
    /// The values of the items that nobody has changed since.
    pub update: Update,
    /// The items that others have changed since, in order: they stay as they are.
    pub left: Vec<Item>,
}

/// The last changes of each client to one rig, with the values that they replaced.
///
/// It follows the rig's deltas, so every gateway that follows the rig has the same one. It knows nothing of the changes before
/// its first delta, nor of those in a snapshot.
///
/// A value that is taken back counts as the one that was there before, whoever had set it: so that change can be taken back
/// next.
#[derive(Clone, Debug, Default)]
pub struct History {
    clients: BTreeMap<ClientId, Changes>,
    /// For items that a reversal has set, at the first revision: the revision that first set the same value.
    restored: BTreeMap<Item, (Revision, Revision)>,
    /// How many items all remembered changes have together.
    items: usize,
}

/// The changes of one client.
#[derive(Clone, Debug, Default)]
struct Changes {
    /// Those that can be taken back, the oldest first.
    done: VecDeque<Remembered>,
    /// Those that were taken back and can be made again, the last one that was taken back last.
    undone: Vec<Remembered>,
}

/// One change, with what was there before.
#[derive(Clone, Debug)]
struct Remembered {
    revision: Revision,
    time: LogTime,
    /// The client's number for it; 0 if it does not number its changes.
    seq: u64,
    /// The slots of its items before it. An item without a slot had never been set.
    before: Slots,
    /// The values that it set.
    after: Update,
}

impl History {
    /// Follows a delta. `map` is the map before it.
    pub fn note(&mut self, map: &RigMap, delta: &Delta) {
        if delta.is_missing {
            return self.clear();
        }
        for attribution in &delta.origins {
            match attribution.reversal {
                Some(reversal) => self.note_reversal(reversal, attribution, delta.position.revision),
                // A whole dictionary cannot be taken back, and nothing before it must be in its place.
                None if delta.dictionary.is_some() => self.forget(&attribution.origin.client),
                None => self.note_change(map, delta, attribution),
            }
        }
        self.forget_old();
    }

    fn forget(&mut self, client: &ClientId) {
        self.items -= self.clients.remove(client).map_or(0, |changes| changes.items());
    }

    /// Forgets everything: the rig was removed, or a snapshot has replaced its map.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing can be taken back or made again.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// What takes back the last change of a client, or makes the change again that it took back last. `map` is the map that this
    /// history stands at. `None` if no such change of the client is remembered. There is nothing to make again once the client has
    /// changed something else.
    pub fn find(&self, reverse: Reverse, client: &ClientId, map: &RigMap) -> Option<Reversed> {
        let changes = self.clients.get(client)?;
        match reverse {
            Reverse::Undo => changes.done.back().map(|last| self.undo(last, map)),
            Reverse::Redo => changes.undone.last().map(|last| self.redo(last, map)),
        }
    }

    fn undo(&self, last: &Remembered, map: &RigMap) -> Reversed {
        let mut undo = Reversed::new(Reverse::Undo, last.revision);
        each_kind!(K => for (key, _) in K::changes(&last.after) {
            let before = K::slot(&last.before, key).and_then(|slot| slot.value.clone());
            undo.add::<K>(key, before, self.stands::<K>(key, map) == last.revision);
        });
        undo
    }

    fn redo(&self, last: &Remembered, map: &RigMap) -> Reversed {
        let mut redo = Reversed::new(Reverse::Redo, last.revision);
        each_kind!(K => for (key, after) in K::changes(&last.after) {
            let before = K::slot(&last.before, key).map_or(Revision(0), |slot| slot.revision);
            redo.add::<K>(key, after.cloned(), self.stands::<K>(key, map) == before);
        });
        redo
    }

    /// The revision that first set the value which an item has in `map`; 0 if none did.
    fn stands<K: Listed>(&self, key: &KeyOf<K>, map: &RigMap) -> Revision {
        let Some(slot) = K::slot(map.slots(), key) else { return Revision(0) };
        if self.restored.is_empty() {
            return slot.revision;
        }
        match self.restored.get(&K::item(key.clone())) {
            Some((restored, first)) if *restored == slot.revision => *first,
            _ => slot.revision,
        }
    }

    fn note_change(&mut self, map: &RigMap, delta: &Delta, Attribution { origin, items, .. }: &Attribution) {
        let (mut before, mut after) = (Slots::default(), Update::default());
        // The parts of an upload are of no use without it.
        for item in items.iter().filter(|item| !matches!(item, Item::WordPart(_))) {
            with_item!(item, K, key => {
                if let Some(value) = K::change(&delta.update, key) {
                    K::set(&mut after, key.clone(), value.cloned());
                }
                if let Some(slot) = K::slot(map.slots(), key) {
                    let revision = self.stands::<K>(key, map);
                    K::put(&mut before, key.clone(), Slot { revision, ..slot.clone() });
                }
            });
        }
        if after.is_empty() {
            return;
        }
        let (revision, time, seq) = (delta.position.revision, delta.time, origin.seq);
        let change = Remembered { revision, time, seq, before, after };
        let changes = self.clients.entry(origin.client.clone()).or_default();
        self.items -= changes.items();
        changes.add(change);
        self.items += changes.items();
    }

    fn note_reversal(&mut self, reversal: Reversal, Attribution { origin, items, .. }: &Attribution, now: Revision) {
        let Some(changes) = self.clients.get_mut(&origin.client) else { return };
        let Reversal { reverse, of } = reversal;
        let change = match reverse {
            Reverse::Undo => {
                let Some(place) = changes.done.iter().rposition(|done| done.revision == of) else { return };
                let change = changes.done.remove(place).expect("it was found there");
                changes.undone.push(change);
                changes.undone.last()
            }
            Reverse::Redo => {
                let Some(place) = changes.undone.iter().rposition(|undone| undone.revision == of) else { return };
                changes.done.push_back(changes.undone.remove(place));
                changes.done.back()
            }
        };
        let Some(change) = change else { return };
        for item in items {
            let first = match reverse {
                Reverse::Undo => change.revision_before(item),
                Reverse::Redo => of,
            };
            self.restored.insert(item.clone(), (now, first));
        }
    }

    /// Keeps the bounds.
    fn forget_old(&mut self) {
        while self.items > MAX_REMEMBERED
            && let Some(changes) = self.largest()
        {
            let before = changes.items();
            changes.forget_oldest();
            let forgotten = before - changes.items();
            self.items -= forgotten;
        }
        while (self.clients.len() > MAX_CLIENTS || self.items > MAX_REMEMBERED)
            && self.clients.len() > 1
            && let Some(client) = self.least_recent()
        {
            self.forget(&client);
        }
        if self.restored.len() > MAX_RESTORED {
            self.restored.clear();
        }
    }

    /// Of the clients with more than one change, the changes with the most items.
    fn largest(&mut self) -> Option<&mut Changes> {
        let several = self.clients.values_mut().filter(|changes| changes.all().nth(1).is_some());
        several.max_by_key(|changes| changes.items())
    }

    /// The client that has changed nothing for longest.
    fn least_recent(&self) -> Option<ClientId> {
        let (client, _) = self.clients.iter().min_by_key(|(_, changes)| changes.newest())?;
        Some(client.clone())
    }
}

impl Changes {
    /// Adds a change of the client itself, after which nothing can be made again.
    fn add(&mut self, change: Remembered) {
        self.undone.clear();
        match self.done.back_mut() {
            // Another change of the same entry.
            Some(last) if last.revision == change.revision => last.merge(change),
            Some(last) if last.is_continued_by(&change) => {
                (last.revision, last.time, last.seq, last.after) =
                    (change.revision, change.time, change.seq, change.after);
            }
            _ => self.done.push_back(change),
        }
        if self.done.len() > MAX_UNDO {
            self.done.pop_front();
        }
    }

    fn forget_oldest(&mut self) {
        if self.done.pop_front().is_none() && !self.undone.is_empty() {
            self.undone.remove(0);
        }
    }

    fn all(&self) -> impl Iterator<Item = &Remembered> {
        self.done.iter().chain(&self.undone)
    }

    fn items(&self) -> usize {
        self.all().map(|change| change.after.len()).sum()
    }

    fn newest(&self) -> Option<Revision> {
        self.all().map(|change| change.revision).max()
    }
}

impl Remembered {
    /// Adds the items of another change of the same entry. Both set different items.
    fn merge(&mut self, other: Self) {
        self.after.extend(&other.after);
        each_kind!(K => for (key, slot) in K::slots(&other.before) {
            K::put(&mut self.before, key.clone(), slot.clone());
        });
    }

    /// Whether `next` goes on with the same gesture: nobody has changed one of its items in between.
    fn is_continued_by(&self, next: &Self) -> bool {
        let soon = next.time.0.saturating_sub(self.time.0) < GESTURE_NS;
        // The numbers of another connection begin anew: its changes are of another hand.
        let is_next = self.seq != 0 && next.seq > self.seq && soon;
        let is_of_faders = next.after.kinds().kinds().all(|kind| matches!(kind, KindId::Level | KindId::Master));
        let mut is_continued = is_next && is_of_faders && self.after.len() == next.after.len();
        each_kind!(K => is_continued = is_continued && K::changes(&next.after).all(|(key, _)| {
            K::change(&self.after, key).is_some()
                && K::slot(&next.before, key).is_some_and(|slot| slot.revision == self.revision)
        }));
        is_continued
    }

    /// The revision that had set an item before the change; 0 if none had.
    fn revision_before(&self, item: &Item) -> Revision {
        with_item!(item, K, key => K::slot(&self.before, key).map_or(Revision(0), |slot| slot.revision))
    }
}

impl Reversed {
    fn new(reverse: Reverse, of: Revision) -> Self {
        Self { reversal: Reversal { reverse, of }, update: Update::default(), left: Vec::new() }
    }

    /// Sets an item, or leaves it.
    fn add<K: Listed>(&mut self, key: &KeyOf<K>, value: Option<K::Value>, stands: bool) {
        if stands {
            K::set(&mut self.update, key.clone(), value);
        } else {
            self.left.push(K::item(key.clone()));
        }
    }
}
