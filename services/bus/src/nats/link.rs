//! The history of the connection to NATS.

use tokio::time::Instant;

/// The history of the connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// When the connection went down; `None` while it is up.
    pub(super) down_since: Option<Instant>,
    /// Grows whenever messages may have been lost: the connection went down, or a follower was too slow.
    pub(super) losses: u64,
    /// Grows whenever the connection went down.
    pub(super) cuts: u64,
}
