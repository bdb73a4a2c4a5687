//! What commands read of a rig.

use ghostlight_rig::{Dimmer, Label, Level, State};

/// A rig, read-only. What it holds does not change while a text is resolved.
pub trait View {
    /// The level of a dimmer; `None` if it has none.
    fn level(&self, dimmer: Dimmer) -> Option<Level>;

    /// Every dimmer with a level.
    fn levels(&self) -> Box<dyn Iterator<Item = (Dimmer, Level)> + '_>;

    /// Every dimmer with a label.
    fn labels(&self) -> Box<dyn Iterator<Item = (Dimmer, &Label)> + '_>;

    /// How many dimmers have a label.
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
