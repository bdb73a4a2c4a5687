//! What becomes of a change, as whoever asked for it is told.

use ghostlight_proto::Timing;
use ghostlight_rig::{Item, Position, Update};

/// A change that happened.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// Where it stands.
    pub(crate) position: Position,
    /// What it set, as the map holds it there.
    pub(crate) update: Update,
    pub(crate) timing: Timing,
}

/// Why a change was refused, or is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// These items had changed after the position that it was conditional on.
    Changed(Vec<Item>),
    /// Its key was used for something else.
    KeyReused,
    /// No more rigs may be made.
    NoRoom,
    /// It did not happen, and may be tried again.
    Unavailable(String),
    /// The log takes entries of so many bytes at most.
    TooLarge(usize),
    /// It may have happened.
    Unknown,
}

pub(crate) type Outcome = Result<Done, Refusal>;
