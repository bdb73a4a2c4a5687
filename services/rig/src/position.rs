//! Places in the order of the log, and times of its entries.

use std::fmt;

/// The incarnation of the order. A higher epoch is newer and makes every position of the older epochs void.
///
/// Seconds since 1970 when the order began, or one more than the last epoch if that is later. Below 2^53, so that it
/// fits into a browser's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u64);

/// An entry's place in the order of its epoch. It grows and need not be contiguous; 0 is before the first entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// A revision and the epoch that it belongs to, written `epoch-revision`. Ordered by epoch, then by revision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The epoch of the order.
    pub epoch: Epoch,
    /// The place within the epoch.
    pub revision: Revision,
}

/// When the log took an entry in, in nanoseconds since 1970; 0 where entries need not be recognised.
///
/// A log that has lost its newest entries gives their revisions out again, but never with the same stamps. So the stamp
/// tells an entry from another entry with the same revision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(pub u64);

/// A place in the log, and the stamp of the entry there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LogPosition {
    /// The entry's position.
    pub position: Position,
    /// The stamp of the entry there.
    pub stamp: Stamp,
}

/// The log time of an entry: whole nanoseconds since 1970, 0 if not known.
///
/// `T(entry) = max(T(entry before), stamp)`: it never goes back, and all state services that fold the log compute it
/// alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LogTime(pub u64);

impl LogTime {
    /// The log time of the next entry, which has this stamp.
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
