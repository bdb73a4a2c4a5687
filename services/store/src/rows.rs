//! Images as rows of tables, the same way for every database and every kind.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Once;

use ghostlight_proto::{ScalarText, parse_scalar};
use ghostlight_rig::kinds::ItemKey as _;
use ghostlight_rig::{
    Changed, ClientId, Digest, Digests, Fingerprint, IdempotentChange, Image, Key, KeyOf, KindId, KindVisitor, Listed,
    LogTime, Position, Revision, RigImage, RigName, Slot, Slots, Stamp, StoreId, visit_kinds,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::StoreError;

/// The query for the position of the rigs, its stamp and log time, and where rigs stand that do not exist.
pub(crate) const POSITION: &str =
    "SELECT epoch, revision, stamp, time, CASE WHEN missing_epoch = epoch THEN missing ELSE 0 END FROM position";

/// The query for [`ItemRow`]s. The position is in two columns.
pub(crate) const ITEMS: &str = "SELECT rig, kind, key, value, epoch, revision, changed_by, changed_at FROM item";

/// The query for rigs, with the digests of their items, if they were saved with the rig. The position is in two columns.
pub(crate) const RIGS: &str = "SELECT name, rig.epoch, rig.revision, time, \
                               CASE WHEN made_epoch = rig.epoch THEN made ELSE 0 END, digests FROM rig LEFT JOIN digest \
                               ON digest.rig = name AND digest.epoch = rig.epoch AND digest.revision = rig.revision";

/// The query for keyed changes, in their order.
pub(crate) const KEYED: &str =
    "SELECT rig, key, epoch, revision, fingerprint, applied FROM keyed ORDER BY epoch, revision";

/// The query for which store this is.
pub(crate) const STORE_ID: &str = "SELECT id FROM store";

/// Which store this is, as the database has it.
pub(crate) fn store_id(text: &str) -> Result<StoreId, StoreError> {
    StoreId::parse(text).ok_or_else(|| corrupt(&format_args!("the store's identity is {text:?}")))
}

/// An image as the rows of its tables: for each table a JSON array of arrays, in the form that `save` in the migrations
/// documents.
pub(crate) struct Rows<'a> {
    pub(crate) rigs: String,
    pub(crate) items: String,
    /// The items of a large image, instead of `items`.
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) keyed: String,
    pub(crate) oldest_keys: String,
    pub(crate) removed: String,
    /// Whether rigs were made or removed since the last save: such a save is another statement, which costs more.
    pub(crate) has_other_rigs: bool,
    /// How many rows there are, without `oldest_keys`.
    pub(crate) count: usize,
}

/// Some items of a rig.
pub(crate) struct Part<'a> {
    pub(crate) rig: &'a str,
    /// A digest of the kinds and keys of the items: parts with the same one have the same items.
    pub(crate) keys: Vec<u8>,
    pub(crate) items: String,
}

