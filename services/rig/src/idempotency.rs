//! The memory of keyed changes, by which a rig recognises a repeat.

use std::collections::{HashMap, VecDeque};

use crate::fnv::Fnv64;
use crate::kinds::{Kind, Listed};
use crate::{Action, Change, Key, Position, Said, Update};

/// How many keyed changes a rig remembers; it forgets the oldest first.
pub const REMEMBERED_KEYS: usize = 10_000;

/// What a rig remembers of a keyed change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotentChange {
    /// The position of its entry.
    pub position: Position,
    /// The hash of what it asked for.
    pub fingerprint: Fingerprint,
    /// Whether it was applied. A change that its condition refused is judged again when it is repeated. The items of
    /// the condition can only have changed further since, so the verdict is the same.
    pub applied: bool,
}

/// A hash of what a change asks for: 64-bit FNV-1a over what it sets and its condition. It is stored, so it must not
/// change between versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The fingerprint of a change.
    pub fn of(change: &Change) -> Self {
        let mut hash = Fnv64::default();
        match (change.reversal, &change.said) {
            // What a reversal sets depends on what others have changed meanwhile, and so does its condition.
            (Some(reversal), _) => return Self::of_text(reversal.reverse.name()),
            (None, Some(said)) => write_said(&mut hash, said),
            (None, None) => write_update(&mut hash, &change.update),
        }
        if let Some(upload) = change.dictionary {
            hash.write(b"dictionary");
            upload.digest.lanes().iter().for_each(|lane| hash.write(&lane.to_le_bytes()));
        }
        if let Some(position) = change.if_match {
            hash.write(b"if_match");
            hash.write(&position.epoch.0.to_le_bytes());
            hash.write(&position.revision.0.to_le_bytes());
        }
        match change.action {
            Action::Set => {}
            Action::Replace(kinds) => {
                hash.write(b"replace");
                kinds.kinds().for_each(|kind| hash.write(kind.name().as_bytes()));
            }
            Action::Remove => hash.write(b"remove"),
        }
        if let Some(if_made) = change.if_made {
            hash.write(if if_made { b"if_made" } else { b"if_not_made" });
        }
        Self(hash.0)
    }

    fn of_text(text: &str) -> Self {
        let mut hash = Fnv64::default();
        hash.write(text.as_bytes());
        Self(hash.0)
    }
}

fn write_update(hash: &mut Fnv64, update: &Update) {
    // Neither a key nor a value has a control character, so a zero byte ends each.
    each_kind!(K => for (key, value) in K::changes(update) {
        let value = value.map(|value| K::write(value).to_string());
        for text in [K::NAME, &key.to_string(), if value.is_some() { "=" } else { "" }, &value.unwrap_or_default()] {
            hash.write(text.as_bytes());
            hash.write(b"\0");
        }
    });
}

/// A text may have any character, so its length stands before it.
fn write_said(hash: &mut Fnv64, Said { text, selection }: &Said) {
    for text in [Some(text), selection.as_ref()] {
        hash.write(b"said");
        hash.write(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
        hash.write(text.map_or(&[][..], |text| text.as_bytes()));
    }
}

/// The newest [`REMEMBERED_KEYS`] keyed changes, the oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdempotencyKeys {
    order: VecDeque<Key>,
    by_key: HashMap<Key, IdempotentChange>,
}

impl IdempotencyKeys {
    pub(crate) fn get(&self, key: &Key) -> Option<IdempotentChange> {
        self.by_key.get(key).copied()
    }

    pub(crate) fn remember(&mut self, key: Key, keyed: IdempotentChange) {
        self.order.push_back(key.clone());
        self.by_key.insert(key, keyed);
        if self.order.len() > REMEMBERED_KEYS
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }

    /// The keyed changes after `cursor`, the oldest first.
    pub(crate) fn since(&self, cursor: Position) -> Vec<(Key, IdempotentChange)> {
        let newest_first = self.order.iter().rev().map(|key| (key.clone(), self.by_key[key]));
        let mut since: Vec<_> = newest_first.take_while(|(_, keyed)| keyed.position > cursor).collect();
        since.reverse();
        since
    }

    /// The position of the oldest change that is remembered.
    pub(crate) fn oldest(&self) -> Option<Position> {
        Some(self.by_key[self.order.front()?].position)
    }
}
