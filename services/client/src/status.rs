//! How the connection is doing.

use std::sync::Arc;

/// How current the map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum State {
    /// On the way to a server; the map is what it was, or empty.
    #[default]
    Connecting,
    /// The map is current.
    Live,
    /// There is a connection, but neither a beacon nor a delta has come of late: the map may be old.
    Stale,
    /// There is no connection; another attempt follows.
    Offline,
    /// The client was shut down.
    Closed,
}

/// How the connection is doing, and why.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// How current the map is.
    pub state: State,
    /// Why the last connection ended or was not made; `None` while that is of no interest.
    pub reason: Option<Arc<str>>,
    /// Whether the last attempt ended in a way that another will not change.
    pub(crate) hopeless: bool,
}

impl State {
    /// Whether changes can be sent.
    pub(crate) fn is_connected(self) -> bool {
        matches!(self, Self::Live | Self::Stale)
    }
}
