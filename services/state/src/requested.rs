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

    /// Somebody asks for a rig: it is awaited from now on. The answer is where it stands, which is at `missing` at least.
    pub(crate) fn ask(&mut self, name: &RigName, missing: Position) -> Position {
        let known = self.names.iter().position(|(known, _)| known == name).and_then(|index| self.names.remove(index));
        let revision = known.map_or(Revision(0), |(_, revision)| revision);
        if self.names.len() >= self.most {
            self.names.pop_front();
        }
        self.names.push_back((name.clone(), revision));
        standing(revision, missing)
    }

    /// An entry would have made a rig, and may not: it stands there now, as empty as before.
    pub(crate) fn refused(&mut self, name: &RigName, revision: Revision) {
        if let Some((_, standing)) = self.names.iter_mut().find(|(known, _)| known == name) {
            *standing = revision;
        }
    }

    /// A rig was removed: whoever followed it may go on doing so.
    pub(crate) fn removed(&mut self, name: &RigName, revision: Revision) {
        self.ask(name, Position::default());
        self.refused(name, revision);
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

    /// What is awaited, as empty rigs that stand where they stand, which is at `missing` at least.
    pub(crate) fn rigs(&self, missing: Position) -> impl Iterator<Item = (&RigName, Rig)> {
        self.names.iter().map(move |(name, revision)| (name, Rig::empty(standing(*revision, missing))))
    }
}

fn standing(revision: Revision, missing: Position) -> Position {
    Position { revision: revision.max(missing.revision), ..missing }
}
