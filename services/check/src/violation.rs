//! What the judge finds wrong.

use std::fmt;

use ghostlight_rig::{Digest, Dimmer, Level, Position, Revision};

use crate::{Law, Who};

/// A change, as a violation names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Whose it is.
    pub who: Who,
    /// The client's number for it.
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
    /// A client was told of a position that is not after its own.
    #[error("{who} stood at {at} and was told of {position} after that")]
    WentBack {
        /// Who saw it.
        who: Who,
        /// Where it stood.
        at: Position,
        /// Where it was told that it stands.
        position: Position,
    },
    /// A delta leads on from where the client does not stand yet.
    #[error("{who} stood at {at} and was told what leads from revision {prev} to {position}")]
    Skipped {
        /// Who saw it.
        who: Who,
        /// Where it stood.
        at: Position,
        /// What it follows on.
        prev: Revision,
        /// Where it was told that it stands.
        position: Position,
    },
    /// A beacon is ahead of its connection.
    #[error("{who} stood at {at} and a beacon told of {position}, but not what happened in between")]
    Unheard {
        /// Who saw it.
        who: Who,
        /// Where it stood.
        at: Position,
        /// The beacon's position.
        position: Position,
    },
    /// Two maps under one position.
    #[error("two maps at {position}: {first} saw {one}, {second} saw {other}")]
    Differs {
        /// Where both stand.
        position: Position,
        /// Who saw the one map.
        first: Who,
        /// The digest of the one.
        one: Digest,
        /// Who saw the other.
        second: Who,
        /// The digest of the other.
        other: Digest,
    },
    /// What was told does not lead where it says.
    #[error("what {who} was told at {position} does not lead there from the map at {from}")]
    Broken {
        /// Who saw it.
        who: Who,
        /// The position before, of those that anybody saw.
        from: Position,
        /// Where it was told that it leads.
        position: Position,
    },
    /// An acknowledgement names a place that was there before the change.
    #[error("{change} is acknowledged at {acked}, and {known} was known before it was sent")]
    BeforeSent {
        /// The change.
        change: Named,
        /// Where it is acknowledged.
        acked: Position,
        /// What was known before it was sent.
        known: Position,
    },
    /// Two changes of one connection changed places.
    #[error("{change} is acknowledged at {acked}, and one that the same connection sent {other}: {seq}, at {position}")]
    Overtaken {
        /// The change.
        change: Named,
        /// Where it is acknowledged.
        acked: Position,
        /// On which side the other was sent.
        other: Side,
        /// The other change's number.
        seq: u64,
        /// Where the other is acknowledged.
        position: Position,
    },
    /// An answer to nothing.
    #[error("{change} is answered, and waits for no answer")]
    Stray {
        /// The change.
        change: Named,
    },
    /// What was acknowledged is not there.
    #[error("{change} is acknowledged at {acked}, and at {position} {dimmer:?} is {shown}, not {wanted} or newer")]
    Lost {
        /// The change.
        change: Named,
        /// Where it is acknowledged.
        acked: Position,
        /// The first position at which that was seen.
        position: Position,
        /// The dimmer.
        dimmer: Dimmer,
        /// What it shows.
        shown: Shown,
        /// What it should show.
        wanted: Shown,
    },
    /// A value is where nothing put it.
    #[error("between {from} and {position} {dimmer:?} came to be {shown}, which no change did there{known}")]
    OutOfPlace {
        /// The position before, of those that anybody saw.
        from: Position,
        /// The first position at which that was seen.
        position: Position,
        /// The dimmer.
        dimmer: Dimmer,
        /// What it shows.
        shown: Shown,
        /// Who wrote that, if it is known still.
        known: Known,
    },
    /// An attempt that was refused, or repeats another under its key, has happened.
    #[error("{change} stays from an attempt that was refused or a repeat: {dimmer:?} showed it at {position}")]
    Stayed {
        /// The change.
        change: Named,
        /// The dimmer.
        dimmer: Dimmer,
        /// The first position at which that was seen.
        position: Position,
    },
    /// An acknowledgement came before what it is about.
    #[error("{change} is acknowledged at {acked}, and that connection has told only of {at}")]
    Untold {
        /// The change.
        change: Named,
        /// Where it is acknowledged.
        acked: Position,
        /// The newest that its connection had told.
        at: Position,
    },
    /// What was read is older than what had been answered.
    #[error("{who} was answered at {after} and read the map at {position} after that")]
    ReadOld {
        /// Who saw it.
        who: Who,
        /// Where it was answered.
        after: Position,
        /// Where the map stands that it read.
        position: Position,
    },
    /// A value that was never written.
    #[error("{who} saw {dimmer:?} at {level}, at {position}: nobody wrote that")]
    FromNowhere {
        /// Who saw it.
        who: Who,
        /// Where it stood then.
        position: Position,
        /// The dimmer.
        dimmer: Dimmer,
        /// The level.
        level: Level,
    },
    /// A client did not come to the end.
    #[error("{who} ends at {at}, and the newest is {newest}")]
    Behind {
        /// Who saw it.
        who: Who,
        /// Where it stood.
        at: Position,
        /// The newest position that anybody saw.
        newest: Position,
    },
    /// Nobody came as far as an acknowledgement.
    #[error("{change} is acknowledged at {acked}, and nobody came that far: the newest is {newest}")]
    Unseen {
        /// The change.
        change: Named,
        /// Where it is acknowledged.
        acked: Position,
        /// The newest position that anybody saw.
        newest: Position,
    },
    /// A message that is none.
    #[error("{who} was told what it cannot read: {why}")]
    Unreadable {
        /// Who saw it.
        who: Who,
        /// What is wrong with it.
        why: String,
    },
}

impl Violation {
    /// The law that it breaks.
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

/// On which side of a change another was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The other came before it.
    Before,
    /// The other came after it.
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

/// What a dimmer shows: a level, or none.
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

/// The change that wrote a value which is out of place, if it is known still.
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
