//! The memory of keyed changes: how a repeat is known for one.

use std::collections::{HashMap, VecDeque};

use crate::{Change, Key, Label, Level, Position, Update};

/// How many keyed changes a rig remembers.
pub const REMEMBERED_KEYS: usize = 10_000;

/// What is remembered of a keyed change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotentChange {
    /// Where it stood in the log.
    pub position: Position,
    /// What it asked for.
    pub fingerprint: Fingerprint,
    /// Whether it was applied. One that was refused for its condition is judged again when repeated; what it is
    /// conditional on can only have changed further, so the answer is the same.
    pub applied: bool,
}

/// A hash of what a change asks for: 64-bit FNV-1a over what it sets and its condition. It is stored, so it must not
/// change between versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The fingerprint of a change.
    pub fn of(change: &Change) -> Self {
        const FORGOTTEN: u16 = u16::MAX;
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        let Update { levels, labels, master, blackout } = &change.update;
        for (dimmer, level) in levels {
            hash.write(&dimmer.get().to_le_bytes());
            hash.write(&level.map_or(FORGOTTEN, Level::hundredths).to_le_bytes());
        }
        for (dimmer, label) in labels {
            hash.write(b"label");
            hash.write(&dimmer.get().to_le_bytes());
            // No label is empty, and none has a control character.
            hash.write(label.as_ref().map_or("", Label::as_str).as_bytes());
            hash.write(b"\0");
        }
        if let Some(master) = master {
            hash.write(b"master");
            hash.write(&master.hundredths().to_le_bytes());
        }
        if let Some(blackout) = blackout {
            hash.write(b"blackout");
            hash.write(&[u8::from(*blackout)]);
        }
        if let Some(position) = change.if_match {
            hash.write(b"if_match");
            hash.write(&position.epoch.0.to_le_bytes());
            hash.write(&position.revision.0.to_le_bytes());
        }
        Self(hash.0)
    }
}

struct Fnv(u64);

impl Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
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

    /// Where the oldest change that is remembered stood.
    pub(crate) fn oldest(&self) -> Option<Position> {
        Some(self.by_key[self.order.front()?].position)
    }
}
