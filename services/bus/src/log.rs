//! The trait of the ordered log.

use async_trait::async_trait;
use ghostlight_rig::{Entry, LogPosition, Position, Revision, RigName, Stamp};

/// The ordered log of all rigs.
///
/// Its contract, which `tests/contract.rs` runs on every adapter:
/// - every reader sees the same entries in the same order, with growing revisions;
/// - an append resolves only when its entry is durable;
/// - an append that fails with [`AppendError::Unavailable`] has not happened and never will;
/// - a reader misses no entry, or fails.
#[async_trait]
pub trait Log: Send + Sync {
    /// Opens the order from which a state service continues. `stored` is the position of what its store holds. Returns
    /// `stored` itself if the log still has everything after it, and a position in a new epoch otherwise.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be reached.
    async fn begin(&self, stored: LogPosition) -> Result<LogPosition, LogError>;

    /// Reads the entries after a position.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be reached, or no longer has the entries after the position.
    async fn read(&self, after: LogPosition) -> Result<Box<dyn Entries>, LogError>;

    /// Appends an entry and resolves when it is durable. The entry may still be appended after the future is dropped.
    /// `seen` is the newest position of the rig that the caller has seen: an entry that lands before it is in another
    /// order.
    ///
    /// # Errors
    /// [`AppendError`], which tells whether the entry may have landed.
    async fn append(&self, rig: &RigName, entry: &Entry, seen: Position) -> Result<Position, AppendError>;

    /// Tells the log that the store holds everything up to a position.
    fn checkpoint(&self, position: Position);

    /// When an entry counts as durable.
    fn durable_once(&self) -> DurableOnce;
}

/// When an entry counts as durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurableOnce {
    /// Once the log has it; the store may save it later.
    Appended,
    /// Once the store has it. An entry that the store fails to save has not happened.
    Saved,
}

/// A reader of the log.
#[async_trait]
pub trait Entries: Send {
    /// The log's last revision when reading began: a reader that reaches it has caught up.
    fn end(&self) -> Revision;

    /// How many entries of the log are unread, as far as is known.
    fn behind(&self) -> u64;

    /// The next entry; waits for it. The future may be dropped and called again without losing an entry.
    ///
    /// # Errors
    /// [`LogError`] if the log is lost; the reader cannot be used after that.
    async fn next(&mut self) -> Result<Logged, LogError>;
}

/// An entry in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its revision in the log.
    pub revision: Revision,
    /// The time at which the log took it, which tells it from another entry at the same revision.
    pub stamp: Stamp,
    /// The rig that it changes.
    pub rig: RigName,
    /// Its changes.
    pub entry: Entry,
    /// Its size in the log, in bytes.
    pub size: usize,
}

/// The log cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Not now, or not from this position: the caller begins again.
    #[error("the log cannot be read: {0}")]
    Lost(String),
    /// It does not match the settings: somebody has to change the settings or the log.
    #[error("{0}")]
    Unfit(String),
}

/// Why an append failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The entry was not appended and will not be.
    #[error("the change was not taken: {0}")]
    Unavailable(String),
    /// The entry was not appended and never can be: it is too large for the log.
    #[error("the change was not taken: the log takes {0} bytes at once")]
    TooLarge(usize),
    /// The entry may have been appended, or still may be.
    #[error("it is not known whether the change was taken")]
    Unknown,
}
