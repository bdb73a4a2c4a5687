//! What a follower is told.

use ghostlight_rig::{Origin, Position, State, Update};

/// What has changed since a follower last looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where the map stands now.
    pub position: Position,
    /// What to do to get there.
    pub news: News,
    /// Whose changes are in it, as far as the client was told and still knows: it remembers the newest 1,024, and what
    /// it caught up with after a break comes without.
    pub origins: Vec<Origin>,
}

/// What a follower gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The newest values of all that changed; `None` for what was forgotten.
    Update(Update),
    /// All that the rig holds, in place of what was there: at first, and whenever what was there is not continued.
    State(State),
}

/// How far a follower has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) generation: u64,
    pub(crate) position: Position,
}