impl<'a> Rows<'a> {
    /// The rows of an image. More items than `part_items` come in parts of that size.
    pub(crate) fn of(image: &'a Image, part_items: usize) -> Self {
        let (mut rigs, mut items, mut keyed, mut oldest_keys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (name, rig) in &image.rigs {
            let name = name.as_str();
            rigs.push((name, rig.position.revision.0, rig.time.0 as i64, digests_text(&rig.digests), rig.made.0));
            visit_kinds(&mut Items { rig: name, slots: &rig.slots, rows: &mut items });
            keyed.extend(rig.keyed.iter().map(|(key, keyed)| {
                let fingerprint = format!("{:016x}", keyed.fingerprint.0);
                (name, key.as_str(), keyed.position.revision.0, fingerprint, u8::from(keyed.applied))
            }));
            if !rig.keyed.is_empty() {
                oldest_keys.extend(rig.oldest_key.map(|oldest| (name, oldest.epoch.0, oldest.revision.0)));
            }
        }
        let removed: Vec<_> = image.removed.iter().map(|(name, revision)| (name.as_str(), revision.0)).collect();
        let is_new = |rig: &RigImage| rig.made > image.since.revision;
        let mut parts = Vec::new();
        let count = rigs.len() + items.len() + keyed.len();
        if items.len() > part_items {
            let of_rigs = items.chunk_by(|one, next| one.0 == next.0);
            let chunks = of_rigs.flat_map(|of_rig| of_rig.chunks(part_items));
            let part = |chunk: &[NewItem<'a>]| Part { rig: chunk[0].0, keys: keys(chunk), items: json(&chunk) };
            parts = chunks.map(part).collect();
            items.clear();
        }
        Self {
            has_other_rigs: !removed.is_empty() || image.rigs.values().any(is_new),
            removed: json(&removed),
            count,
            parts,
            rigs: json(&rigs),
            items: json(&items),
            keyed: json(&keyed),
            oldest_keys: json(&oldest_keys),
        }
    }
}

/// A digest of the kinds and keys of items, by which sets of items are told apart.
fn keys(items: &[NewItem<'_>]) -> Vec<u8> {
    let mut digest = Sha256::new();
    for (_, kind, key, ..) in items {
        digest.update(format!("{kind}/{key}\n"));
    }
    digest.finalize().to_vec()
}

fn json(rows: &impl Serialize) -> String {
    serde_json::to_string(rows).expect("tuples of texts and integers, and the values of kinds, are always JSON")
}

/// Rig, kind, key, value, revision, who last changed the item, and when.
type NewItem<'a> = (&'a str, &'static str, String, Option<String>, u64, Option<&'a str>, i64);

/// Adds the items of each kind to the rows.
struct Items<'a, 'rows> {
    rig: &'a str,
    slots: &'a Slots,
    rows: &'rows mut Vec<NewItem<'a>>,
}

impl KindVisitor for Items<'_, '_> {
    fn visit<K: Listed>(&mut self) {
        let rig = self.rig;
        self.rows.extend(K::slots(self.slots).map(|(key, slot)| {
            let value = slot.value.as_ref().map(|value| json(&ScalarText(K::write(value))));
            let by = slot.changed.by.as_ref().map(ClientId::as_str);
            (rig, K::NAME, key.to_string(), value, slot.revision.0, by, slot.changed.at.0 as i64)
        }));
    }
}

/// The position at which a row was last changed: epoch and revision, as databases store them.
pub(crate) type At = (i64, i64);

/// A rig as a database stores it, and the digests that were saved with it, if any.
pub(crate) struct RigRow<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: At,
    pub(crate) time: i64,
    pub(crate) made: i64,
    pub(crate) digests: Option<&'a str>,
}

/// An item as a database stores it.
pub(crate) struct ItemRow<'a> {
    pub(crate) rig: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) key: &'a str,
    pub(crate) value: Option<&'a str>,
    pub(crate) at: At,
    pub(crate) changed_by: Option<&'a str>,
    pub(crate) changed_at: i64,
}

/// An image that is built from the rows of a database: first the position of the whole image, then the rest.
#[derive(Default)]
pub(crate) struct Loading {
    image: Image,
    /// How many rows were skipped, by the names of their kinds.
    unknown: BTreeMap<String, usize>,
}

impl Loading {
    /// Takes the one row with the position of the rigs.
    pub(crate) fn position(&mut self, at: At, stamp: i64, time: i64, missing: i64) {
        (self.image.position, self.image.missing) = (position(at), Revision(missing as u64));
        (self.image.stamp, self.image.time) = (Stamp(stamp as u64), LogTime(time as u64));
    }

    /// Takes a rig, without its items.
    pub(crate) fn rig(&mut self, row: &RigRow<'_>) -> Result<(), StoreError> {
        let made = self.revision((row.at.0, row.made));
        let rig = self.rig_image(row.name)?;
        (rig.position, rig.time, rig.made) = (position(row.at), LogTime(row.time as u64), made);
        rig.digests = row.digests.map_or_else(|| Ok(Digests::default()), read_digests)?;
        Ok(())
    }

    /// Takes an item. An item of a kind that this version does not know is skipped.
    pub(crate) fn item(&mut self, row: &ItemRow<'_>) -> Result<(), StoreError> {
        let Some(kind) = KindId::named(row.kind) else {
            match self.unknown.get_mut(row.kind) {
                Some(count) => *count += 1,
                None => drop(self.unknown.insert(row.kind.to_owned(), 1)),
            }
            return Ok(());
        };
        let revision = self.revision(row.at);
        let mut put = Put { row, revision, slots: &mut self.rig_image(row.rig)?.slots, result: Ok(()) };
        kind.visit(&mut put);
        put.result.map_err(|why| corrupt(&format_args!("{} {:?} of rig {:?}: {why}", row.kind, row.key, row.rig)))
    }

    /// Takes a keyed change that a rig remembers. The rows come in the order of their positions.
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

