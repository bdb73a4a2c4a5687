//! The outcome of a change.

use ghostlight_proto::Timing;
use ghostlight_rig::{Position, Update};

use crate::refusal::Refusal;

/// A change that happened.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// The position of its entry.
    pub(crate) position: Position,
    /// What it set, as the map holds it there.
    pub(crate) update: Update,
    pub(crate) timing: Timing,
}

pub(crate) type Outcome = Result<Done, Refusal>;
