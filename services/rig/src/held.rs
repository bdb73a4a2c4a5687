//! How much of each bounded kind a map holds.

use std::ops::{AddAssign, SubAssign};

use crate::kinds::{Bound, Kind as _};
use crate::{KeyOf, KindId, Listed, Slots, Update};

/// Items that have a value, and their bytes as the kind counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    items: usize,
    bytes: usize,
}

impl Size {
    fn of<K: Listed>(key: &KeyOf<K>, value: Option<&K::Value>) -> Self {
        value.map_or_else(Self::default, |value| Self { items: 1, bytes: K::bytes(key, value) })
    }

    fn is_within(self, bound: Bound) -> bool {
        self.items <= bound.items && self.bytes <= bound.bytes
    }
}

impl AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        *self = Self { items: self.items + other.items, bytes: self.bytes + other.bytes };
    }
}

impl SubAssign for Size {
    fn sub_assign(&mut self, other: Self) {
        *self = Self { items: self.items - other.items, bytes: self.bytes - other.bytes };
    }
}

/// What a map holds of each kind that has a [`Bound`]; nothing is counted of other kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held([Size; KindId::ALL.len()]);

impl Held {
    /// Counts that an item has another value.
    pub(crate) fn replaced<K: Listed>(&mut self, key: &KeyOf<K>, before: Option<&K::Value>, after: Option<&K::Value>) {
        if K::BOUND.is_some() {
            let held = &mut self.0[K::ID as usize];
            *held += Size::of::<K>(key, after);
            *held -= Size::of::<K>(key, before);
        }
    }

    /// Whether an update would leave more of a kind than its bound allows. One that leaves less than there was never does.
    pub(crate) fn is_exceeded_by(&self, update: &Update, slots: &Slots) -> bool {
        let mut is_exceeded = false;
        each_kind!(K => if let Some(bound) = K::BOUND && K::count(update) > 0 {
            let before = self.0[K::ID as usize];
            let mut after = before;
            for (key, value) in K::changes(update) {
                after += Size::of::<K>(key, value);
                after -= Size::of::<K>(key, K::slot(slots, key).and_then(|slot| slot.value.as_ref()));
            }
            let has_grown = after.items > before.items || after.bytes > before.bytes;
            is_exceeded |= has_grown && !after.is_within(bound);
        });
        is_exceeded
    }
}
