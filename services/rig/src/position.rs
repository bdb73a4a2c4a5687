//! Where in a rig's history something stands.

use std::fmt;

/// The incarnation of the order. A higher one is newer and makes every position of the older ones void.
///
/// Seconds since 1970 when the order began, or one more than the last epoch if that is later; below 2^53, so that a
/// browser's number holds it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u64);

/// An entry's place in the rig's order. It grows and need not be contiguous; 0 is before the epoch's first entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// A revision and the epoch that it belongs to, written `epoch-revision`. Ordered by epoch, then by revision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The incarnation of the order.
    pub epoch: Epoch,
    /// The place within it.
    pub revision: Revision,
}

/// When the log took an entry in, in nanoseconds since 1970; 0 where nothing has to be recognised.
///
/// A log that has lost its newest entries gives their revisions out again, but never with the same stamps: that is how
/// an entry is known from another one at its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(pub u64);

/// A place in the log, and the stamp of the entry there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LogPosition {
    /// The place.
    pub position: Position,
    /// What stands there.
    pub stamp: Stamp,
}

/// The log time of an entry: whole nanoseconds since 1970, 0 if not known.
///
/// `T(entry) = max(T(entry before), stamp)`: it never goes back, and is the same for all who fold the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LogTime(pub u64);

impl LogTime {
    /// The time of the next entry, which the log took in at this stamp.
    #[must_use]
    pub fn next(self, stamp: Stamp) -> Self {
        Self(self.0.max(stamp.0))
    }
}

impl From<Position> for LogPosition {
    fn from(position: Position) -> Self {
        Self { position, stamp: Stamp::default() }
    }
}

impl Position {
    /// The position of `revision` in `epoch`.
    pub const fn new(epoch: u64, revision: u64) -> Self {
        Self { epoch: Epoch(epoch), revision: Revision(revision) }
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.revision)
    }
}

macro_rules! debug_as_display {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}
debug_as_display!(Epoch, Revision, Stamp, LogTime, Position);
