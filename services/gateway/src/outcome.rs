//! The outcome of a change.

use ghostlight_proto::Timing;
use ghostlight_rig::{Position, Update};

use crate::refusal::Refusal;

/// A change that happened.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// The position of its entry.
    pub(crate) position: Position,
    /// The items that it set, with the values that the map holds at that position.
    pub(crate) update: Update,
    pub(crate) timing: Timing,
    /// Whether it had happened before, under the same key.
    pub(crate) is_repeated: bool,
}

impl Done {
    /// Nothing was changed at this position. `update` is what would have been.
    pub(crate) fn nothing(position: Position, update: Update) -> Self {
        Self { position, update, timing: Timing::default(), is_repeated: false }
    }
}

pub(crate) type Outcome = Result<Done, Refusal>;
