//! The traits that a kind implements.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::{ItemKey, KindId, NoKey, Scalar, Slots, State, Update};
use crate::{Digest, Slot};

/// A kind of things that a rig has: levels, labels, the grand master, blackout.
///
/// A kind is one file that implements this trait, and one line in the list in `kinds/mod.rs`. The list generates
/// everything that works the same way for all kinds.
pub trait Kind: Sized + 'static {
    /// The kind's name: its member in every message, and the kind of its rows in a store.
    const NAME: &'static str;

    /// How a person writes one of its values.
    const FORM: Form;

    /// Whether readers that do not name kinds get this one. A kind that can be large goes only to readers that ask for
    /// it.
    const IS_DEFAULT: bool = true;

    /// Whether an entry that sets an item of this kind names the kind in its `needs`: a state service that does not know the kind
    /// must not pass over it. Only the kinds of the first version need no name.
    const IS_NAMED: bool = true;

    /// The most that a rig may hold of the kind, if that is bounded: a kind whose keys people choose must be.
    const BOUND: Option<Bound> = None;

    /// [`Keyed`] if a rig has many items of the kind, [`Single`] if it has one.
    type Shape: Shape<Self>;

    /// The value of an item.
    type Value: Clone + Eq + Debug + Send + Sync + 'static;

    /// The initial value of an item. A [`Single`] kind must have one.
    fn initial() -> Option<Self::Value> {
        None
    }

    /// The value as a scalar, for text formats.
    fn write(value: &Self::Value) -> Scalar<'_>;

    /// The value of a scalar. The scalar that [`write`](Self::write) gives is read back as the same value.
    ///
    /// # Errors
    /// What is wrong with the scalar, in words for people.
    fn read(scalar: Scalar<'_>) -> Result<Self::Value, String>;

    /// How much room the value takes in a message, where a level takes 1.
    fn weight(_: &Self::Value) -> usize {
        1
    }

    /// How many bytes of the kind's [`BOUND`](Self::BOUND) an item takes.
    fn bytes(_: &KeyOf<Self>, _: &Self::Value) -> usize {
        0
    }

    /// The digest of one item. It is not called for an initial value, which adds nothing to the sum.
    fn digest(key: &KeyOf<Self>, value: &Self::Value) -> Digest {
        Digest::of_text(&key.to_string(), &Self::write(value).to_string())
    }
}

/// A kind in the list. The macro of the list implements this trait; a kind's own file does not.
pub trait Listed: Kind {
    /// The kind's identifier.
    const ID: KindId;

    /// The kind's part of an update.
    fn in_update(update: &Update) -> &UpdateOf<Self>;
    /// The kind's part of an update, mutable.
    fn in_update_mut(update: &mut Update) -> &mut UpdateOf<Self>;
    /// The kind's part of a state.
    fn in_state(state: &State) -> &StateOf<Self>;
    /// The kind's part of a state, mutable.
    fn in_state_mut(state: &mut State) -> &mut StateOf<Self>;
    /// The kind's part of the slots.
    fn in_slots(slots: &Slots) -> &SlotsOf<Self>;
    /// The kind's part of the slots, mutable.
    fn in_slots_mut(slots: &mut Slots) -> &mut SlotsOf<Self>;
    /// The item with this key.
    fn item(key: KeyOf<Self>) -> super::Item;

    /// The items of this kind that an update sets, in order. `None` removes one.
    fn changes(update: &Update) -> impl Iterator<Item = (&KeyOf<Self>, Option<&Self::Value>)> {
        Self::Shape::changes(Self::in_update(update))
    }

    /// How many items of this kind an update sets.
    fn count(update: &Update) -> usize {
        Self::Shape::count(Self::in_update(update))
    }

    /// Sets an item in an update.
    fn set(update: &mut Update, key: KeyOf<Self>, value: Option<Self::Value>) {
        Self::Shape::set(Self::in_update_mut(update), key, value);
    }

