//! The values of a rig's items as members of a message, one for each kind: `{"levels": {"1": 50}, "master": 80}`.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use ghostlight_rig::{
    Dimmer, Interest, ItemKey, KeyOf, Kind as _, KindId, KindVisitor, Level, Levels, Listed, Scalar, Shape, State,
    Update, kinds, visit_kinds,
};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::fault::{BadInput, Faults};
use crate::scalar::{MemberName, ScalarText, scalar_of};

/// Reads the levels that a client asks for: an object of dimmers and levels, `null` to forget a dimmer.
///
/// Strict, so that no two readers understand one text differently: a dimmer has one spelling, and comes once.
///
/// # Errors
/// [`BadInput`], which names every bad key.
pub fn parse_levels(json: &[u8]) -> Result<Levels, BadInput> {
    parse_items::<kinds::levels::Levels>(json).map(|update| update.levels)
}

/// Reads an object with a member for each item of a kind.
pub(crate) fn parse_items<K: Listed>(json: &[u8]) -> Result<Update, BadInput> {
    let (mut update, mut faults) = (Update::default(), Faults::default());
    ReadItems::<K>::new(&mut update, &mut faults).read(json)?;
    faults.none_or(update)
}

/// The names of the default kinds, for messages: `levels, labels, master or blackout`.
pub(crate) fn kind_names() -> String {
    let names: Vec<_> = Interest::default().kinds().map(KindId::name).collect();
    let (last, others) = names.split_last().expect("several kinds are default kinds");
    format!("{} or {last}", others.join(", "))
}

/// The members of a message that are kinds, as received.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members<'a>(Vec<(KindId, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Adds a member; false if there was already one of this kind.
    pub(crate) fn add(&mut self, kind: KindId, value: &'a RawValue) -> bool {
        let is_new = self.of(kind).is_none();
        self.0.push((kind, value));
        is_new
    }

    /// The member of a kind.
    pub(crate) fn of(&self, kind: KindId) -> Option<&'a RawValue> {
        self.0.iter().find(|(of, _)| *of == kind).map(|(_, value)| *value)
    }

    /// The levels' part of the text that these members were read from; empty if there are no levels.
    pub(crate) fn levels_in(&self, text: &Bytes) -> Bytes {
        let levels = self.of(KindId::Level);
        levels.map_or_else(Bytes::new, |levels| text.slice_ref(levels.get().as_bytes()))
    }

    /// Whether the message has no member of any kind.
    pub(crate) fn are_missing(&self) -> bool {
        self.0.is_empty()
    }

    /// The kinds that have a member.
    pub(crate) fn kinds(&self) -> Interest {
        self.0.iter().map(|(kind, _)| *kind).collect()
    }

    /// Reads the members, in the order of the list of kinds. All faults are collected.
    pub(crate) fn read(&self) -> Result<Update, BadInput> {
        let mut reading = ReadMember { value: "", update: Update::default(), faults: Faults::default(), failed: None };
        for (kind, value) in KindId::ALL.iter().filter_map(|kind| Some((kind, self.of(*kind)?))) {
            reading.value = value.get();
            kind.visit(&mut reading);
        }
        match reading.failed {
            Some(failed) => Err(failed),
            None => reading.faults.none_or(reading.update),
        }
    }
}

/// Reads the member of one kind after another.
struct ReadMember<'a> {
    value: &'a str,
    update: Update,
    faults: Faults,
    failed: Option<BadInput>,
}

impl KindVisitor for ReadMember<'_> {
    fn visit<K: Listed>(&mut self) {
        if K::Shape::IS_SINGLE {
            let key = KeyOf::<K>::read("").expect("what a rig has one of has an empty key");
            match K::read(scalar_of(self.value)) {
                Ok(value) => K::set(&mut self.update, key, Some(value)),
                Err(problem) => self.faults.add(K::NAME, problem),
            }
        } else if self.value.starts_with('{') {
            let read = ReadItems::<K>::new(&mut self.update, &mut self.faults).read(self.value.as_bytes());
            self.failed = self.failed.take().or(read.err());
        } else {
            let noun = KeyOf::<K>::NOUN;
            self.faults.add(K::NAME, format_args!("{} is an object with a member for each {noun}", K::NAME));
        }
    }
}

/// Reads an object with a member for each item of a kind.
struct ReadItems<'a, K> {
    update: &'a mut Update,
    faults: &'a mut Faults,
    kind: PhantomData<K>,
}

impl<'a, K: Listed> ReadItems<'a, K> {
    fn new(update: &'a mut Update, faults: &'a mut Faults) -> Self {
        Self { update, faults, kind: PhantomData }
    }

    fn read(mut self, json: &[u8]) -> Result<(), BadInput> {
        let mut input = serde_json::Deserializer::from_slice(json);
        input.deserialize_map(&mut self)?;
        Ok(input.end()?)
    }

    /// Adds a fault. A level is named by its dimmer alone, as in the plain protocol; other items also by their kind.
    fn fault(&mut self, key: &str, problem: impl fmt::Display) {
        match K::ID {
            KindId::Level => self.faults.add(key, problem),
            _ => self.faults.add(&format!("{}/{key}", K::NAME), problem),
        }
    }

    fn take(&mut self, key: KeyOf<K>, json: &str) {
        let value = if json == "null" { Ok(None) } else { K::read(scalar_of(json)).map(Some) };
        match value {
            Err(problem) => self.fault(&key.to_string(), problem),
            Ok(_) if K::change(self.update, &key).is_some() => {
                self.fault(&key.to_string(), format_args!("this {} comes twice", KeyOf::<K>::NOUN));
            }
            Ok(value) => K::set(self.update, key, value),
        }
    }
}

