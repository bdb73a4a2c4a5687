//! Images as rows of tables: the same in every database, and for every kind of thing that a rig has.

use std::collections::BTreeMap;
use std::fmt::Display;

use ghostlight_rig::{
    Changed, ClientId, Fingerprint, IdempotentChange, Image, ItemKey, Key, KeyOf, KindId, KindVisitor, Listed, LogTime,
    Position, Revision, RigImage, RigName, Scalar, Slot, Slots, Stamp, visit_kinds,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::StoreError;

/// A row of `item`: rig, kind, key, value as JSON text, revision, who changed it last, and when.
pub(crate) type ItemRow<'a> = (&'a str, &'static str, String, Option<String>, u64, Option<&'a str>, u64);

/// An image as the rows of its tables.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    pub(crate) rigs: Vec<(&'a str, u64, u64)>,
    pub(crate) items: Vec<ItemRow<'a>>,
    pub(crate) keyed: Vec<(&'a str, &'a str, u64, String, u8)>,
    pub(crate) oldest_keys: Vec<(&'a str, u64, u64)>,
}

impl<'a> Rows<'a> {
    pub(crate) fn of(image: &'a Image) -> Self {
        let mut rows = Self::default();
        for (name, rig) in &image.rigs {
            let name = name.as_str();
            rows.rigs.push((name, rig.position.revision.0, rig.time.0));
            visit_kinds(&mut ItemRows { rig: name, slots: &rig.slots, rows: &mut rows.items });
            rows.keyed.extend(rig.keyed.iter().map(|(key, keyed)| {
                let fingerprint = format!("{:016x}", keyed.fingerprint.0);
                (name, key.as_str(), keyed.position.revision.0, fingerprint, u8::from(keyed.applied))
            }));
            if !rig.keyed.is_empty() {
                rows.oldest_keys.extend(rig.oldest_key.map(|oldest| (name, oldest.epoch.0, oldest.revision.0)));
            }
        }
        rows
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.rigs.len() + self.items.len() + self.keyed.len()
    }
}

/// Rows as one JSON text.
pub(crate) fn json_text(rows: &impl Serialize) -> String {
    serde_json::to_string(rows).expect("texts and numbers can be written as JSON")
}

/// Makes the rows of one kind after the other.
struct ItemRows<'a, 'b> {
    rig: &'a str,
    slots: &'a Slots,
    rows: &'b mut Vec<ItemRow<'a>>,
}

impl KindVisitor for ItemRows<'_, '_> {
    fn visit<K: Listed>(&mut self) {
        self.rows.extend(K::slots(self.slots).map(|(key, slot)| {
            let value = slot.value.as_ref().map(|value| json_of(&K::write(value)));
            let Changed { by, at } = &slot.changed;
            (self.rig, K::NAME, key.to_string(), value, slot.revision.0, by.as_ref().map(ClientId::as_str), at.0)
        }));
    }
}

/// A value as JSON text.
fn json_of(scalar: &Scalar<'_>) -> String {
    match scalar {
        Scalar::Text(text) => serde_json::Value::from(&**text).to_string(),
        number_or_flag => number_or_flag.to_string(),
    }
}

/// The value that a JSON text is; `None` if it is not JSON.
fn scalar_of(json: &str) -> Option<Scalar<'_>> {
    let value: &RawValue = serde_json::from_str(json).ok()?;
    match value.get().as_bytes().first()? {
        b'"' => Some(Scalar::Text(serde_json::from_str::<String>(json).ok()?.into())),
        b't' | b'f' => Some(Scalar::Flag(value.get() == "true")),
        b'-' | b'0'..=b'9' => Some(Scalar::Number(value.get().into())),
        b'{' => Some(Scalar::Other("an object")),
        b'[' => Some(Scalar::Other("an array")),
        _ => Some(Scalar::Other("null")),
    }
}

/// Where a row was last changed: epoch and revision, as databases have them.
pub(crate) type At = (i64, i64);

/// A row of `item` as it was read.
pub(crate) struct SavedItem<'a> {
    pub(crate) rig: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) key: &'a str,
    pub(crate) value: Option<&'a str>,
    pub(crate) at: At,
    pub(crate) changed_by: Option<&'a str>,
    pub(crate) changed_at: i64,
}

