//! The image of the rigs, which a store keeps.

use std::collections::BTreeMap;

use crate::{
    Digest, Digests, IdempotentChange, Interest, Key, KindId, Listed, LogPosition, LogTime, Position, Revision,
    RigName, Slots, Stamp,
};

/// The rigs at a position, or what has changed in them since an earlier position: a store is a cursor too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The position of the last entry in the image.
    pub position: Position,
    /// The stamp of that entry.
    pub stamp: Stamp,
    /// The log time of that entry.
    pub time: LogTime,
    /// The image holds what has changed after this position. A store that is behind this position cannot use the image.
    pub since: Position,
    /// The rigs, or the rigs that changed.
    pub rigs: BTreeMap<RigName, RigImage>,
    /// The revision that removed a rig last in this epoch; 0 if none did. Rigs that do not exist stand there.
    pub missing: Revision,
    /// The rigs that were removed after `since`, with the revision that removed each. A rig may have been made anew since.
    pub removed: BTreeMap<RigName, Revision>,
}

/// One rig in an [`Image`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RigImage {
    /// The position of the rig's last entry.
    pub position: Position,
    /// The log time of that entry.
    pub time: LogTime,
    /// The revision that made the rig; 0 if none in this epoch did.
    pub made: Revision,
    /// The rig's items, or the items that changed.
    pub slots: Slots,
    /// The digests of the rig's whole map, by which a later load is checked; none if they are not known.
    pub digests: Digests,
    /// The keyed changes that the rig remembers, or the new ones; the oldest first.
    pub keyed: Vec<(Key, IdempotentChange)>,
    /// The rig has forgotten the keyed changes before this position.
    pub oldest_key: Option<Position>,
}

impl Image {
    /// The position and the stamp, by which the log recognises its entry.
    pub fn mark(&self) -> LogPosition {
        LogPosition { position: self.position, stamp: self.stamp }
    }

    /// How many dimmers have a level, over all rigs.
    pub fn dimmers(&self) -> usize {
        self.rigs.values().flat_map(|rig| rig.slots.levels.values()).filter(|slot| slot.value.is_some()).count()
    }
}

impl RigImage {
    /// The kinds whose items, in the image of a whole rig, are not those that [`digests`](Self::digests) were made of. A store
    /// that is damaged, or that somebody else has written to, gives such an image.
    pub fn changed_kinds(&self) -> Vec<KindId> {
        let mut found = Digests::default();
        each_kind!(K => found.set(K::ID, digest_of::<K>(&self.slots)));
        let differs = |kind: &KindId| !self.digests.agree(&found, Interest::from_iter([*kind]));
        KindId::ALL.iter().copied().filter(differs).collect()
    }
}

fn digest_of<K: Listed>(slots: &Slots) -> Digest {
    let mut sum = Digest::default();
    for (key, slot) in K::slots(slots) {
        sum += slot.value.as_ref().map(|value| K::item_digest(key, value)).unwrap_or_default();
    }
    sum
}
