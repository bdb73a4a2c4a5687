//! The violations that the judge finds.

use std::fmt;

use ghostlight_rig::{Digest, Dimmer, Level, Position, Revision};

use crate::{Law, Who};

/// A change, as a violation names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The client that asked for it.
    pub who: Who,
    /// The client's number for the change.
    pub seq: u64,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "change {} of {}", self.seq, self.who)
    }
}

/// A breach of a law.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A client received a position that is not after its own.
    #[error("{who} stood at {at} and received position {position} after that")]
    WentBack {
        /// The client.
        who: Who,
        /// The client's position.
        at: Position,
        /// The position that it received.
        position: Position,
    },
    /// A delta begins at a revision that the client has not reached.
    #[error("{who} stood at {at} and received a delta from revision {prev} to {position}")]
    Skipped {
        /// The client.
        who: Who,
        /// The client's position.
        at: Position,
        /// The revision that the delta follows on.
        prev: Revision,
        /// The delta's position.
        position: Position,
    },
    /// A beacon is ahead of its connection.
    #[error("{who} stood at {at} and received a beacon at {position}, but not the deltas in between")]
    Unheard {
        /// The client.
        who: Who,
        /// The client's position.
        at: Position,
        /// The beacon's position.
        position: Position,
    },
    /// Two clients saw different maps at one position.
    #[error("two maps at {position}: {first} saw {one}, {second} saw {other}")]
    Differs {
        /// The position of both maps.
        position: Position,
        /// A client that saw the first map.
        first: Who,
        /// The digest of the first map.
        one: Digest,
        /// The client that saw the second map.
        second: Who,
        /// The digest of the second map.
        other: Digest,
    },
    /// A message does not lead to the map with the digest of its position.
    #[error("the message to {who} at {position} does not lead there from the map at {from}")]
    Broken {
        /// The client that received the message.
        who: Who,
        /// The position before, of those that any client saw.
        from: Position,
        /// The message's position.
        position: Position,
    },
    /// A change is acknowledged at a position that was known before the change was sent.
    #[error("{change} is acknowledged at {acked}, and {known} was known before it was sent")]
    BeforeSent {
        /// The change.
        change: Named,
        /// The position of the acknowledgement.
        acked: Position,
        /// The newest position known before it was sent.
        known: Position,
    },
    /// Two changes of one connection are in the wrong order.
    #[error("{change} is acknowledged at {acked}, and one that the same connection sent {other}: {seq}, at {position}")]
    Overtaken {
        /// The change.
        change: Named,
        /// The position of the acknowledgement.
        acked: Position,
        /// Whether the other change was sent before or after.
        other: Side,
        /// The other change's number.
        seq: u64,
        /// The position of the other's acknowledgement.
        position: Position,
    },
    /// An answer to a change that does not wait for one.
    #[error("{change} is answered, but did not wait for an answer")]
    Stray {
        /// The change.
        change: Named,
    },
    /// An acknowledged change is missing.
    #[error("{change} is acknowledged at {acked}, and at {position} {dimmer:?} is {shown}, not {wanted} or newer")]
    Lost {
        /// The change.
        change: Named,
        /// The position of the acknowledgement.
        acked: Position,
        /// The first position at which this was seen.
        position: Position,
        /// The dimmer that shows another value.
        dimmer: Dimmer,
        /// The value that it shows.
        shown: Shown,
        /// The value that it should show.
        wanted: Shown,
    },
    /// A dimmer shows a value that no change set there.
    #[error("between {from} and {position} {dimmer:?} came to be {shown}, which no change did there{known}")]
    OutOfPlace {
        /// The position before, of those that any client saw.
        from: Position,
        /// The first position at which this was seen.
        position: Position,
        /// The dimmer that shows the value.
        dimmer: Dimmer,
        /// The value that it shows.
        shown: Shown,
        /// The change that wrote the value, if it is still known.
        known: Known,
    },
    /// An attempt has happened and stays, although it was refused or repeats another under its key.
    #[error("{change} stays from an attempt that was refused or a repeat: {dimmer:?} showed it at {position}")]
    Stayed {
        /// The change.
        change: Named,
        /// The dimmer that shows the change.
        dimmer: Dimmer,
        /// The first position at which this was seen.
        position: Position,
    },
    /// An acknowledgement came before the client received the change.
    #[error("{change} is acknowledged at {acked}, but the newest position on that connection is {at}")]
    Untold {
        /// The change.
        change: Named,
        /// The position of the acknowledgement.
        acked: Position,
        /// The newest position that the connection had sent.
        at: Position,
    },
    /// A map that was read is older than an answer before it.
    #[error("{who} was answered at {after} and read the map at {position} after that")]
    ReadOld {
        /// The client.
        who: Who,
        /// The position of the answer.
        after: Position,
        /// The position of the map that it read.
        position: Position,
    },
    /// A client saw a value that no client wrote.
    #[error("{who} saw {dimmer:?} at {level}, at {position}: nobody wrote that")]
    FromNowhere {
        /// The client.
        who: Who,
        /// The position of the map.
        position: Position,
        /// The dimmer with the value.
        dimmer: Dimmer,
        /// The level that no client wrote.
        level: Level,
    },
    /// A client did not reach the newest position.
    #[error("{who} ends at {at}, and the newest is {newest}")]
    Behind {
        /// The client.
        who: Who,
        /// The client's position at the end.
        at: Position,
        /// The newest position that any client saw.
        newest: Position,
    },
    /// No client reached the position of an acknowledgement.
    #[error("{change} is acknowledged at {acked}, but no client reached that: the newest is {newest}")]
    Unseen {
        /// The change.
        change: Named,
        /// The position of the acknowledgement.
        acked: Position,
        /// The newest position that any client saw.
        newest: Position,
    },
    /// A client received a message that cannot be read.
    #[error("{who} received a message that it cannot read: {why}")]
    Unreadable {
        /// The client.
        who: Who,
        /// What is wrong with the message.
        why: String,
    },
}

impl Violation {
    /// The law that the violation breaks.
    pub const fn law(&self) -> Law {
        match self {
            Self::WentBack { .. } => Law::Growth,
            Self::Skipped { .. } | Self::Unheard { .. } => Law::Continuity,
            Self::Differs { .. } | Self::Broken { .. } => Law::OneMap,
            Self::BeforeSent { .. } | Self::Overtaken { .. } | Self::Stray { .. } => Law::Order,
            Self::Lost { .. } | Self::OutOfPlace { .. } | Self::Stayed { .. } => Law::Place,
            Self::Untold { .. } | Self::ReadOld { .. } => Law::ReadYourWrites,
            Self::FromNowhere { .. } => Law::Origin,
            Self::Behind { .. } | Self::Unseen { .. } => Law::Convergence,
            Self::Unreadable { .. } => Law::Protocol,
        }
    }
}

/// Whether another change was sent before or after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The other was sent before it.
    Before,
    /// The other was sent after it.
    After,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before it",
            Self::After => "after it",
        })
    }
}

/// The value that a dimmer shows: a level, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown(pub Option<Level>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(level) => write!(f, "at {level}"),
            None => f.write_str("without a level"),
        }
    }
}

/// The change that wrote a value, and where it was acknowledged, if that is still known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known(pub Option<(Named, Option<Position>)>);

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((change, Some(acked))) => write!(f, "; {change} wrote it, acknowledged at {acked}"),
            Some((change, None)) => write!(f, "; {change} wrote it, which was refused or has happened already"),
            None => Ok(()),
        }
    }
}
