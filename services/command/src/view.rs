//! What commands read of a rig.

use ghostlight_rig::{Dimmer, Label, Level, RigMap, State};

/// A rig, read-only. What it holds does not change while a text is resolved.
pub trait View {
    /// The level of a dimmer; `None` if it has none.
    fn level(&self, dimmer: Dimmer) -> Option<Level>;

    /// Every dimmer with a level.
    fn levels(&self) -> Box<dyn Iterator<Item = (Dimmer, Level)> + '_>;

    /// Every dimmer with a label.
    fn labels(&self) -> Box<dyn Iterator<Item = (Dimmer, &Label)> + '_>;

    /// How many labels [`labels`](Self::labels) goes through, those of forgotten items included.
    fn labels_len(&self) -> usize;

    /// The grand master.
    fn master(&self) -> Level;
}

impl View for State {
    fn level(&self, dimmer: Dimmer) -> Option<Level> {
        self.levels.get(&dimmer).copied()
    }

    fn levels(&self) -> Box<dyn Iterator<Item = (Dimmer, Level)> + '_> {
        Box::new(self.levels.iter().map(|(dimmer, level)| (*dimmer, *level)))
    }

    fn labels(&self) -> Box<dyn Iterator<Item = (Dimmer, &Label)> + '_> {
        Box::new(self.labels.iter().map(|(dimmer, label)| (*dimmer, label)))
    }

    fn labels_len(&self) -> usize {
        self.labels.len()
    }

    fn master(&self) -> Level {
        self.master
    }
}

/// The map of the fold or of a replica, without a copy of it.
impl View for RigMap {
    fn level(&self, dimmer: Dimmer) -> Option<Level> {
        self.level(dimmer)
    }

    fn levels(&self) -> Box<dyn Iterator<Item = (Dimmer, Level)> + '_> {
        Box::new(self.levels())
    }

    fn labels(&self) -> Box<dyn Iterator<Item = (Dimmer, &Label)> + '_> {
        let labels = self.slots().labels.iter();
        Box::new(labels.filter_map(|(dimmer, slot)| Some((*dimmer, slot.value.as_ref()?))))
    }

    fn labels_len(&self) -> usize {
        self.slots().labels.len()
    }

    fn master(&self) -> Level {
        self.master()
    }
}

#[cfg(test)]
mod tests {
    use ghostlight_rig::{Change, Entry, Epoch, Levels, LogTime, Revision, Rig, Update};

    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Seen {
        levels: Vec<(Dimmer, Level)>,
        labels: Vec<(Dimmer, Label)>,
        master: Level,
        of_1_to_3: [Option<Level>; 3],
    }

    fn seen(view: &dyn View) -> Seen {
        Seen {
            levels: view.levels().collect(),
            labels: view.labels().map(|(dimmer, label)| (dimmer, label.clone())).collect(),
            master: view.master(),
            of_1_to_3: [1, 2, 3].map(|number| view.level(Dimmer::new(number).unwrap())),
        }
    }

    #[test]
    fn a_map_and_its_state_are_seen_alike() {
        let dimmer = |number| Dimmer::new(number).unwrap();
        let half = Level::from_hundredths(5_000).unwrap();
        let label = Label::new("Front").unwrap();
        let mut first = Update::from(Levels::from([(dimmer(1), Some(half)), (dimmer(2), Some(half))]));
        first.labels = [(dimmer(1), Some(label.clone())), (dimmer(2), Some(label))].into();
        first.master = Some(half);
        let mut second = Update::from(Levels::from([(dimmer(2), None)]));
        second.labels = [(dimmer(2), None)].into();
        let mut rig = Rig::new(Epoch(1));
        for (revision, update) in (1..).zip([first, second]) {
            rig.apply(Revision(revision), LogTime::default(), &Entry::new(Change::from(update)));
        }
        let seen_map = seen(rig.map());
        assert_eq!(seen_map, seen(&rig.map().state()));
        assert_eq!(seen_map.of_1_to_3, [Some(half), None, None]);
        assert_eq!((seen_map.levels.len(), seen_map.labels.len()), (1, 1), "what was forgotten is not there");
    }
}
