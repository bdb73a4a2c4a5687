//! The position of each client: growth, continuity, and what an acknowledgement promises to its own connection.

use std::collections::BTreeMap;

use ghostlight_rig::Position;

use crate::violation::{Named, Side};
use crate::{News, Violation, Who};

/// How many of a connection's newest acknowledgements are kept, to compare with the next: more than can be under way.
const ORDERED: usize = 256;

/// The position of one client, over all its connections.
#[derive(Debug, Default)]
struct Cursor {
    /// The client's position; `None` before its first map.
    at: Option<Position>,
    /// The number of the client's current connection.
    connection: u64,
    /// The newest acknowledgements on this connection, by the client's numbers.
    acked: BTreeMap<u64, Position>,
}

/// The positions of all clients.
#[derive(Debug, Default)]
pub(super) struct Cursors(BTreeMap<Who, Cursor>);

impl Cursors {
    /// A client has a new connection.
    pub(super) fn connected(&mut self, who: Who) {
        let cursor = self.0.entry(who).or_default();
        cursor.connection += 1;
        cursor.acked.clear();
    }

    /// The position of a client's map.
    pub(super) fn at(&self, who: Who) -> Position {
        self.0.get(&who).and_then(|cursor| cursor.at).unwrap_or_default()
    }

    /// The number of a client's current connection.
    pub(super) fn connection(&self, who: Who) -> u64 {
        self.0.get(&who).map_or(0, |cursor| cursor.connection)
    }

    /// The lowest position of any client. No client may receive an earlier position any more.
    pub(super) fn lowest(&self) -> Option<Position> {
        self.0.values().filter_map(|cursor| cursor.at).min()
    }

    /// The position of every client that has connected.
    pub(super) fn all(&self) -> impl Iterator<Item = (Who, Position)> + '_ {
        self.0.iter().map(|(&who, cursor)| (who, cursor.at.unwrap_or_default()))
    }

    /// A client's map moved. The client goes on from the new position even if the move is a violation, so that each
    /// fault is found once.
    pub(super) fn moved(&mut self, who: Who, position: Position, news: &News) -> Option<Violation> {
        let cursor = self.0.entry(who).or_default();
        let at = cursor.at.replace(position).unwrap_or_default();
        match *news {
            News::Snapshot(_) if position < at => Some(Violation::WentBack { who, at, position }),
            News::Snapshot(_) => None,
            News::Delta { .. } if position <= at => Some(Violation::WentBack { who, at, position }),
            News::Delta { prev, .. } if position.epoch != at.epoch || prev > at.revision => {
                Some(Violation::Skipped { who, at, prev, position })
            }
            News::Delta { .. } => None,
        }
    }

    /// A client received a beacon. Nothing is lost on a connection, so the client must be at that position already.
    pub(super) fn beacon(&self, who: Who, position: Position) -> Option<Violation> {
        let at = self.at(who);
        match position.cmp(&at) {
            std::cmp::Ordering::Less => Some(Violation::WentBack { who, at, position }),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Violation::Unheard { who, at, position }),
        }
    }

    /// A connection acknowledges a change: it must have sent what the change did before that.
    pub(super) fn told(&self, change: Named, acked: Position) -> Option<Violation> {
        let at = self.at(change.who);
        (at < acked).then_some(Violation::Untold { change, acked, at })
    }

    /// A connection acknowledges a change that it carried once. Its position must be in order with the connection's
    /// others.
    pub(super) fn in_order(&mut self, change: Named, acked: Position) -> Option<Violation> {
        let cursor = self.0.entry(change.who).or_default();
        let before = cursor.acked.range(..change.seq).next_back().filter(|(_, position)| **position > acked);
        let before = before.map(|(&seq, &position)| (Side::Before, seq, position));
        let after = cursor.acked.range(change.seq + 1..).next().filter(|(_, position)| **position < acked);
        let after = after.map(|(&seq, &position)| (Side::After, seq, position));
        cursor.acked.insert(change.seq, acked);
        if cursor.acked.len() > ORDERED {
            cursor.acked.pop_first();
        }
        let (other, seq, position) = before.or(after)?;
        Some(Violation::Overtaken { change, acked, other, seq, position })
    }
}
