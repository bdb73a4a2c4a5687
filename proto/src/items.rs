//! Names of items: `{"levels": [1, 2], "master": true}`. A kind with many items in a rig lists keys.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ghostlight_rig::{Changed, Item, ItemKey, KeyOf, KindId, KindVisitor, Listed, Shape, visit_kinds};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::fault::BadInput;
use crate::text::read_time;

/// Items as text.
#[derive(Clone, Copy, Debug)]
pub struct ItemsText<'a>(pub &'a [Item]);

impl Serialize for ItemsText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut writing = WriteItems { map: &mut map, items: self.0, result: Ok(()) };
        visit_kinds(&mut writing);
        writing.result?;
        map.end()
    }
}

struct WriteItems<'a, M: SerializeMap> {
    map: &'a mut M,
    items: &'a [Item],
    result: Result<(), M::Error>,
}

impl<M: SerializeMap> KindVisitor for WriteItems<'_, M> {
    fn visit<K: Listed>(&mut self) {
        let mut keys = self.items.iter().filter(|item| item.kind() == K::ID).peekable();
        if self.result.is_err() || keys.peek().is_none() {
            return;
        }
        self.result = if K::Shape::IS_SINGLE {
            self.map.serialize_entry(K::NAME, &true)
        } else {
            let keys: Vec<_> =
                keys.map(|item| KeyText { text: item.key(), is_number: KeyOf::<K>::IS_NUMBER }).collect();
            self.map.serialize_entry(K::NAME, &keys)
        };
    }
}

/// A key as a value: a number, or a string.
struct KeyText {
    text: String,
    is_number: bool,
}

impl Serialize for KeyText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text.parse::<u64>() {
            Ok(number) if self.is_number => serializer.serialize_u64(number),
            _ => serializer.serialize_str(&self.text),
        }
    }
}

/// Items as received.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct ItemsIn<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, &'a RawValue>);

impl ItemsIn<'_> {
    /// Reads the items. Kinds that this version does not know are ignored.
    pub(crate) fn read(&self) -> Result<Vec<Item>, BadInput> {
        let mut items = Vec::new();
        for (name, value) in &self.0 {
            let Some(kind) = KindId::named(name) else { continue };
            let mut reading = ReadKeys { json: value.get(), items: &mut items, failed: None };
            kind.visit(&mut reading);
            if let Some(problem) = reading.failed {
                return Err(BadInput::form(format_args!("{name}: {problem}")));
            }
        }
        items.sort();
        Ok(items)
    }
}

struct ReadKeys<'a> {
    json: &'a str,
    items: &'a mut Vec<Item>,
    failed: Option<String>,
}

impl KindVisitor for ReadKeys<'_> {
    fn visit<K: Listed>(&mut self) {
        let read = if K::Shape::IS_SINGLE {
            if self.json == "true" { Ok(vec![String::new()]) } else { Err("it is true".to_owned()) }
        } else {
            keys(self.json)
        };
        let items = read
            .and_then(|keys| keys.iter().map(|key| KeyOf::<K>::read(key).map(K::item)).collect::<Result<Vec<_>, _>>());
        match items {
            Ok(items) => self.items.extend(items),
            Err(problem) => self.failed = Some(problem),
        }
    }
}

/// The texts of keys in a list of numbers or strings.
fn keys(json: &str) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum KeyIn {
        Number(u64),
        Text(String),
    }
    let keys: Vec<KeyIn> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let text = |key| match key {
        KeyIn::Number(number) => number.to_string(),
        KeyIn::Text(text) => text,
    };
    Ok(keys.into_iter().map(text).collect())
}

/// Who last changed items, and when. Items with the same client and time are grouped.
pub(crate) fn changes_text(changes: &[(Item, Changed)]) -> Vec<ChangedText> {
    let mut groups: BTreeMap<&Changed, Vec<Item>> = BTreeMap::new();
    for (item, changed) in changes {
        groups.entry(changed).or_default().push(item.clone());
    }
    let group = |(changed, items): (&Changed, Vec<Item>)| ChangedText {
        client: changed.by.as_ref().map(ToString::to_string),
        time: changed.at.to_string(),
        items: OwnedItems(items),
    };
    groups.into_iter().map(group).collect()
}

/// Some items, who last changed them, and when.
#[derive(Serialize)]
pub(crate) struct ChangedText {
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    time: String,
    items: OwnedItems,
}

struct OwnedItems(Vec<Item>);

impl Serialize for OwnedItems {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ItemsText(&self.0).serialize(serializer)
    }
}

/// Some items, who last changed them, and when, as received.
#[derive(Deserialize)]
pub(crate) struct ChangedIn<'a> {
    #[serde(borrow)]
    client: Option<Cow<'a, str>>,
    #[serde(borrow)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    items: ItemsIn<'a>,
}

impl ChangedIn<'_> {
    pub(crate) fn read(&self) -> Result<Vec<(Item, Changed)>, BadInput> {
        let by = self.client.as_deref().map(ghostlight_rig::ClientId::new).transpose().map_err(BadInput::form)?;
        let at = read_time(self.time.as_deref())?;
        let changed = Changed { by, at };
        let items = self.items.read()?;
        let mut changes: Vec<_> = items.into_iter().map(|item| (item, changed.clone())).collect();
        changes.sort();
        Ok(changes)
    }
}
