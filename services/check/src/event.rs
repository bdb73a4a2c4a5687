//! What happened to the clients, as reported to the judge.

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
/// Events must be reported in an order that respects causes: a change before it is sent, and a message after it was
/// received. Then everything that was reported before a change was sent was in the log before that change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The client has a new connection, on which it has not sent anything yet.
    Connected,
    /// The client sends a change: for the first time, or once more because no answer came.
    Sent {
        /// The client's number for the change; the same for a repeat.
        seq: u64,
        /// The levels that the change sets.
        levels: Levels,
        /// The way to the gateway.
        way: Way,
    },
    /// A change is acknowledged.
    Acked {
        /// The client's number for the change.
        seq: u64,
        /// The position in the acknowledgement.
        position: Position,
    },
    /// A change is refused: this attempt did not happen.
    Refused {
        /// The client's number for the change.
        seq: u64,
    },
    /// No answer can come any more: each attempt may have happened, or may still happen.
    Unknown {
        /// The client's number for the change.
        seq: u64,
    },
    /// The client's map moved.
    Saw {
        /// The position that the client received.
        position: Position,
        /// The digest of the client's map, computed from the map itself.
        digest: Digest,
        /// What moved the map.
        news: News,
    },
    /// The client received a beacon.
    Beacon {
        /// The beacon's position.
        position: Position,
        /// The beacon's digest.
        digest: Digest,
    },
    /// The client read the whole map over HTTP, right after an answer on the same connection.
    Read {
        /// The position of that answer.
        after: Position,
        /// The position of the map that was read.
        position: Position,
        /// The map that was read.
        levels: BTreeMap<Dimmer, Level>,
    },
    /// The client received a message that it cannot read.
    Unreadable {
        /// What is wrong with the message.
        why: String,
    },
}

/// The way of a change to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over the WebSocket: in order with the other changes of that connection. Each attempt may happen.
    Socket,
    /// Over HTTP with an idempotency key: it happens at most once, however often it is sent.
    Keyed,
}

/// What moved a client's map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A delta: these dimmers changed after `prev`.
    Delta {
        /// The revision that the delta follows on.
        prev: Revision,
        /// The dimmers in the delta.
        levels: Levels,
    },
    /// A snapshot: the whole map.
    Snapshot(BTreeMap<Dimmer, Level>),
}
