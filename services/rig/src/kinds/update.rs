//! Operations that work the same way for every kind.

use super::{
    Changed, Interest, Item, ItemKey, KeyOf, Kind as _, KindId, KindVisitor, Listed, Slot, Slots, State, Update,
};
use crate::Revision;

/// Calls the visitor with the type of each kind in the list.
pub fn visit_kinds(visitor: &mut impl KindVisitor) {
    each_kind!(K => visitor.visit::<K>());
}

impl KindId {
    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The kind with this name.
    ///
    /// # Errors
    /// The names of all kinds, in words for people.
    pub fn read(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
        Self::named(name).ok_or_else(|| format!("{name:?} is not one of {}", names()))
    }
}

impl Item {
    /// The item of a kind whose key has this text.
    ///
    /// # Errors
    /// What is wrong with the key, in words for people.
    pub fn read(kind: KindId, key: &str) -> Result<Self, String> {
        struct Read<'a>(&'a str, Result<Item, String>);
        impl KindVisitor for Read<'_> {
            fn visit<K: Listed>(&mut self) {
                self.1 = KeyOf::<K>::read(self.0).map(K::item);
            }
        }
        let mut read = Read(key, Err(String::new()));
        kind.visit(&mut read);
        read.1
    }
}

impl Update {
    /// The items that the update sets, kind by kind.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        let mut items = Vec::with_capacity(self.len());
        each_kind!(K => items.extend(K::changes(self).map(|(key, _)| K::item(key.clone()))));
        items.into_iter()
    }

    /// The items that the update removes.
    pub fn removed(&self) -> impl Iterator<Item = Item> {
        let mut items = Vec::new();
        each_kind!(K => {
            let removed = K::changes(self).filter(|(_, value)| value.is_none());
            items.extend(removed.map(|(key, _)| K::item(key.clone())));
        });
        items.into_iter()
    }

    /// How many items the update sets.
    pub fn len(&self) -> usize {
        let mut count = 0;
        each_kind!(K => count += K::count(self));
        count
    }

    /// How much room the update takes in a message, where a level takes 1.
    pub fn weight(&self) -> usize {
        let mut weight = 0;
        each_kind!(K => weight += K::changes(self).map(|(_, value)| value.map_or(1, K::weight)).sum::<usize>());
        weight
    }

    /// Whether the update sets nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kinds of the items that the update sets.
    pub fn kinds(&self) -> Interest {
        let mut kinds = Interest::NONE;
        each_kind!(K => if K::count(self) > 0 {
            kinds = kinds.with(K::ID);
        });
        kinds
    }

    /// Merges a newer update in: where both set an item, the newer value counts.
    pub fn extend(&mut self, newer: &Self) {
        each_kind!(K => for (key, value) in K::changes(newer) {
            K::set(self, key.clone(), value.cloned());
        });
    }

    /// The part of the update that sets items which `named` sets too.
    pub fn restricted_to(&self, named: &Self) -> Self {
        let mut restricted = Self::default();
        each_kind!(K => for (key, _) in K::changes(named) {
            if let Some(value) = K::change(self, key) {
                K::set(&mut restricted, key.clone(), value.cloned());
            }
        });
        restricted
    }

    /// The part of the update in the wanted kinds.
    pub fn of_interest(mut self, interest: Interest) -> Self {
        each_kind!(K => if !interest.wants(K::ID) {
            *K::in_update_mut(&mut self) = Default::default();
        });
        self
    }

    /// The update that turns one state into another, in the wanted kinds.
    pub fn between(from: &State, to: &State, interest: Interest) -> Self {
        let mut difference = Self::default();
        each_kind!(K => if interest.wants(K::ID) {
                        for (key, _) in K::values(from) {
                if K::value(to, key).is_none() {
                    K::set(&mut difference, key.clone(), None);
                }
            }
            for (key, value) in K::values(to) {
                if K::value(from, key) != Some(value) {
                    K::set(&mut difference, key.clone(), Some(value.clone()));
                }
            }
        });
        difference
    }
}

impl State {
    /// Sets the values of an update.
    pub fn apply(&mut self, update: &Update) {
        each_kind!(K => for (key, value) in K::changes(update) {
            K::replace(self, key.clone(), value.cloned());
        });
    }
}

impl Slots {
    /// The slots of an update's items, all changed by one revision.
    pub fn of(update: &Update, revision: Revision) -> Self {
        let mut slots = Self::default();
        each_kind!(K => for (key, value) in K::changes(update) {
            let slot = Slot { value: value.cloned(), revision, changed: Changed::default() };
            K::put(&mut slots, key.clone(), slot);
        });
        slots
    }

    /// The values, without revisions; `None` for forgotten items.
    pub fn update(&self) -> Update {
        let mut update = Update::default();
        each_kind!(K => for (key, slot) in K::slots(self) {
            K::set(&mut update, key.clone(), slot.value.clone());
        });
        update
    }

    /// The state in the wanted kinds. Items that are missing or forgotten have their initial value.
    pub fn state(&self, interest: Interest) -> State {
        let mut state = State::default();
        each_kind!(K => if interest.wants(K::ID) {
            for (key, slot) in K::slots(self) {
                if slot.value.is_some() {
                    K::replace(&mut state, key.clone(), slot.value.clone());
                }
            }
        });
        state
    }

    /// Who last changed each item that has a value, and when, in the wanted kinds.
    pub fn changes(&self, interest: Interest) -> Vec<(Item, Changed)> {
        let mut changes = Vec::new();
        each_kind!(K => if interest.wants(K::ID) {
            let there = K::slots(self).filter(|(_, slot)| slot.value.is_some());
            let known = there.filter(|(_, slot)| slot.changed != Changed::default());
            changes.extend(known.map(|(key, slot)| (K::item(key.clone()), slot.changed.clone())));
        });
        changes
    }

    /// The slots without forgotten items, all at one revision, for a new epoch.
    #[must_use]
    pub(crate) fn kept_at(self, revision: Revision) -> Self {
        let mut kept = Self::default();
        each_kind!(K => for (key, slot) in K::slots(&self) {
            if slot.value.is_some() {
                K::put(&mut kept, key.clone(), Slot { revision, ..slot.clone() });
            }
        });
        kept
    }
}
