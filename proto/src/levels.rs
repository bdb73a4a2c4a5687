//! `{"<dimmer>": <level>}`, read strictly and written shortly.

use std::collections::BTreeMap;
use std::fmt;

use ghostlight_rig::{Dimmer, Level, Levels};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::fault::{BadInput, Fault, MOST_FAULTS};
use crate::number::level_of_json;

/// Reads the levels that a client asks for: an object of dimmers and levels, `null` to forget a dimmer.
///
/// Strict, so that no two readers can understand one text differently: a dimmer is written in one way only, and none
/// comes twice.
///
/// # Errors
/// [`BadInput`], naming every bad key.
pub fn parse_levels(json: &[u8]) -> Result<Levels, BadInput> {
    let mut read = Read::default();
    let mut input = serde_json::Deserializer::from_slice(json);
    input.deserialize_map(&mut read)?;
    input.end()?;
    read.finish()
}

/// Reads a dimmer's number in the one way it is written: 1 to 65535, without sign, space or leading zero.
pub fn parse_dimmer(text: &str) -> Option<Dimmer> {
    let canonical = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if canonical { text.parse().ok().and_then(Dimmer::new) } else { None }
}

/// What has been read so far.
#[derive(Default)]
struct Read {
    levels: Levels,
    faults: Vec<Fault>,
    more: usize,
}

impl Read {
    fn fault(&mut self, key: &str, problem: impl fmt::Display) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault::new(key, problem));
        } else {
            self.more += 1;
        }
    }

    fn take(&mut self, dimmer: Dimmer, json: &str) {
        let level = if json == "null" { Ok(None) } else { level_of_json(json).map(Some) };
        match level {
            Err(error) => self.fault(&dimmer.to_string(), error),
            Ok(level) => {
                if self.levels.insert(dimmer, level).is_some() {
                    self.fault(&dimmer.to_string(), "this dimmer comes twice");
                }
            }
        }
    }

    fn finish(self) -> Result<Levels, BadInput> {
        if self.faults.is_empty() {
            Ok(self.levels)
        } else {
            Err(BadInput::Levels { faults: self.faults, more: self.more })
        }
    }
}

impl<'de> Visitor<'de> for &mut Read {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of dimmers and levels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(dimmer) = map.next_key_seed(Key(self))? {
            // A value is taken as text: numbers stay exact, and nesting, however deep, is only skipped over.
            let value: &RawValue = map.next_value()?;
            if let Some(dimmer) = dimmer {
                self.take(dimmer, value.get());
            }
        }
        Ok(())
    }
}

/// Reads a key without keeping it.
struct Key<'a>(&'a mut Read);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<Dimmer>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<Dimmer>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dimmer")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let dimmer = parse_dimmer(key);
        if dimmer.is_none() {
            self.0.fault(key, "a dimmer is a whole number, 1 to 65535, without sign, space or leading zero");
        }
        Ok(dimmer)
    }
}

/// Levels as JSON text: each in its shortest form.
#[derive(Clone, Copy, Debug)]
pub struct LevelsText<'a, T>(pub &'a T);

impl Serialize for LevelsText<'_, Levels> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_map(serializer, self.0.iter().map(|(&dimmer, &level)| (dimmer, level)))
    }
}

impl Serialize for LevelsText<'_, BTreeMap<Dimmer, Level>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_map(serializer, self.0.iter().map(|(&dimmer, &level)| (dimmer, Some(level))))
    }
}

fn write_map<S: Serializer>(
    serializer: S,
    levels: impl ExactSizeIterator<Item = (Dimmer, Option<Level>)>,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(levels.len()))?;
    for (dimmer, level) in levels {
        map.serialize_entry(&dimmer.get(), &level.map(Number))?;
    }
    map.end()
}

/// A level as a JSON number.
struct Number(Level);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hundredths = self.0.hundredths();
        if hundredths.is_multiple_of(100) {
            serializer.serialize_u16(hundredths / 100)
        } else {
            // The double nearest to two decimals is written back as those two decimals: the shortest that reads so.
            serializer.serialize_f64(f64::from(hundredths) / 100.0)
        }
    }
}
