//! What the clients lived through, as the judge is told of it.

use std::collections::BTreeMap;
use std::fmt;

use ghostlight_rig::{Digest, Dimmer, Level, Levels, Position, Revision};

/// One of the clients, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who(pub usize);

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0)
    }
}

/// What happened to a client.
///
/// The order in which the judge is told must respect causes: a change is told as sent before it leaves, and what is
/// seen is told after it came. Then whatever was told before a change was sent was in the log before that change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has a new connection, on which it has not sent anything yet.
    Connected,
    /// It sends a change: for the first time, or once more because no answer came.
    Sent {
        /// Its number for the change; the same for a repeat.
        seq: u64,
        /// What it sets.
        levels: Levels,
        /// How it goes.
        way: Way,
    },
    /// A change is acknowledged.
    Acked {
        /// Its number.
        seq: u64,
        /// Where it stands in the log, as it was told.
        position: Position,
    },
    /// A change is refused: this attempt did not happen.
    Refused {
        /// Its number.
        seq: u64,
    },
    /// No answer will come any more: each attempt may have happened, or may yet.
    Unknown {
        /// Its number.
        seq: u64,
    },
    /// Its map moved.
    Saw {
        /// Where it stands now, as it was told.
        position: Position,
        /// The digest of what it holds now, computed from what it holds.
        digest: Digest,
        /// What it was told.
        news: News,
    },
    /// It was told a beacon.
    Beacon {
        /// The beacon's position.
        position: Position,
        /// The beacon's digest.
        digest: Digest,
    },
    /// It read the whole map over HTTP, right after an answer on the same connection.
    Read {
        /// The position of that answer.
        after: Position,
        /// Where the map that it read stands.
        position: Position,
        /// That map.
        levels: BTreeMap<Dimmer, Level>,
    },
    /// It was told something that it cannot read.
    Unreadable {
        /// What is wrong with it.
        why: String,
    },
}

/// How a change goes to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over the WebSocket: in order with the others of that connection, and each attempt counts.
    Socket,
    /// Over HTTP with an idempotency key: however often it is sent, it happens once at most.
    Keyed,
}

/// What moved a client's map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// These dimmers changed after `prev`.
    Delta {
        /// What the delta follows on.
        prev: Revision,
        /// The dimmers in it.
        levels: Levels,
    },
    /// This is the whole map.
    Snapshot(BTreeMap<Dimmer, Level>),
}
