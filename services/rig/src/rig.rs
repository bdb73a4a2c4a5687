//! One rig: the fold of its entries.

use std::borrow::Cow;

use crate::attribution::{Applied, attributions};
use crate::idempotency::IdempotencyKeys;
use crate::{
    Action, Beacon, Change, Delta, Entry, Epoch, Fingerprint, IdempotentChange, Interest, Item, LogTime, Position,
    Revision, RigImage, RigMap, Slots, Snapshot, StoreId, Update, Verdict,
};

/// The update that makes an upload the words of the rig, or the parts that are missing.
type Current = Result<Update, Vec<Item>>;

/// The most words that are named if they have changed, when a whole dictionary was to take their place.
const MAX_NAMED: usize = 100;

/// One set of dimmers that consoles share: all its items, and its memory of keyed changes.
///
/// [`apply`](Self::apply) depends on nothing but the entries before, so all state services that fold the same log reach
/// the same verdicts.
#[derive(Clone, Debug, Default)]
pub struct Rig {
    epoch: Epoch,
    map: RigMap,
    keyed: IdempotencyKeys,
    /// The revision that made the rig; 0 if none in this epoch did.
    made: Revision,
}

/// What a change meets in its rig.
#[derive(Clone, Copy)]
struct Standing {
    /// How many items more there may be.
    room: usize,
    /// Whether a change has made the rig.
    is_made: bool,
    /// Whether it exists also without a change that makes it, and after it is removed.
    is_permanent: bool,
}

impl Rig {
    /// An empty rig in this epoch, before its first entry.
    pub fn new(epoch: Epoch) -> Self {
        Self { epoch, ..Self::default() }
    }

    /// An empty rig at a position.
    pub fn empty(position: Position) -> Self {
        let map = RigMap::restore(position.revision, LogTime::default(), Revision(0), Slots::default());
        Self { epoch: position.epoch, map, ..Self::default() }
    }

    /// The rig as a store kept it, to go on in `epoch`.
    ///
    /// In a new epoch, the revisions of the old one are void: the kept items count as older than every entry to come,
    /// and forgotten items are dropped, because no reader needs to know of them. The rig starts before the epoch's
    /// first entry, whatever the log's newest entry is, so that all state services that restore the rig agree on its
    /// position.
    pub(crate) fn restore(image: RigImage, epoch: Epoch) -> Self {
        let same_epoch = image.position.epoch == epoch;
        let (revision, made, slots) = if same_epoch {
            (image.position.revision, image.made, image.slots)
        } else {
            (Revision(0), Revision(0), image.slots.kept_at(Revision(0)))
        };
        let map = RigMap::restore(revision, image.time, Revision(0), slots);
        let mut keyed = IdempotencyKeys::default();
        for (key, one) in image.keyed {
            keyed.remember(key, one);
        }
        Self { epoch, map, keyed, made }
    }

    /// Folds an entry into the rig, and returns what changed. `time` is the entry's log time.
    pub fn apply(&mut self, revision: Revision, time: LogTime, entry: &Entry) -> Delta {
        self.apply_within(usize::MAX, true, revision, time, entry)
    }

    /// Folds an entry. A change that needs more than `room` for items that the rig does not have is refused.
    /// A permanent rig cannot be removed; it is emptied.
    pub(crate) fn apply_within(
        &mut self,
        room: usize,
        is_permanent: bool,
        revision: Revision,
        time: LogTime,
        entry: &Entry,
    ) -> Delta {
        self.fold(revision, time, entry, Standing { room, is_made: true, is_permanent })
    }

    /// Folds the entry that makes the rig.
    pub(crate) fn make_within(&mut self, room: usize, revision: Revision, time: LogTime, entry: &Entry) -> Delta {
        self.fold(revision, time, entry, Standing { room, is_made: false, is_permanent: false })
    }

    /// How many items the rig holds, forgotten ones included.
    pub(crate) fn items(&self) -> usize {
        self.map.items()
    }

    fn fold(&mut self, revision: Revision, time: LogTime, entry: &Entry, mut standing: Standing) -> Delta {
        let position = Position { epoch: self.epoch, revision };
        let mut delta = Delta { position, prev: self.map.revision(), time, ..Delta::default() };
        let mut applied = Vec::with_capacity(entry.changes().len());
        for (index, change) in entry.changes().iter().enumerate() {
            let current = change.dictionary.map(|upload| self.map.made_current(upload));
            match self.judge(position, change, current.as_ref(), standing) {
                Verdict::Applied => {
                    let (by, before) = (change.origin.as_ref().map(|origin| &origin.client), self.items());
                    let update = self.all_set_by(change);
                    self.map.apply(revision, time, by, &update);
                    if let Some(Ok(current)) = current {
                        self.map.apply(revision, time, None, &current);
                        delta.dictionary = change.dictionary;
                    }
                    if !standing.is_made {
                        self.made = revision;
                    }
                    standing.room -= self.items() - before;
                    standing.is_made = standing.is_permanent || change.action != Action::Remove;
                    delta.update.extend(&update);
                    applied.push(Applied { origin: change.origin.as_ref(), reversal: change.reversal, update });
                }
                refused => {
                    delta.verdicts.insert(index, refused);
                }
            }
        }
        let old_parts = self.map.without_old_parts(time).unwrap_or_default();
        self.map.apply(revision, time, None, &old_parts);
        delta.update.extend(&old_parts);
        delta.is_missing = !standing.is_made;
        delta.origins = attributions(&applied);
        delta
    }

