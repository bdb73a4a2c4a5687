//! Rigs that nobody has made, which somebody follows all the same.

use std::collections::VecDeque;

use ghostlight_rig::{Position, Revision, Rig, RigName};

/// The names that were asked for last, the oldest first; at most so many. Who asked is not known to follow on: a name
/// gives way to newer ones, and a gateway that goes on following asks again when it hears nothing.
pub(crate) struct RequestedRigs {
    names: VecDeque<(RigName, Revision)>,
    most: usize,
}

impl RequestedRigs {
    pub(crate) fn new(most: usize) -> Self {
        Self { names: VecDeque::new(), most }
    }

    /// Somebody asks for a rig: it is awaited from now on. The answer is where it stands.
    pub(crate) fn ask(&mut self, name: &RigName) -> Revision {
        let known = self.names.iter().position(|(known, _)| known == name).and_then(|index| self.names.remove(index));
        let revision = known.map_or(Revision(0), |(_, revision)| revision);
        if self.names.len() >= self.most {
            self.names.pop_front();
        }
        self.names.push_back((name.clone(), revision));
        revision
    }

    /// An entry would have made a rig, and may not: it stands there now, as empty as before.
    pub(crate) fn refused(&mut self, name: &RigName, revision: Revision) {
        if let Some((_, standing)) = self.names.iter_mut().find(|(known, _)| known == name) {
            *standing = revision;
        }
    }

    /// A rig has been made: it is awaited no more.
    pub(crate) fn made(&mut self, name: &RigName) {
        self.names.retain(|(known, _)| known != name);
    }

    /// A new order begins: nothing stands anywhere in it.
    pub(crate) fn begin(&mut self) {
        for (_, revision) in &mut self.names {
            *revision = Revision(0);
        }
    }

    /// What is awaited, as empty rigs that stand where they stand in the epoch of `now`.
    pub(crate) fn rigs(&self, now: Position) -> impl Iterator<Item = (&RigName, Rig)> {
        self.names.iter().map(move |(name, revision)| (name, Rig::empty(Position { revision: *revision, ..now })))
    }
}
