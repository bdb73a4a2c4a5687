//! What of a rig can be set: levels and labels of dimmers, the grand master, and blackout.

use std::collections::BTreeMap;

use crate::{Dimmer, Label, Level, Revision};

/// One thing that can be set. Each has its own place in the order: who sets one never undoes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// The level of a dimmer.
    Level(Dimmer),
    /// The label of a dimmer.
    Label(Dimmer),
    /// The grand master.
    Master,
    /// Blackout.
    Blackout,
}

/// Levels by dimmer; `None` forgets the dimmer.
pub type Levels = BTreeMap<Dimmer, Option<Level>>;

/// Labels by dimmer; `None` takes the label off.
pub type Labels = BTreeMap<Dimmer, Option<Label>>;

/// Absolute values of some items: what a change asks for, and what a delta tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Levels.
    pub levels: Levels,
    /// Labels.
    pub labels: Labels,
    /// The grand master.
    pub master: Option<Level>,
    /// Whether the rig is blacked out.
    pub blackout: Option<bool>,
}

impl Update {
    /// What it sets, in order.
    pub fn items(&self) -> impl Iterator<Item = Item> + '_ {
        let levels = self.levels.keys().map(|&dimmer| Item::Level(dimmer));
        let labels = self.labels.keys().map(|&dimmer| Item::Label(dimmer));
        let master = self.master.map(|_| Item::Master);
        levels.chain(labels).chain(master).chain(self.blackout.map(|_| Item::Blackout))
    }

    /// How many items it sets.
    pub fn len(&self) -> usize {
        self.levels.len()
            + self.labels.len()
            + usize::from(self.master.is_some())
            + usize::from(self.blackout.is_some())
    }

    /// Whether it sets nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes another in: where both set an item, the other counts.
    pub fn extend(&mut self, newer: &Self) {
        self.levels.extend(&newer.levels);
        self.labels.extend(newer.labels.iter().map(|(&dimmer, label)| (dimmer, label.clone())));
        self.master = newer.master.or(self.master);
        self.blackout = newer.blackout.or(self.blackout);
    }

    /// What of it is about the items that another names.
    pub fn restricted_to(&self, named: &Self) -> Self {
        let levels = named.levels.keys().filter_map(|dimmer| self.levels.get_key_value(dimmer));
        let labels = named.labels.keys().filter_map(|dimmer| self.labels.get_key_value(dimmer));
        Self {
            levels: levels.map(|(&dimmer, &level)| (dimmer, level)).collect(),
            labels: labels.map(|(&dimmer, label)| (dimmer, label.clone())).collect(),
            master: named.master.and(self.master),
            blackout: named.blackout.and(self.blackout),
        }
    }
}

impl From<Levels> for Update {
    fn from(levels: Levels) -> Self {
        Self { levels, ..Self::default() }
    }
}

/// All that a rig holds. It starts without levels and labels, with the grand master at full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Every dimmer that has a level.
    pub levels: BTreeMap<Dimmer, Level>,
    /// Every dimmer that has a label.
    pub labels: BTreeMap<Dimmer, Label>,
    /// The grand master, which scales every level on its way out.
    pub master: Level,
    /// Whether everything is out, whatever its level.
    pub blackout: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { levels: BTreeMap::new(), labels: BTreeMap::new(), master: Level::FULL, blackout: false }
    }
}

/// What is known of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot<T> {
    /// Its value; `None` if it was forgotten, which a reader behind that must still be told.
    pub value: Option<T>,
    /// The revision that last changed it; 0 if nothing has in this epoch.
    pub revision: Revision,
}

/// What is known of all items, or of those that changed, each with the revision that last changed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// Levels.
    pub levels: BTreeMap<Dimmer, Slot<Level>>,
    /// Labels.
    pub labels: BTreeMap<Dimmer, Slot<Label>>,
    /// The grand master; `None` if nobody has ever set it.
    pub master: Option<Slot<Level>>,
    /// Blackout; `None` if nobody has ever set it.
    pub blackout: Option<Slot<bool>>,
}

impl Slots {
    /// The items of an update, all changed by one revision.
    pub fn of(update: Update, revision: Revision) -> Self {
        fn slot<T>(value: Option<T>, revision: Revision) -> Slot<T> {
            Slot { value, revision }
        }
        Self {
            levels: update.levels.into_iter().map(|(dimmer, level)| (dimmer, slot(level, revision))).collect(),
            labels: update.labels.into_iter().map(|(dimmer, label)| (dimmer, slot(label, revision))).collect(),
            master: update.master.map(|master| slot(Some(master), revision)),
            blackout: update.blackout.map(|blackout| slot(Some(blackout), revision)),
        }
    }

    /// The values alone.
    pub fn update(&self) -> Update {
        Update {
            levels: self.levels.iter().map(|(&dimmer, slot)| (dimmer, slot.value)).collect(),
            labels: self.labels.iter().map(|(&dimmer, slot)| (dimmer, slot.value.clone())).collect(),
            master: self.master.as_ref().and_then(|slot| slot.value),
            blackout: self.blackout.as_ref().and_then(|slot| slot.value),
        }
    }
}
