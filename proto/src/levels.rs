//! Objects with a member for each dimmer, `{"<dimmer>": <level>}` and `{"<dimmer>": "<label>"}`: read strictly and
//! written shortly.

use std::collections::BTreeMap;
use std::fmt;

use ghostlight_rig::{Dimmer, Label, Labels, Level, Levels};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::fault::{BadInput, Faults};
use crate::number::level_of_json;

/// Reads the levels that a client asks for: an object of dimmers and levels, `null` to forget a dimmer.
///
/// Strict, so that no two readers can understand one text differently: a dimmer is written in one way only, and none
/// comes twice.
///
/// # Errors
/// [`BadInput`], naming every bad key.
pub fn parse_levels(json: &[u8]) -> Result<Levels, BadInput> {
    let mut faults = Faults::default();
    let levels = read_levels(json, &mut faults)?;
    faults.none_or(levels)
}

/// Reads levels; bad keys are added to the faults.
pub(crate) fn read_levels(json: &[u8], faults: &mut Faults) -> Result<Levels, BadInput> {
    let value = |json: &str| level_of_json(json).map_err(|error| error.to_string());
    Read { values: Levels::new(), faults, folder: "", value }.read(json)
}

/// Reads labels; bad keys are added to the faults.
pub(crate) fn read_labels(json: &[u8], faults: &mut Faults) -> Result<Labels, BadInput> {
    let value = |json: &str| {
        let text: Result<String, _> = serde_json::from_str(json);
        text.map_err(|_| "a label is a string".to_owned())
            .and_then(|text| Label::new(&text).map_err(|error| error.to_string()))
    };
    Read { values: Labels::new(), faults, folder: "labels/", value }.read(json)
}

/// Reads a dimmer's number in the one way it is written: 1 to 65535, without sign, space or leading zero.
pub fn parse_dimmer(text: &str) -> Option<Dimmer> {
    let canonical = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if canonical { text.parse().ok().and_then(Dimmer::new) } else { None }
}

/// What has been read so far of an object with a member for each dimmer.
struct Read<'a, T> {
    values: BTreeMap<Dimmer, Option<T>>,
    faults: &'a mut Faults,
    /// Stands before a bad key where it is named.
    folder: &'static str,
    /// Reads a value that is not `null`.
    value: fn(&str) -> Result<T, String>,
}

impl<T> Read<'_, T> {
    fn read(mut self, json: &[u8]) -> Result<BTreeMap<Dimmer, Option<T>>, BadInput> {
        let mut input = serde_json::Deserializer::from_slice(json);
        input.deserialize_map(&mut self)?;
        input.end()?;
        Ok(self.values)
    }

    fn fault(&mut self, key: &str, problem: impl fmt::Display) {
        self.faults.add(&format!("{}{key}", self.folder), problem);
    }

    fn take(&mut self, dimmer: Dimmer, json: &str) {
        let value = if json == "null" { Ok(None) } else { (self.value)(json).map(Some) };
        match value {
            Err(error) => self.fault(&dimmer.to_string(), error),
            Ok(value) => {
                if self.values.insert(dimmer, value).is_some() {
                    self.fault(&dimmer.to_string(), "this dimmer comes twice");
                }
            }
        }
    }
}

impl<'de, T> Visitor<'de> for &mut Read<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a member for each dimmer")
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
struct Key<'a, 'b, T>(&'a mut Read<'b, T>);

impl<'de, T> DeserializeSeed<'de> for Key<'_, '_, T> {
    type Value = Option<Dimmer>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl<T> Visitor<'_> for Key<'_, '_, T> {
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
        write_map(serializer, self.0.iter().map(|(&dimmer, &level)| (dimmer, level.map(LevelText))))
    }
}

impl Serialize for LevelsText<'_, BTreeMap<Dimmer, Level>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_map(serializer, self.0.iter().map(|(&dimmer, &level)| (dimmer, Some(LevelText(level)))))
    }
}

/// Labels as JSON text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelsText<'a, T>(pub(crate) &'a T);

impl Serialize for LabelsText<'_, Labels> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_map(serializer, self.0.iter().map(|(&dimmer, label)| (dimmer, label.as_ref().map(Label::as_str))))
    }
}

impl Serialize for LabelsText<'_, BTreeMap<Dimmer, Label>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_map(serializer, self.0.iter().map(|(&dimmer, label)| (dimmer, Some(label.as_str()))))
    }
}

fn write_map<S: Serializer, T: Serialize>(
    serializer: S,
    values: impl ExactSizeIterator<Item = (Dimmer, Option<T>)>,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(values.len()))?;
    for (dimmer, value) in values {
        map.serialize_entry(&dimmer.get(), &value)?;
    }
    map.end()
}

/// A level as a JSON number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LevelText(pub(crate) Level);

impl Serialize for LevelText {
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
