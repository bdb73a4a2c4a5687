//! The changes that a follower receives.

use ghostlight_rig::{Origin, Position, State, Update};

/// What has changed since the last call of a follower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The position of the map after the change.
    pub position: Position,
    /// The new values.
    pub news: News,
    /// The origins of the changes, as far as the client knows them: it remembers the newest 1,024, and the changes that
    /// it caught up with after a break may have none.
    pub origins: Vec<Origin>,
}

/// The values that a follower receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The newest values of all changed items; `None` for a removed value.
    Update(Update),
    /// The whole map, in place of the former one: at first, and whenever the map does not continue the former one.
    State(State),
}

/// The map that a follower has read last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) generation: u64,
    pub(crate) position: Position,
}
