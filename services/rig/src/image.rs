//! What a store keeps of the rigs.

use std::collections::BTreeMap;

use crate::{IdempotentChange, Key, LogPosition, LogTime, Position, RigName, Slots, Stamp};

/// The rigs at a position, or what has changed in them since an earlier one: a store is a cursor too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Where the rigs stand.
    pub position: Position,
    /// The stamp of the entry there.
    pub stamp: Stamp,
    /// The log time of the entry there.
    pub time: LogTime,
    /// It holds what has changed after this: whoever keeps less cannot use it.
    pub since: Position,
    /// The rigs, or those that changed.
    pub rigs: BTreeMap<RigName, RigImage>,
}

/// One rig in an [`Image`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RigImage {
    /// Where the rig's last entry stood.
    pub position: Position,
    /// The log time of that entry.
    pub time: LogTime,
    /// Its items, or those that changed.
    pub slots: Slots,
    /// The keyed changes that it remembers, or the new ones; the oldest first.
    pub keyed: Vec<(Key, IdempotentChange)>,
    /// IdempotentChange changes before this position are forgotten.
    pub oldest_key: Option<Position>,
}

impl Image {
    /// Where the rigs stand, as the log recognises it.
    pub fn mark(&self) -> LogPosition {
        LogPosition { position: self.position, stamp: self.stamp }
    }

    /// How many dimmers have a level, in all rigs.
    pub fn dimmers(&self) -> usize {
        self.rigs.values().flat_map(|rig| rig.slots.levels.values()).filter(|slot| slot.value.is_some()).count()
    }
}
