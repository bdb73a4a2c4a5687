//! What the judge finds wrong.

use std::fmt;

use ghostlight_rig::{Digest, Dimmer, Level, Position, Revision};

use crate::Who;

/// What must hold, whatever happens to the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// Every client's positions grow, over all its connections.
    Growth,
    /// What a client is told continues what it holds.
    Continuity,
    /// At equal positions, equal maps: everyone passes through the same sequence of maps.
    OneMap,
    /// A change comes after all that was known when it was sent, and the changes of one connection come in their order.
    Order,
    /// Every acknowledged change stands where its position says, and stays until a later one sets its dimmers anew.
    Place,
    /// After its acknowledgement, a change is seen where it was asked for.
    ReadYourWrites,
    /// Nobody sees a value that nobody wrote.
    Origin,
    /// When nothing is written any more, all come to the newest map.
    Convergence,
    /// All that is said can be read.
    Protocol,
}

impl Law {
    /// Its name, as a report has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Growth => "growth",
            Self::Continuity => "continuity",
            Self::OneMap => "one map",
            Self::Order => "order",
            Self::Place => "place",
            Self::ReadYourWrites => "read your writes",
            Self::Origin => "origin",
            Self::Convergence => "convergence",
            Self::Protocol => "protocol",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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
#[allow(missing_docs, reason = "the fields are told in the messages")]
pub enum Violation {
    /// [`Law::Growth`].
    #[error("{who} stood at {at} and was told of {position} after that")]
    WentBack { who: Who, at: Position, position: Position },
    /// [`Law::Continuity`].
    #[error("{who} stood at {at} and was told what leads from revision {prev} to {position}")]
    Skipped { who: Who, at: Position, prev: Revision, position: Position },
    /// [`Law::Continuity`].
    #[error("{who} stood at {at} and a beacon told of {position}, but not what happened in between")]
    Unheard { who: Who, at: Position, position: Position },
    /// [`Law::OneMap`].
    #[error("two maps at {position}: {first} saw {one}, {second} saw {other}")]
    Differs { position: Position, first: Who, one: Digest, second: Who, other: Digest },
    /// [`Law::OneMap`].
    #[error("what {who} was told at {position} does not lead there from the map at {from}")]
    Broken { who: Who, from: Position, position: Position },
    /// [`Law::Order`].
    #[error("{change} is acknowledged at {acked}, and {known} was known before it was sent")]
    BeforeSent { change: Named, acked: Position, known: Position },
    /// [`Law::Order`].
    #[error("{change} is acknowledged at {acked}, and one that the same connection sent {other}: {seq}, at {position}")]
    Overtaken { change: Named, acked: Position, other: Side, seq: u64, position: Position },
    /// [`Law::Order`].
    #[error("{change} is answered, and waits for no answer")]
    Stray { change: Named },
    /// [`Law::Place`].
    #[error("{change} is acknowledged at {acked}, and at {position} {dimmer:?} is {shown}, not {wanted} or newer")]
    Lost { change: Named, acked: Position, position: Position, dimmer: Dimmer, shown: Shown, wanted: Shown },
    /// [`Law::Place`].
    #[error("between {from} and {position} {dimmer:?} became {shown}, which no change did there{known}")]
    OutOfPlace { from: Position, position: Position, dimmer: Dimmer, shown: Shown, known: Known },
    /// [`Law::Place`].
    #[error("{change} was refused, and is there all the same: {dimmer:?} showed it at {position}")]
    Refused { change: Named, dimmer: Dimmer, position: Position },
    /// [`Law::ReadYourWrites`].
    #[error("{change} is acknowledged at {acked}, and that connection has told only of {at}")]
    Untold { change: Named, acked: Position, at: Position },
    /// [`Law::ReadYourWrites`].
    #[error("{who} was answered at {after} and read the map at {position} after that")]
    ReadOld { who: Who, after: Position, position: Position },
    /// [`Law::Origin`].
    #[error("{who} saw {dimmer:?} at {level}, at {position}: nobody wrote that")]
    FromNowhere { who: Who, position: Position, dimmer: Dimmer, level: Level },
    /// [`Law::Convergence`].
    #[error("{who} ends at {at}, and the newest is {newest}")]
    Behind { who: Who, at: Position, newest: Position },
    /// [`Law::Convergence`].
    #[error("{change} is acknowledged at {acked}, and nobody came that far: the newest is {newest}")]
    Unseen { change: Named, acked: Position, newest: Position },
    /// [`Law::Protocol`].
    #[error("{who} was told what it cannot read: {why}")]
    Unreadable { who: Who, why: String },
}

impl Violation {
    /// The law that it breaks.
    pub const fn law(&self) -> Law {
        match self {
            Self::WentBack { .. } => Law::Growth,
            Self::Skipped { .. } | Self::Unheard { .. } => Law::Continuity,
            Self::Differs { .. } | Self::Broken { .. } => Law::OneMap,
            Self::BeforeSent { .. } | Self::Overtaken { .. } | Self::Stray { .. } => Law::Order,
            Self::Lost { .. } | Self::OutOfPlace { .. } | Self::Refused { .. } => Law::Place,
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
