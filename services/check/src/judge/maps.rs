//! Compares the maps that clients saw at equal positions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound::{Excluded, Included};

use ghostlight_rig::{Digest, Position};

use crate::{Violation, Who};

/// How many positions that every client has passed are still kept, because a read over HTTP may return one of them.
const PASSED: usize = 4_096;

/// The digest of each position, as the first client to reach it saw it.
#[derive(Debug, Default)]
pub(super) struct Maps {
    seen: BTreeMap<Position, (Who, Digest)>,
    /// How many of these positions every client has passed.
    passed: usize,
    until: Position,
}

impl Maps {
    /// A client saw or received a digest.
    pub(super) fn saw(&mut self, who: Who, position: Position, digest: Digest) -> Option<Violation> {
        match self.seen.entry(position) {
            Entry::Vacant(vacant) => {
                vacant.insert((who, digest));
                self.passed += usize::from(position <= self.until);
                None
            }
            Entry::Occupied(seen) => {
                let (first, one) = *seen.get();
                (one != digest).then_some(Violation::Differs { position, first, one, second: who, other: digest })
            }
        }
    }

    /// Every client has passed a position.
    pub(super) fn passed(&mut self, until: Position) {
        // A new client, or one that went back, may be at an earlier position than the lowest one before.
        if until <= self.until {
            return;
        }
        self.passed += self.seen.range((Excluded(self.until), Included(until))).count();
        self.until = until;
        while self.passed > PASSED {
            self.seen.pop_first();
            self.passed -= 1;
        }
    }
}