    /// The image. Skipped rows are logged, unless `unknown_logged` says that this was done.
    pub(crate) fn image(self, unknown_logged: &Once) -> Image {
        if !self.unknown.is_empty() {
            let (kinds, rows) = (self.unknown.keys(), self.unknown.values().sum::<usize>());
            unknown_logged.call_once(|| {
                tracing::warn!(
                    rows,
                    ?kinds,
                    "the database has items of kinds that this version does not know; they stay unchanged"
                );
            });
        }
        self.image
    }

    fn rig_image(&mut self, name: &str) -> Result<&mut RigImage, StoreError> {
        let rigs = &mut self.image.rigs;
        if !rigs.contains_key(name) {
            let name = RigName::new(name).map_err(|error| corrupt(&format_args!("rig {name:?}: {error}")))?;
            rigs.insert(name, RigImage::default());
        }
        Ok(rigs.get_mut(name).expect("it was there, or was put there just now"))
    }

    /// The revision of a row. One of an older epoch counts as older than everything in the image's epoch.
    fn revision(&self, at: At) -> Revision {
        let position = position(at);
        if position.epoch == self.image.position.epoch { position.revision } else { Revision(0) }
    }
}

/// Puts a row into the slots of its kind.
struct Put<'a> {
    row: &'a ItemRow<'a>,
    revision: Revision,
    slots: &'a mut Slots,
    /// What is wrong with the row, in words for people.
    result: Result<(), String>,
}

impl KindVisitor for Put<'_> {
    fn visit<K: Listed>(&mut self) {
        self.result = self.put::<K>();
    }
}

impl Put<'_> {
    fn put<K: Listed>(&mut self) -> Result<(), String> {
        let row = self.row;
        let key = KeyOf::<K>::read(row.key)?;
        let value = row.value.map(value_of::<K>).transpose()?;
        let by = row.changed_by.map(ClientId::new).transpose().map_err(|error| error.to_string())?;
        let changed = Changed { by, at: LogTime(row.changed_at as u64) };
        K::put(self.slots, key, Slot { value, revision: self.revision, changed });
        Ok(())
    }
}

/// The value of a kind's item, from its JSON text.
fn value_of<K: Listed>(json: &str) -> Result<K::Value, String> {
    let scalar = parse_scalar(json).map_err(|error| format!("its value {json:?} is not JSON: {error}"))?;
    K::read(scalar)
}

fn position((epoch, revision): At) -> Position {
    Position::new(epoch as u64, revision as u64)
}

/// The digests as the database has them: a digest by the name of its kind.
fn digests_text(digests: &Digests) -> Option<BTreeMap<&'static str, String>> {
    let by_kind: BTreeMap<_, _> = digests.iter().map(|(kind, digest)| (kind.name(), digest.to_string())).collect();
    (!by_kind.is_empty()).then_some(by_kind)
}

/// Reads the digests of the kinds that this version knows.
fn read_digests(text: &str) -> Result<Digests, StoreError> {
    let by_kind: BTreeMap<String, String> = serde_json::from_str(text).map_err(|error| corrupt(&error))?;
    let known = by_kind.iter().filter_map(|(name, digest)| Some((KindId::named(name)?, digest)));
    let read = known.map(|(kind, digest)| Some((kind, Digest::parse(digest)?)));
    read.collect::<Option<_>>().ok_or_else(|| corrupt(&format_args!("{text:?} are not digests")))
}

fn corrupt(what: &dyn Display) -> StoreError {
    StoreError::Corrupt(what.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(kind: &'a str, key: &'a str) -> ItemRow<'a> {
        ItemRow { rig: "main", kind, key, value: Some("\"x\""), at: (1, 1), changed_by: None, changed_at: 0 }
    }

    #[test]
    fn rows_of_unknown_kinds_are_counted_and_logged_once() {
        let mut loading = Loading::default();
        for (kind, key) in [("tomorrow", "a"), ("made_up", "a"), ("later", ""), ("tomorrow", "b")] {
            loading.item(&row(kind, key)).unwrap();
        }
        let unknown: Vec<_> = loading.unknown.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(unknown, [("later", 1), ("tomorrow", 2)]);
        let logged = Once::new();
        let image = loading.image(&logged);
        assert_eq!(image.rigs["main"].slots.made_up.len(), 1);
        assert!(logged.is_completed());

        let nothing_unknown = Once::new();
        Loading::default().image(&nothing_unknown);
        assert!(!nothing_unknown.is_completed(), "it is still to be said");
    }
}
