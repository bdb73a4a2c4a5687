//! What must hold.

use std::fmt;

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
