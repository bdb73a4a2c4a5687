//! The laws that every deployment must keep.

use std::fmt;

/// A law that must hold, whatever happens to the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// Every client's positions grow, over all its connections.
    Growth,
    /// What a client receives continues what it holds.
    Continuity,
    /// At equal positions, equal maps: all clients go through the same sequence of maps.
    OneMap,
    /// A change comes after everything known when it was sent, and the changes of one connection stay in their order.
    Order,
    /// Every acknowledged change is at its position, and its values stay until a later change sets its dimmers again.
    Place,
    /// After its acknowledgement, a change is visible where it was asked for.
    ReadYourWrites,
    /// No client sees a value that no client wrote.
    Origin,
    /// Once writing has ended, all clients reach the newest map.
    Convergence,
    /// Every message can be read.
    Protocol,
}

impl Law {
    /// The law's name in a report.
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