    /// All that a change sets: its own values, and what it makes the rig forget.
    fn all_set_by<'a>(&self, change: &'a Change) -> Cow<'a, Update> {
        match change.action {
            Action::Set => Cow::Borrowed(&change.update),
            Action::Replace(kinds) => Cow::Owned(self.map.replaced_by(&change.update, kinds)),
            Action::Remove => Cow::Owned(self.map.replaced_by(&change.update, Interest::all())),
        }
    }

    /// Decides the verdict on a change, and remembers the change's key.
    fn judge(&mut self, position: Position, change: &Change, current: Option<&Current>, standing: Standing) -> Verdict {
        let judge = |position| self.judge_condition(position, change, current, standing);
        let Some(key) = &change.idempotency_key else { return judge(position) };
        let fingerprint = Fingerprint::of(change);
        match self.keyed.get(key) {
            Some(before) if before.fingerprint != fingerprint => Verdict::KeyReused,
            Some(before) if before.applied => Verdict::Repeated(before.position),
            Some(before) => judge(before.position),
            None => {
                let verdict = judge(position);
                let applied = verdict == Verdict::Applied;
                // Until a reversal is applied, it is tried with other values, and with a condition that fits them.
                if !applied && change.reversal.is_some() {
                    return verdict;
                }
                self.keyed.remember(key.clone(), IdempotentChange { position, fingerprint, applied });
                verdict
            }
        }
    }

    /// Judges the conditions of a change that was first asked for at `position`.
    fn judge_condition(
        &self,
        position: Position,
        change: &Change,
        current: Option<&Current>,
        standing: Standing,
    ) -> Verdict {
        if change.if_made.is_some_and(|wanted| wanted != standing.is_made) {
            return Verdict::Changed(change.update.items().collect());
        }
        if change.action == Action::Remove && !standing.is_made {
            return Verdict::Changed(Vec::new());
        }
        let at = (position, change.if_match);
        match current {
            None => self.judge_update(&change.update, || self.all_judged_of(change), at, standing.room),
            Some(Err(missing)) => Verdict::Changed(missing.clone()),
            Some(Ok(words)) => match self.judge_update(words, || Cow::Borrowed(words), at, standing.room) {
                Verdict::Changed(mut items) => {
                    items.truncate(MAX_NAMED);
                    Verdict::Changed(items)
                }
                verdict => verdict,
            },
        }
    }

    /// Judges whether there is room for an update, and whether one of the items that its condition is about has changed.
    fn judge_update<'a>(
        &self,
        update: &Update,
        judged: impl FnOnce() -> Cow<'a, Update>,
        (position, if_match): (Position, Option<Position>),
        room: usize,
    ) -> Verdict {
        if self.is_too_large(update, room) {
            return Verdict::NoRoom;
        }
        let Some(if_match) = if_match else { return Verdict::Applied };
        // A position of another epoch says nothing, nor does one from before the rig was made, when there may have been another
        // of its name. No client can have seen a position that was still to come.
        let comparable = if_match.epoch == self.epoch
            && if_match < position
            && position.epoch == self.epoch
            && if_match.revision >= self.made;
        let changed = |item: &Item| !comparable || self.map.changed_after(item, if_match.revision);
        let judged = judged();
        // The parts of an upload are there for it alone.
        let named = judged.items().filter(|item| !matches!(item, Item::WordPart(_)));
        let changed: Vec<_> = named.filter(changed).collect();
        if changed.is_empty() { Verdict::Applied } else { Verdict::Changed(changed) }
    }

    /// The items that a condition of a change is about: those that it sets, and those that it may make the rig forget.
    fn all_judged_of<'a>(&self, change: &'a Change) -> Cow<'a, Update> {
        let kinds = match change.action {
            Action::Set => return Cow::Borrowed(&change.update),
            Action::Replace(kinds) => kinds,
            Action::Remove => Interest::all(),
        };
        let mut all = self.map.slots().update().of_interest(kinds);
        all.extend(&change.update);
        Cow::Owned(all)
    }

    fn is_too_large(&self, update: &Update, room: usize) -> bool {
        let new = |item: &Item| self.map.revision_of(item).is_none();
        let is_full = update.len() > room && update.items().filter(new).count() > room;
        is_full || self.map.is_exceeded_by(update)
    }

    /// The rig's items.
    pub fn map(&self) -> &RigMap {
        &self.map
    }

    /// The position of the rig's last entry.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, revision: self.map.revision() }
    }

    /// The whole map, with who last changed each item and when. Which store keeps the rig is not known here.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_of(Interest::all())
    }

    /// The whole map in the wanted kinds, with who last changed each item and when.
    pub fn snapshot_of(&self, kinds: Interest) -> Snapshot {
        let slots = self.map.slots();
        let (state, changes) = (slots.state(kinds), slots.changes(kinds));
        let (position, time) = (self.position(), self.map.time());
        let (store, is_missing) = (StoreId::default(), false);
        Snapshot { store, position, time, kinds, state, changes, is_missing }
    }

    /// The beacon of all kinds, which a replica checks itself against. Which store keeps the rig is not known here.
    pub fn beacon(&self) -> Beacon {
        self.beacon_of(Interest::all())
    }

    /// The beacon of these kinds, which a replica checks itself against.
    pub fn beacon_of(&self, kinds: Interest) -> Beacon {
        let digests = self.map.digests().restricted_to(kinds);
        Beacon { store: StoreId::default(), position: self.position(), time: self.map.time(), digests }
    }

    /// The changes after `cursor`, for a store.
    pub(crate) fn image_since(&self, cursor: Revision) -> RigImage {
        RigImage {
            position: self.position(),
            time: self.map.time(),
            made: self.made,
            slots: self.map.slots_since(cursor),
            digests: self.map.digests(),
            keyed: self.keyed.since(Position { epoch: self.epoch, revision: cursor }),
            oldest_key: self.keyed.oldest(),
        }
    }
}
