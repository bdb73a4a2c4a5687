//! A map that believes everything.

use ghostlight_rig::{Delta, Digest, Position, Snapshot, State, Update};

/// What a client shows that does literally what it is told.
///
/// A [`ghostlight_rig::Replica`] passes over what it has, notices what it misses and fetches it: it hides what goes wrong
/// on the way. This one lays every delta over the map that it has and stands where it was told last, so that what goes
/// wrong shows. Its digest is computed from what it holds.
#[derive(Clone, Debug, Default)]
pub struct NaiveReplica {
    position: Position,
    state: State,
    digest: Digest,
}

impl NaiveReplica {
    /// Lays a delta over the map, wherever that stood.
    pub fn delta(&mut self, delta: &Delta) {
        self.position = delta.position;
        let Update { levels, labels, master, blackout } = &delta.update;
        for (&dimmer, &level) in levels {
            let before = match level {
                Some(level) => self.state.levels.insert(dimmer, level),
                None => self.state.levels.remove(&dimmer),
            };
            self.digest -= before.map(|level| Digest::of_level(dimmer, level)).unwrap_or_default();
            self.digest += level.map(|level| Digest::of_level(dimmer, level)).unwrap_or_default();
        }
        for (&dimmer, label) in labels {
            let before = match label {
                Some(label) => self.state.labels.insert(dimmer, label.clone()),
                None => self.state.labels.remove(&dimmer),
            };
            self.digest -= before.map(|label| Digest::of_label(dimmer, &label)).unwrap_or_default();
            self.digest += label.as_ref().map(|label| Digest::of_label(dimmer, label)).unwrap_or_default();
        }
        if let &Some(master) = master {
            self.digest -= Digest::of_master(std::mem::replace(&mut self.state.master, master));
            self.digest += Digest::of_master(master);
        }
        if let &Some(blackout) = blackout {
            self.digest -= Digest::of_blackout(std::mem::replace(&mut self.state.blackout, blackout));
            self.digest += Digest::of_blackout(blackout);
        }
    }

    /// Takes a snapshot's map in place of its own, wherever either stands.
    pub fn snapshot(&mut self, snapshot: &Snapshot) {
        self.position = snapshot.position;
        self.state = snapshot.state.clone();
        self.digest = digest_of(&snapshot.state);
    }

    /// Where it was told last that it stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The digest of what it holds.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What it holds.
    pub fn state(&self) -> &State {
        &self.state
    }
}

/// The digest of all that a rig holds, computed from nothing.
fn digest_of(state: &State) -> Digest {
    let mut digest = Digest::of_master(state.master);
    digest += Digest::of_blackout(state.blackout);
    state.levels.iter().for_each(|(&dimmer, &level)| digest += Digest::of_level(dimmer, level));
    state.labels.iter().for_each(|(&dimmer, label)| digest += Digest::of_label(dimmer, label));
    digest
}

#[cfg(test)]
mod tests {
    use ghostlight_rig::{Change, Dimmer, Entry, Epoch, Label, Level, Revision, Rig};

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
            literal.delta(&rig.apply(Revision(revision), &Entry::new(Change::from(update))));
            assert_eq!((literal.position(), literal.digest()), (rig.position(), rig.map().digest()));
            assert_eq!(*literal.state(), rig.map().state());
        }
        let mut late = NaiveReplica::default();
        late.snapshot(&rig.snapshot());
        assert_eq!((late.position(), late.digest(), late.state()), (rig.position(), literal.digest(), literal.state()));
    }
}
