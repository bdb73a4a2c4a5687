//! At equal positions, equal maps.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound::{Excluded, Included};

use ghostlight_rig::{Digest, Position};

use crate::{Violation, Who};

/// So many positions that every client has passed are remembered all the same: a read over HTTP may still come to one.
const PASSED: usize = 4_096;

/// The digest of each position, as who came there first saw it.
#[derive(Debug, Default)]
pub(super) struct Maps {
    seen: BTreeMap<Position, (Who, Digest)>,
    /// How many of them everyone has passed.
    passed: usize,
    until: Position,
}

impl Maps {
    /// Somebody saw, or was told, a digest.
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

    /// Everyone has passed a position.
    pub(super) fn passed(&mut self, until: Position) {
        // A client that is new, or was told of something older, may stand before where all stood.
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