/// An image that is put together from the rows of a database: first where all of it stands, then the rest.
#[derive(Default)]
pub(crate) struct Loading {
    image: Image,
    /// How many items are of a kind that this version does not know, by the kind's name.
    unknown: BTreeMap<String, usize>,
}

impl Loading {
    /// The one row that says where the rigs stand.
    pub(crate) fn position(&mut self, at: At, stamp: i64, time: i64) {
        self.image.position = position(at);
        (self.image.stamp, self.image.time) = (Stamp(stamp as u64), LogTime(time as u64));
    }

    /// Where a rig's last entry stood.
    pub(crate) fn rig(&mut self, name: &str, at: At, time: i64) -> Result<(), StoreError> {
        let rig = self.rig_image(name)?;
        (rig.position, rig.time) = (position(at), LogTime(time as u64));
        Ok(())
    }

    /// An item of any kind. One of a kind that this version does not know stays where it is, for newer ones.
    pub(crate) fn item(&mut self, row: &SavedItem<'_>) -> Result<(), StoreError> {
        let Some(kind) = KindId::named(row.kind) else {
            *self.unknown.entry(row.kind.to_owned()).or_default() += 1;
            return Ok(());
        };
        let by = row.changed_by.map(ClientId::new).transpose().map_err(|error| corrupt(&error))?;
        let changed = Changed { by, at: LogTime(row.changed_at as u64) };
        let revision = self.revision(row.at);
        let slots = &mut self.rig_image(row.rig)?.slots;
        let mut putting = PutItem { row, revision, changed, slots, result: Ok(()) };
        kind.visit(&mut putting);
        putting
            .result
            .map_err(|problem| StoreError::Corrupt(format!("rig {}, {} {:?}: {problem}", row.rig, row.kind, row.key)))
    }

    /// A keyed change that a rig remembers. They come in their order.
    pub(crate) fn keyed(
        &mut self,
        rig: &str,
        key: &str,
        at: At,
        fingerprint: &str,
        applied: bool,
    ) -> Result<(), StoreError> {
        let key = Key::new(key).map_err(|error| corrupt(&error))?;
        let fingerprint = Fingerprint(u64::from_str_radix(fingerprint, 16).map_err(|error| corrupt(&error))?);
        let position = position(at);
        let rig = self.rig_image(rig)?;
        rig.oldest_key.get_or_insert(position);
        rig.keyed.push((key, IdempotentChange { position, fingerprint, applied }));
        Ok(())
    }

    /// All of it.
    pub(crate) fn image(self) -> Image {
        for (kind, count) in &self.unknown {
            tracing::info!(
                kind,
                count,
                "a newer Ghostlight has saved items of a kind that this one does not know; they stay"
            );
        }
        self.image
    }

    fn rig_image(&mut self, name: &str) -> Result<&mut RigImage, StoreError> {
        let name = RigName::new(name).map_err(|error| corrupt(&error))?;
        Ok(self.image.rigs.entry(name).or_default())
    }

    /// What was set in an older epoch counts as older than everything in this one.
    fn revision(&self, at: At) -> Revision {
        let position = position(at);
        if position.epoch == self.image.position.epoch { position.revision } else { Revision(0) }
    }
}

/// Puts an item among the slots of its kind.
struct PutItem<'a> {
    row: &'a SavedItem<'a>,
    revision: Revision,
    changed: Changed,
    slots: &'a mut Slots,
    result: Result<(), String>,
}

impl PutItem<'_> {
    fn put<K: Listed>(&mut self) -> Result<(), String> {
        let key = KeyOf::<K>::read(self.row.key)?;
        let read = |json| K::read(scalar_of(json).ok_or_else(|| format!("{json:?} is not JSON"))?);
        let value = self.row.value.map(read).transpose()?;
        let slot = Slot { value, revision: self.revision, changed: self.changed.clone() };
        K::put(self.slots, key, slot);
        Ok(())
    }
}

impl KindVisitor for PutItem<'_> {
    fn visit<K: Listed>(&mut self) {
        self.result = self.put::<K>();
    }
}

fn position((epoch, revision): At) -> Position {
    Position::new(epoch as u64, revision as u64)
}

fn corrupt(what: &dyn Display) -> StoreError {
    StoreError::Corrupt(what.to_string())
}