    /// The value that an update sets an item to; `None` if it does not set the item.
    fn change<'a>(update: &'a Update, key: &KeyOf<Self>) -> Option<Option<&'a Self::Value>> {
        Self::Shape::change(Self::in_update(update), key)
    }

    /// The items of this kind in a state, in order.
    fn values(state: &State) -> impl Iterator<Item = (&KeyOf<Self>, &Self::Value)> {
        Self::Shape::values(Self::in_state(state))
    }

    /// The value of an item in a state.
    fn value<'a>(state: &'a State, key: &KeyOf<Self>) -> Option<&'a Self::Value> {
        Self::Shape::value(Self::in_state(state), key)
    }

    /// Puts an item into a state, or removes it. Returns the value that it had.
    fn replace(state: &mut State, key: KeyOf<Self>, value: Option<Self::Value>) -> Option<Self::Value> {
        Self::Shape::replace(Self::in_state_mut(state), key, value)
    }

    /// The slots of this kind, in the order of their keys.
    fn slots(slots: &Slots) -> impl Iterator<Item = (&KeyOf<Self>, &Slot<Self::Value>)> {
        Self::Shape::slots(Self::in_slots(slots))
    }

    /// The slot of an item.
    fn slot<'a>(slots: &'a Slots, key: &KeyOf<Self>) -> Option<&'a Slot<Self::Value>> {
        Self::Shape::slot(Self::in_slots(slots), key)
    }

    /// The slot of an item, mutable.
    fn slot_mut<'a>(slots: &'a mut Slots, key: &KeyOf<Self>) -> Option<&'a mut Slot<Self::Value>> {
        Self::Shape::slot_mut(Self::in_slots_mut(slots), key)
    }

    /// Puts a slot in. Returns the slot that it replaces.
    fn put(slots: &mut Slots, key: KeyOf<Self>, slot: Slot<Self::Value>) -> Option<Slot<Self::Value>> {
        Self::Shape::put(Self::in_slots_mut(slots), key, slot)
    }

    /// The digest of one item: zero if it has its initial value.
    fn item_digest(key: &KeyOf<Self>, value: &Self::Value) -> Digest {
        if Self::initial().as_ref() == Some(value) { Digest::default() } else { Self::digest(key, value) }
    }
}

/// Generic code that is called with the type of a kind: of one, or of each in the list.
pub trait KindVisitor {
    /// Called with the type of the kind.
    fn visit<K: Listed>(&mut self);
}

/// The most that a rig may hold of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The most items that have a value.
    pub items: usize,
    /// The most [`bytes`](Kind::bytes) of all items together.
    pub bytes: usize,
}

/// How a person writes a value, for example on a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A decimal number, with or without a percent sign: `12.5%`.
    Number,
    /// Any text.
    Text,
    /// `on` or `off`.
    Flag,
    /// Levels of dimmers: `1=50,3-10=0`.
    Levels,
}

/// The key of a kind's items.
pub type KeyOf<K> = <<K as Kind>::Shape as Shape<K>>::ItemKey;
/// A kind's part of an [`Update`].
pub type UpdateOf<K> = <<K as Kind>::Shape as Shape<K>>::Update;
/// A kind's part of a [`State`].
pub type StateOf<K> = <<K as Kind>::Shape as Shape<K>>::State;
/// A kind's part of [`Slots`].
pub type SlotsOf<K> = <<K as Kind>::Shape as Shape<K>>::Slots;

/// The shape of a kind of which a rig has many items, each with a key.
#[derive(Debug)]
pub struct Keyed<Q>(std::marker::PhantomData<Q>);

/// The shape of a kind of which a rig has one item.
#[derive(Debug)]
pub struct Single;

/// How the items of a kind are stored.
pub trait Shape<K: Kind> {
    /// The key of an item.
    type ItemKey: ItemKey;
    /// New values of some items.
    type Update: Clone + Default + Eq + Debug + Send + Sync;
    /// The values of all items.
    type State: Clone + Eq + Debug + Send + Sync;
    /// The slots of some items.
    type Slots: Clone + Default + Eq + Debug + Send + Sync;

    /// Whether a rig has one item of the kind.
    const IS_SINGLE: bool;

    /// The state of an empty rig.
    fn empty() -> Self::State;
    /// The items that an update sets, in order. `None` removes one.
    fn changes(update: &Self::Update) -> impl Iterator<Item = (&Self::ItemKey, Option<&K::Value>)>;
    /// How many items an update sets.
    fn count(update: &Self::Update) -> usize;
    /// Sets an item in an update.
    fn set(update: &mut Self::Update, key: Self::ItemKey, value: Option<K::Value>);
    /// The value that an update sets an item to; `None` if it does not set the item.
    fn change<'a>(update: &'a Self::Update, key: &Self::ItemKey) -> Option<Option<&'a K::Value>>;
    /// The items of a state, in order.
    fn values(state: &Self::State) -> impl Iterator<Item = (&Self::ItemKey, &K::Value)>;
    /// The value of an item in a state.
    fn value<'a>(state: &'a Self::State, key: &Self::ItemKey) -> Option<&'a K::Value>;
    /// Puts an item into a state, or removes it. Returns the value that it had.
    fn replace(state: &mut Self::State, key: Self::ItemKey, value: Option<K::Value>) -> Option<K::Value>;
    /// The slots, in the order of their keys.
    fn slots(slots: &Self::Slots) -> impl Iterator<Item = (&Self::ItemKey, &Slot<K::Value>)>;
    /// The slot of an item.
    fn slot<'a>(slots: &'a Self::Slots, key: &Self::ItemKey) -> Option<&'a Slot<K::Value>>;
    /// The slot of an item, mutable.
    fn slot_mut<'a>(slots: &'a mut Self::Slots, key: &Self::ItemKey) -> Option<&'a mut Slot<K::Value>>;
    /// Puts a slot in. Returns the slot that it replaces.
    fn put(slots: &mut Self::Slots, key: Self::ItemKey, slot: Slot<K::Value>) -> Option<Slot<K::Value>>;
}

