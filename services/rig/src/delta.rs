//! What the fold tells the replicas.

use std::collections::BTreeMap;

use crate::{Attribution, Changed, Digests, Interest, Item, LogTime, Position, Revision, State, Update};

/// The absolute values of every item set after `prev`, up to `position`.
///
/// It applies to any replica of the epoch whose revision is in `prev..=position.revision`: one that already holds a
/// part of it takes that part again, to the same end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Where the map stands with the delta applied.
    pub position: Position,
    /// The revision that it follows on.
    pub prev: Revision,
    /// The log time there; 0 if not known.
    pub time: LogTime,
    /// The values.
    pub update: Update,
    /// Whose changes are in it.
    pub origins: Vec<Attribution>,
    /// What became of those changes of the entry that were not simply applied, by their index in the entry.
    pub verdicts: BTreeMap<usize, Verdict>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It happened.
    Applied,
    /// It did not happen: these of its items had changed after the position that it was conditional on.
    Changed(Vec<Item>),
    /// It had happened already, at this position, under the same key; nothing happened again.
    Repeated(Position),
    /// It did not happen: its key was used before, for something else.
    KeyReused,
    /// It did not happen: the rig is not there, and no more rigs may be made.
    NoRoom,
    /// It did not simply happen: a newer version, which alone decides so, has a word for it that this one does not know.
    Unknown,
}

/// The whole map at a position. It replaces, it never merges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Where the map stands.
    pub position: Position,
    /// The log time there; 0 if not known.
    pub time: LogTime,
    /// The kinds that it tells of. Of others it says nothing.
    pub kinds: Interest,
    /// What it holds.
    pub state: State,
    /// Who changed items last, and when, as far as that is told.
    pub changes: Vec<(Item, Changed)>,
}

/// Sent every second: how a replica learns that it lost the last delta, and proves that it holds the same map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// Where the map stands.
    pub position: Position,
    /// The log time there; 0 if not known.
    pub time: LogTime,
    /// The digest of each kind that is told of.
    pub digests: Digests,
}
