//! How far a connection is.

/// The state of one connection.
#[derive(Debug, Default)]
pub struct Stage {
    pub(super) phase: Phase,
    /// How many more messages belong to the first map, for protocols that announce it.
    pub(super) awaited: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// The server has not agreed to speak yet.
    #[default]
    Opening,
    /// The server speaks; the client subscribes.
    Subscribing,
    /// The first map is being read.
    Catching,
    /// The client has the map, and is told changes.
    Live,
}
