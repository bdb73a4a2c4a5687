//! The status of the connection.

use std::sync::Arc;

/// How current the map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum State {
    /// The client is connecting; the map is the last one, or empty.
    #[default]
    Connecting,
    /// The map is current.
    Live,
    /// The client is connected, but neither a beacon nor a delta has come lately: the map may be old.
    Stale,
    /// The client is not connected; another attempt follows.
    Offline,
    /// The client was shut down.
    Closed,
}

/// The status of the connection, and its reason.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// How current the map is.
    pub state: State,
    /// Why the last connection ended or failed; `None` once the client is connected or closed.
    pub reason: Option<Arc<str>>,
    /// Whether the last attempt failed in a way that another attempt will not change.
    pub(crate) hopeless: bool,
}

impl State {
    /// Whether changes can be sent.
    pub(crate) fn is_connected(self) -> bool {
        matches!(self, Self::Live | Self::Stale)
    }
}
