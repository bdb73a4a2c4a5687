//! A replica without any checks.

use ghostlight_rig::{Delta, Digest, Digests, KindVisitor, Listed, Position, Snapshot, State, Update, visit_kinds};

/// The map of a client that does literally what it is sent.
///
/// A [`ghostlight_rig::Replica`] ignores what it already has, and notices and fetches what it lacks: it hides faults on
/// the way. This one applies every delta to its map and takes over the position, so that faults show. Its digest is
/// computed from its map.
#[derive(Clone, Debug, Default)]
pub struct NaiveReplica {
    position: Position,
    state: State,
    digests: Digests,
}

impl NaiveReplica {
    /// Applies a delta, whatever the positions are.
    pub fn delta(&mut self, delta: &Delta) {
        self.position = delta.position;
        visit_kinds(&mut Lay { update: &delta.update, replica: self });
    }

    /// Takes a snapshot's map in place of its own, whatever the positions are.
    pub fn snapshot(&mut self, snapshot: &Snapshot) {
        self.position = snapshot.position;
        self.state = snapshot.state.clone();
        let mut sum = Sum { state: &self.state, digests: Digests::default() };
        visit_kinds(&mut sum);
        self.digests = sum.digests;
    }

    /// The last position that it received.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The digest of each kind, computed from the map.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// The values that it holds.
    pub fn state(&self) -> &State {
        &self.state
    }
}

/// Applies the items of one kind after another.
struct Lay<'a> {
    update: &'a Update,
    replica: &'a mut NaiveReplica,
}

impl KindVisitor for Lay<'_> {
    fn visit<K: Listed>(&mut self) {
        let mut digest = self.replica.digests.of(K::ID);
        for (key, value) in K::changes(self.update) {
            let before = K::replace(&mut self.replica.state, key.clone(), value.cloned());
            digest -= before.map(|value| K::item_digest(key, &value)).unwrap_or_default();
            digest += value.map(|value| K::item_digest(key, value)).unwrap_or_default();
        }
        self.replica.digests.set(K::ID, digest);
    }
}

/// Computes the digests of a state from scratch.
struct Sum<'a> {
    state: &'a State,
    digests: Digests,
}

impl KindVisitor for Sum<'_> {
    fn visit<K: Listed>(&mut self) {
        let mut digest = Digest::default();
        K::values(self.state).for_each(|(key, value)| digest += K::item_digest(key, value));
        self.digests.set(K::ID, digest);
    }
}

#[cfg(test)]
mod tests {
    use ghostlight_rig::{Change, Dimmer, Entry, Epoch, Label, Level, LogTime, Revision, Rig};

    use super::*;

    fn update(number: u16, level: Option<Level>, label: Option<&str>) -> Update {
        let dimmer = Dimmer::new(number).unwrap();
        let label = label.map(|label| Label::new(label).unwrap());
        Update { levels: [(dimmer, level)].into(), labels: [(dimmer, label)].into(), ..Update::default() }
    }

    #[test]
    fn told_everything_it_holds_what_the_rig_holds() {
        let mut rig = Rig::new(Epoch(1));
        let mut literal = NaiveReplica::default();
        let whole = Update { master: Some(Level::OUT), blackout: Some(true), ..Update::default() };
        let lit = Update { blackout: Some(false), ..Update::default() };
        let updates = [
            update(1, Some(Level::FULL), Some("wash")),
            update(2, Some(Level::OUT), None),
            update(1, None, Some("spot")),
            whole,
            update(2, Some(Level::FULL), Some("wash")),
            lit,
        ];
        for (revision, update) in (1..).zip(updates) {
            literal.delta(&rig.apply(Revision(revision), LogTime(revision), &Entry::new(Change::from(update))));
            assert_eq!((literal.position(), literal.digests().clone()), (rig.position(), rig.map().digests()));
            assert_eq!(*literal.state(), rig.map().state());
        }
        let mut late = NaiveReplica::default();
        late.snapshot(&rig.snapshot());
        assert_eq!(
            (late.position(), late.digests().clone(), late.state()),
            (rig.position(), literal.digests().clone(), literal.state())
        );
    }
}