impl<K: Kind, Q: ItemKey> Shape<K> for Keyed<Q> {
    type ItemKey = Q;
    type Update = BTreeMap<Q, Option<K::Value>>;
    type State = BTreeMap<Q, K::Value>;
    type Slots = BTreeMap<Q, Slot<K::Value>>;

    const IS_SINGLE: bool = false;

    fn empty() -> Self::State {
        BTreeMap::new()
    }

    fn changes(update: &Self::Update) -> impl Iterator<Item = (&Q, Option<&K::Value>)> {
        update.iter().map(|(key, value)| (key, value.as_ref()))
    }

    fn count(update: &Self::Update) -> usize {
        update.len()
    }

    fn set(update: &mut Self::Update, key: Q, value: Option<K::Value>) {
        update.insert(key, value);
    }

    fn change<'a>(update: &'a Self::Update, key: &Q) -> Option<Option<&'a K::Value>> {
        update.get(key).map(Option::as_ref)
    }

    fn values(state: &Self::State) -> impl Iterator<Item = (&Q, &K::Value)> {
        state.iter()
    }

    fn value<'a>(state: &'a Self::State, key: &Q) -> Option<&'a K::Value> {
        state.get(key)
    }

    fn replace(state: &mut Self::State, key: Q, value: Option<K::Value>) -> Option<K::Value> {
        match value {
            Some(value) => state.insert(key, value),
            None => state.remove(&key),
        }
    }

    fn slots(slots: &Self::Slots) -> impl Iterator<Item = (&Q, &Slot<K::Value>)> {
        slots.iter()
    }

    fn slot_mut<'a>(slots: &'a mut Self::Slots, key: &Q) -> Option<&'a mut Slot<K::Value>> {
        slots.get_mut(key)
    }

    fn slot<'a>(slots: &'a Self::Slots, key: &Q) -> Option<&'a Slot<K::Value>> {
        slots.get(key)
    }

    fn put(slots: &mut Self::Slots, key: Q, slot: Slot<K::Value>) -> Option<Slot<K::Value>> {
        slots.insert(key, slot)
    }
}

/// The initial value of a kind of which a rig has one item.
fn initial<K: Kind>() -> K::Value {
    K::initial().expect("a kind of which a rig has one item has an initial value: a test goes through the list")
}

impl<K: Kind> Shape<K> for Single {
    type ItemKey = NoKey;
    type Update = Option<K::Value>;
    type State = K::Value;
    type Slots = Option<Slot<K::Value>>;

    const IS_SINGLE: bool = true;

    fn empty() -> K::Value {
        initial::<K>()
    }

    fn changes(update: &Option<K::Value>) -> impl Iterator<Item = (&NoKey, Option<&K::Value>)> {
        update.iter().map(|value| (&NoKey, Some(value)))
    }

    fn count(update: &Option<K::Value>) -> usize {
        usize::from(update.is_some())
    }

    fn set(update: &mut Option<K::Value>, _: NoKey, value: Option<K::Value>) {
        *update = Some(value.unwrap_or_else(initial::<K>));
    }

    fn change<'a>(update: &'a Option<K::Value>, _: &NoKey) -> Option<Option<&'a K::Value>> {
        update.as_ref().map(Some)
    }

    fn values(state: &K::Value) -> impl Iterator<Item = (&NoKey, &K::Value)> {
        std::iter::once((&NoKey, state))
    }

    fn value<'a>(state: &'a K::Value, _: &NoKey) -> Option<&'a K::Value> {
        Some(state)
    }

    fn replace(state: &mut K::Value, _: NoKey, value: Option<K::Value>) -> Option<K::Value> {
        Some(std::mem::replace(state, value.unwrap_or_else(initial::<K>)))
    }

    fn slots(slots: &Self::Slots) -> impl Iterator<Item = (&NoKey, &Slot<K::Value>)> {
        slots.iter().map(|slot| (&NoKey, slot))
    }

    fn slot_mut<'a>(slots: &'a mut Self::Slots, _: &NoKey) -> Option<&'a mut Slot<K::Value>> {
        slots.as_mut()
    }

    fn slot<'a>(slots: &'a Self::Slots, _: &NoKey) -> Option<&'a Slot<K::Value>> {
        slots.as_ref()
    }

    fn put(slots: &mut Self::Slots, _: NoKey, slot: Slot<K::Value>) -> Option<Slot<K::Value>> {
        slots.replace(slot)
    }
}
