//! The seam to the ordered log.

use async_trait::async_trait;
use ghostlight_rig::{Entry, LogPosition, Position, Revision, RigName, Stamp};

/// The ordered log of all rigs.
///
/// Its contract, which `tests/contract.rs` runs on every adapter:
/// - every reader sees the same entries in the same order, with revisions that grow;
/// - an append resolves when its entry is durable, and not before;
/// - an append that fails with [`AppendError::Unavailable`] has not happened and never will;
/// - a reader misses nothing, or fails.
#[async_trait]
pub trait Log: Send + Sync {
    /// Opens the order from which a state service goes on, given where what its store holds stands. The answer is that
    /// same mark if the log still has everything after it, and one in a new epoch otherwise.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be reached.
    async fn begin(&self, stored: LogPosition) -> Result<LogPosition, LogError>;

    /// Reads the entries after a mark.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be reached, or does not hold what comes after the mark.
    async fn read(&self, after: LogPosition) -> Result<Box<dyn Entries>, LogError>;

    /// Appends an entry and resolves when it is durable. The entry may still land after the future is dropped. `seen` is
    /// where whoever appends has seen the rig stand: an entry that lands before that is in another order.
    ///
    /// # Errors
    /// [`AppendError`], which tells whether the entry may have landed.
    async fn append(&self, rig: &RigName, entry: &Entry, seen: Position) -> Result<Position, AppendError>;

    /// Tells the log that a store holds everything up to a position.
    fn checkpoint(&self, position: Position);

    /// What makes an entry durable.
    fn durable_once(&self) -> DurableOnce;
}

/// What makes an entry durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurableOnce {
    /// The log has it: the store may come later.
    Appended,
    /// The store has it. What the store fails to save has not happened.
    Saved,
}

/// A reader of the log.
#[async_trait]
pub trait Entries: Send {
    /// Where the log stood when reading began: whoever has got there has caught up.
    fn end(&self) -> Revision;

    /// How many entries the log has that were not read, as far as that is known.
    fn behind(&self) -> u64;

    /// The next place of the log, when there is one. May be dropped and asked again without losing anything.
    ///
    /// # Errors
    /// [`LogError`] if the log is lost; then the reader is of no more use.
    async fn next(&mut self) -> Result<Read, LogError>;
}

/// What a reader finds at a place of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// An entry.
    Entry(Logged),
    /// Something that is not an entry, or a hole. Every reader passes over it: it changes nothing.
    PassedOver(PassedOver),
}

/// A place of the log without an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The place; the last one of a hole.
    pub revision: Revision,
    /// What it is recognised by; 0 for a hole.
    pub stamp: Stamp,
    /// What is wrong with it, for people.
    pub why: String,
}

/// An entry at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its place.
    pub revision: Revision,
    /// What it is recognised by.
    pub stamp: Stamp,
    /// The rig that it is about.
    pub rig: RigName,
    /// What it asks for.
    pub entry: Entry,
    /// How large it is in the log, in bytes.
    pub size: usize,
}

/// The log cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Not now, or not from there: beginning again helps. What was read last may not be in the log any more.
    #[error("the log cannot be read: {0}")]
    Lost(String),
    /// What was read so far is sound, and what follows cannot be read: it was removed, or only a newer version understands
    /// it.
    #[error("the log cannot be read on: {0}")]
    Gone(String),
    /// It is not what the settings want: somebody has to change the one or the other.
    #[error("{0}")]
    Unfit(String),
}

/// Why an append failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It did not happen.
    #[error("the change was not taken: {0}")]
    Unavailable(String),
    /// It did not happen and never can: it is too large for the log.
    #[error("the change was not taken: the log takes {0} bytes at once")]
    TooLarge(usize),
    /// It may have happened, or may still.
    #[error("it is not known whether the change was taken")]
    Unknown,
}
