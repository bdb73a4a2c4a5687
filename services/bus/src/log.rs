//! The seam to the ordered log.

use async_trait::async_trait;
use ghostlight_rig::{Entry, Position, Revision, RigName};

/// The ordered log of all rigs.
///
/// Its contract, which `tests/contract.rs` runs on every adapter:
/// - every reader sees the same entries in the same order, with revisions that grow;
/// - an append resolves when its entry is durable, and not before;
/// - an append that fails with [`AppendError::Unavailable`] has not happened and never will;
/// - nothing is appended while nobody reads in the order that [`begin`](Self::begin) opened.
#[async_trait]
pub trait Log: Send + Sync {
    /// Opens the order from which a state service goes on, given what its store holds. The answer is in the same epoch
    /// if the log still has everything after `stored`, and in a new one otherwise.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be reached.
    async fn begin(&self, stored: Position) -> Result<Position, LogError>;

    /// Reads the entries after a position.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be reached, or a newer order has begun.
    async fn read(&self, after: Position) -> Result<Box<dyn Entries>, LogError>;

    /// Appends an entry and resolves when it is durable. The entry may still land after the future is dropped.
    ///
    /// # Errors
    /// [`AppendError`], which tells whether the entry may have landed.
    async fn append(&self, rig: &RigName, entry: &Entry) -> Result<Position, AppendError>;

    /// Tells the log that a store holds everything up to a position.
    fn checkpoint(&self, position: Position);
}

/// A reader of the log.
#[async_trait]
pub trait Entries: Send {
    /// The next entry, when there is one. May be dropped and asked again without losing anything.
    ///
    /// # Errors
    /// [`LogError`] if the log is lost; then the reader is of no more use.
    async fn next(&mut self) -> Result<Logged, LogError>;
}

/// An entry at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its place.
    pub revision: Revision,
    /// The rig that it is about.
    pub rig: RigName,
    /// What it asks for.
    pub entry: Entry,
}

/// The log cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log cannot be read: {0}")]
pub struct LogError(pub String);

/// Why an append failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It did not happen.
    #[error("the change was not taken: {0}")]
    Unavailable(String),
    /// It may have happened, or may still.
    #[error("it is not known whether the change was taken")]
    Unknown,
}