impl<'de, K: Listed> Visitor<'de> for &mut ReadItems<'_, K> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a member for each {}", KeyOf::<K>::NOUN)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(ReadKey(self))? {
            let value: &RawValue = map.next_value()?;
            if let Some(key) = key {
                self.take(key, value.get());
            }
        }
        Ok(())
    }
}

/// Reads a key without keeping its text.
struct ReadKey<'a, 'b, K>(&'a mut ReadItems<'b, K>);

impl<'de, K: Listed> DeserializeSeed<'de> for ReadKey<'_, '_, K> {
    type Value = Option<KeyOf<K>>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl<K: Listed> Visitor<'_> for ReadKey<'_, '_, K> {
    type Value = Option<KeyOf<K>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(KeyOf::<K>::NOUN)
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        match KeyOf::<K>::read(key) {
            Ok(key) => Ok(Some(key)),
            Err(problem) => {
                self.0.fault(key, problem);
                Ok(None)
            }
        }
    }
}

/// An update as text: a member for each kind that it sets.
#[derive(Clone, Copy, Debug)]
pub struct UpdateText<'a>(pub &'a Update);

impl Serialize for UpdateText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_members(serializer, |map| WriteUpdate { map, update: self.0, result: Ok(()) }.write())
    }
}

/// The update of a change as text. An update that sets nothing has empty levels, which shows that nothing is missing.
#[derive(Clone, Copy, Debug)]
pub struct ChangeText<'a>(pub &'a Update);

impl Serialize for ChangeText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() {
            return serializer.collect_map([(kinds::levels::Levels::NAME, BTreeMap::<&str, ()>::new())]);
        }
        UpdateText(self.0).serialize(serializer)
    }
}

/// The state of a rig as text: a member for each wanted kind.
#[derive(Clone, Copy, Debug)]
pub struct StateText<'a> {
    /// The values to write.
    pub state: &'a State,
    /// The wanted kinds.
    pub kinds: Interest,
}

impl Serialize for StateText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { state, kinds } = *self;
        write_members(serializer, |map| WriteState { map, state, kinds, result: Ok(()) }.write())
    }
}

fn write_members<S: Serializer>(
    serializer: S,
    write: impl FnOnce(&mut S::SerializeMap) -> Result<(), S::Error>,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    write(&mut map)?;
    map.end()
}

/// Writes the member of one kind after another.
struct WriteUpdate<'a, M: SerializeMap> {
    map: &'a mut M,
    update: &'a Update,
    result: Result<(), M::Error>,
}

impl<M: SerializeMap> WriteUpdate<'_, M> {
    fn write(mut self) -> Result<(), M::Error> {
        visit_kinds(&mut self);
        self.result
    }
}

impl<M: SerializeMap> KindVisitor for WriteUpdate<'_, M> {
    fn visit<K: Listed>(&mut self) {
        let count = K::count(self.update);
        if self.result.is_err() || count == 0 {
            return;
        }
        self.result = if K::Shape::IS_SINGLE {
            let mut values = K::changes(self.update).filter_map(|(_, value)| value);
            values.try_for_each(|value| self.map.serialize_entry(K::NAME, &ScalarText(K::write(value))))
        } else {
            self.map.serialize_entry(K::NAME, &ChangesText::<K>(self.update, PhantomData))
        };
    }
}

struct WriteState<'a, M: SerializeMap> {
    map: &'a mut M,
    state: &'a State,
    kinds: Interest,
    result: Result<(), M::Error>,
}

impl<M: SerializeMap> WriteState<'_, M> {
    fn write(mut self) -> Result<(), M::Error> {
        visit_kinds(&mut self);
        self.result
    }
}

impl<M: SerializeMap> KindVisitor for WriteState<'_, M> {
    fn visit<K: Listed>(&mut self) {
        if self.result.is_err() || !self.kinds.wants(K::ID) {
            return;
        }
        self.result = if K::Shape::IS_SINGLE {
            let mut values = K::values(self.state);
            values.try_for_each(|(_, value)| self.map.serialize_entry(K::NAME, &ScalarText(K::write(value))))
        } else {
            self.map.serialize_entry(K::NAME, &ValuesText::<K>(self.state, PhantomData))
        };
    }
}

/// The items of a kind that an update sets, as an object.
struct ChangesText<'a, K>(&'a Update, PhantomData<K>);

impl<K: Listed> Serialize for ChangesText<'_, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = K::changes(self.0);
        serializer.collect_map(items.map(|(key, value)| (MemberName(key), value.map(|v| ScalarText(K::write(v))))))
    }
}

/// The items of a kind that a state has, as an object.
struct ValuesText<'a, K>(&'a State, PhantomData<K>);

impl<K: Listed> Serialize for ValuesText<'_, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(K::values(self.0).map(|(key, value)| (MemberName(key), ScalarText(K::write(value)))))
    }
}

/// Levels as JSON text: each in its shortest form.
#[derive(Clone, Copy, Debug)]
pub struct LevelsText<'a, T>(pub &'a T);

/// A level as a number.
fn level_text(level: Level) -> ScalarText<'static> {
    ScalarText(Scalar::Percent(level))
}

impl Serialize for LevelsText<'_, Levels> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(dimmer, level)| (dimmer.get(), level.map(level_text))))
    }
}

impl Serialize for LevelsText<'_, BTreeMap<Dimmer, Level>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(dimmer, level)| (dimmer.get(), level_text(*level))))
    }
}
