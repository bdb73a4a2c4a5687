//! The messages that the fold sends to replicas.

use std::collections::BTreeMap;

use crate::{
    Attribution, Changed, Digests, Interest, Item, LogTime, Position, Revision, State, StoreId, Update, Upload,
};

/// The absolute values of every item set after `prev`, up to `position`.
///
/// It applies to any replica of the epoch whose revision is in `prev..=position.revision`. A replica that already holds
/// a part of the delta takes that part again, with the same result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// The map's position once the delta is applied.
    pub position: Position,
    /// The map's revision before the delta.
    pub prev: Revision,
    /// The log time at `position`; 0 if not known. Every message has it.
    pub time: LogTime,
    /// The values of the items.
    pub update: Update,
    /// The upload that is made the words of the rig. A replica has its parts.
    pub dictionary: Option<Upload>,
    /// Which client set which items.
    pub origins: Vec<Attribution>,
    /// The verdicts on the changes of the entry, by index, except [`Verdict::Applied`].
    pub verdicts: BTreeMap<usize, Verdict>,
    /// Whether the rig does not exist at `position`: nothing has made it, or it was removed.
    pub is_missing: bool,
}

/// The outcome of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The change happened.
    Applied,
    /// The change did not happen: these of its items had changed after the position in `if_match`, or its rig has been made or
    /// has not, against `if_made`.
    Changed(Vec<Item>),
    /// The change had already happened at this position, under the same key. It did not happen again.
    Repeated(Position),
    /// The change did not happen: its key was used before, for a different change.
    KeyReused,
    /// The change did not happen: its rig does not exist, and no more rigs may be made.
    NoRoom,
    /// The change was not simply applied: a newer version gave a verdict that this version does not know.
    Unknown,
}

/// The whole map at a position. It replaces a replica's map, and is never merged into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The store that keeps the rig; [`StoreId::default`] if not known.
    pub store: StoreId,
    /// The map's position.
    pub position: Position,
    /// The log time at `position`; 0 if not known. Every message has it.
    pub time: LogTime,
    /// The kinds that the snapshot covers. It says nothing about other kinds.
    pub kinds: Interest,
    /// The values of the items.
    pub state: State,
    /// Who last changed each item, and when. Items for which this is not known are missing.
    pub changes: Vec<(Item, Changed)>,
    /// Whether the rig does not exist at `position`.
    pub is_missing: bool,
}

/// Sent every second. A replica learns from it that it lost the last delta, and proves that it holds the same map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// The store that keeps the rig; [`StoreId::default`] if not known.
    pub store: StoreId,
    /// The map's position.
    pub position: Position,
    /// The log time at `position`; 0 if not known. Every message has it.
    pub time: LogTime,
    /// The digest of each kind that the beacon covers.
    pub digests: Digests,
}
