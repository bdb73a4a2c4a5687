//! Where each client stands: growth, continuity, and what an acknowledgement promises to its own connection.

use std::collections::BTreeMap;

use ghostlight_rig::Position;

use crate::violation::{Named, Side};
use crate::{News, Violation, Who};

/// So many of a connection's newest acknowledgements are compared with the next: more than may be under way at once.
const ORDERED: usize = 256;

/// One client's place, over all its connections.
#[derive(Debug, Default)]
struct Cursor {
    /// Where it stands; `None` before its first map.
    at: Option<Position>,
    /// Which of its connections this is.
    connection: u64,
    /// The newest acknowledgements on this connection, by the client's numbers.
    acked: BTreeMap<u64, Position>,
}

/// All clients' places.
#[derive(Debug, Default)]
pub(super) struct Cursors(BTreeMap<Who, Cursor>);

impl Cursors {
    /// A client has a new connection.
    pub(super) fn connected(&mut self, who: Who) {
        let cursor = self.0.entry(who).or_default();
        cursor.connection += 1;
        cursor.acked.clear();
    }

    /// Where a client stands.
    pub(super) fn at(&self, who: Who) -> Position {
        self.0.get(&who).and_then(|cursor| cursor.at).unwrap_or_default()
    }

    /// Which of its connections a client is on.
    pub(super) fn connection(&self, who: Who) -> u64 {
        self.0.get(&who).map_or(0, |cursor| cursor.connection)
    }

    /// The lowest place of any client: nobody may be told of anything before it any more.
    pub(super) fn lowest(&self) -> Option<Position> {
        self.0.values().filter_map(|cursor| cursor.at).min()
    }

    /// Where every client stands that has ever been told.
    pub(super) fn all(&self) -> impl Iterator<Item = (Who, Position)> + '_ {
        self.0.iter().map(|(&who, cursor)| (who, cursor.at.unwrap_or_default()))
    }

    /// A client's map moved. Whatever is wrong with that, the client goes on from there, so that each fault is found
    /// once.
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

    /// A client is told a beacon: on its connection nothing is lost, so it stands there already.
    pub(super) fn beacon(&self, who: Who, position: Position) -> Option<Violation> {
        let at = self.at(who);
        match position.cmp(&at) {
            std::cmp::Ordering::Less => Some(Violation::WentBack { who, at, position }),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Violation::Unheard { who, at, position }),
        }
    }

    /// A connection acknowledges a change: it has told what the change did before.
    pub(super) fn told(&self, change: Named, acked: Position) -> Option<Violation> {
        let at = self.at(change.who);
        (at < acked).then_some(Violation::Untold { change, acked, at })
    }

    /// A connection acknowledges a change that it carried once: it stands in order with the connection's others.
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
