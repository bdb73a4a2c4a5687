//! The trait of the ordered log.

use std::fmt;

use async_trait::async_trait;
use ghostlight_rig::{Entry, LogPosition, Position, Revision, RigName, Stamp, StoreId};

/// The ordered log of all rigs.
///
/// Its contract, which `tests/contract.rs` runs on every adapter:
/// - every reader sees the same entries in the same order, with growing revisions;
/// - an append resolves only when its entry is durable;
/// - an append that fails with [`AppendError::Unavailable`] has not happened and never will;
/// - a reader misses no entry, or fails.
#[async_trait]
pub trait Log: Send + Sync {
    /// Makes sure that the log's changes are those of this store, which stands at `stored`. A log that is made now, or that
    /// names no store, is this store's from now on, unless it has changes and the store is empty.
    ///
    /// # Errors
    /// [`LogError::Foreign`] if it is another store's.
    async fn claim(&self, store: StoreId, stored: LogPosition) -> Result<(), LogError>;

    /// Opens the order from which a state service goes on, given where what its store holds stands. The answer is that
    /// same mark if the log still has everything after it, and one in a new epoch otherwise.
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

    /// Tells the log that the store fails, and why, in words for clients. A log whose entries are durable once they are
    /// saved refuses appends for this reason, until the next order is read.
    fn store_fails(&self, why: &'static str);

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
    /// Not now, or not from there: beginning again helps. What was read last may not be in the log any more.
    #[error("the log cannot be read: {0}")]
    Lost(String),
    /// What was read so far is sound, and what follows cannot be read: it was removed, or only a newer version understands
    /// it.
    #[error("the log cannot be read on: {0}")]
    Gone(String),
    /// It has the changes of another store.
    #[error("{0}")]
    Foreign(ForeignStore),
    /// It is not what the settings want: somebody has to change the one or the other.
    #[error("{0}")]
    Unfit(String),
}

/// A store meets the log of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignStore {
    /// The stream.
    pub stream: String,
    /// The store that meets it.
    pub ours: StoreId,
    /// The store that it belongs to; `None` if it names none, but has changes, and this store is empty.
    pub theirs: Option<StoreId>,
}

impl fmt::Display for ForeignStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, ours, theirs } = self;
        match theirs {
            Some(theirs) => {
                write!(f, "the stream {stream} has the changes of the store {theirs}, and this is the store {ours}")?;
            }
            None => write!(f, "the stream {stream} has changes, and this store ({ours}) is empty")?,
        }
        f.write_str(
            ": its rigs would take the place of those that are shown. Give this service the --store of the others, or a NATS of \
             its own. If this store is to take the place of the other one, stop all state services, and run `ghostlight adopt` \
             with the same --bus and --store",
        )
    }
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
