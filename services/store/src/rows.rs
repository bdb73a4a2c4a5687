//! Images as rows of tables: the same in every database.

use std::fmt::Display;

use ghostlight_rig::{
    Dimmer, Fingerprint, IdempotentChange, Image, Key, Label, Level, Position, Revision, RigImage, RigName, Slot, Stamp,
};

use crate::StoreError;

/// The names of settings in their table.
const MASTER: &str = "master";
const BLACKOUT: &str = "blackout";

/// An image as the rows of its tables.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    pub(crate) rigs: Vec<(&'a str, u64)>,
    pub(crate) levels: Vec<(&'a str, u16, Option<u16>, u64)>,
    pub(crate) labels: Vec<(&'a str, u16, Option<&'a str>, u64)>,
    pub(crate) settings: Vec<(&'a str, &'static str, u16, u64)>,
    pub(crate) keyed: Vec<(&'a str, &'a str, u64, String, u8)>,
    pub(crate) oldest_keys: Vec<(&'a str, u64, u64)>,
}

impl<'a> Rows<'a> {
    pub(crate) fn of(image: &'a Image) -> Self {
        let mut rows = Self::default();
        for (name, rig) in &image.rigs {
            let name = name.as_str();
            rows.rigs.push((name, rig.position.revision.0));
            let slots = &rig.slots;
            rows.levels.extend(slots.levels.iter().map(|(dimmer, slot)| {
                let hundredths = slot.value.map(Level::hundredths);
                (name, dimmer.get(), hundredths, slot.revision.0)
            }));
            rows.labels.extend(slots.labels.iter().map(|(dimmer, slot)| {
                let label = slot.value.as_ref().map(Label::as_str);
                (name, dimmer.get(), label, slot.revision.0)
            }));
            let master = slots.master.iter().filter_map(|slot| Some((slot.value?.hundredths(), slot.revision.0)));
            rows.settings.extend(master.map(|(value, revision)| (name, MASTER, value, revision)));
            let blackout = slots.blackout.iter().filter_map(|slot| Some((u16::from(slot.value?), slot.revision.0)));
            rows.settings.extend(blackout.map(|(value, revision)| (name, BLACKOUT, value, revision)));
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
        [self.rigs.len(), self.levels.len(), self.labels.len(), self.settings.len(), self.keyed.len()].iter().sum()
    }
}

/// Where a row was last changed: epoch and revision, as databases have them.
pub(crate) type At = (i64, i64);

/// An image that is put together from the rows of a database: first where all of it stands, then the rest.
#[derive(Default)]
pub(crate) struct Loading(Image);

impl Loading {
    /// The one row that says where the rigs stand.
    pub(crate) fn position(&mut self, at: At, stamp: i64) {
        (self.0.position, self.0.stamp) = (position(at), Stamp(stamp as u64));
    }

    /// Where a rig's last entry stood.
    pub(crate) fn rig(&mut self, name: &str, at: At) -> Result<(), StoreError> {
        self.rig_image(name)?.position = position(at);
        Ok(())
    }

    /// A dimmer's level in hundredths of a percent.
    pub(crate) fn level(&mut self, rig: &str, number: u16, level: Option<u16>, at: At) -> Result<(), StoreError> {
        let slot = Slot { value: level.map(level_of).transpose()?, revision: self.revision(at) };
        self.rig_image(rig)?.slots.levels.insert(dimmer(number)?, slot);
        Ok(())
    }

    /// A dimmer's label.
    pub(crate) fn label(&mut self, rig: &str, number: u16, label: Option<&str>, at: At) -> Result<(), StoreError> {
        let value = label.map(Label::new).transpose().map_err(|error| corrupt(&error))?;
        let slot = Slot { value, revision: self.revision(at) };
        self.rig_image(rig)?.slots.labels.insert(dimmer(number)?, slot);
        Ok(())
    }

    /// What a rig has one of.
    pub(crate) fn setting(&mut self, rig: &str, name: &str, value: u16, at: At) -> Result<(), StoreError> {
        let revision = self.revision(at);
        let slots = &mut self.rig_image(rig)?.slots;
        match name {
            MASTER => slots.master = Some(Slot { value: Some(level_of(value)?), revision }),
            BLACKOUT => slots.blackout = Some(Slot { value: Some(value != 0), revision }),
            other => return Err(corrupt(&format_args!("a setting {other:?}"))),
        }
        Ok(())
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
        self.0
    }

    fn rig_image(&mut self, name: &str) -> Result<&mut RigImage, StoreError> {
        let name = RigName::new(name).map_err(|error| corrupt(&error))?;
        Ok(self.0.rigs.entry(name).or_default())
    }

    /// What was set in an older epoch counts as older than everything in this one.
    fn revision(&self, at: At) -> Revision {
        let position = position(at);
        if position.epoch == self.0.position.epoch { position.revision } else { Revision(0) }
    }
}

fn position((epoch, revision): At) -> Position {
    Position::new(epoch as u64, revision as u64)
}

fn dimmer(number: u16) -> Result<Dimmer, StoreError> {
    Dimmer::new(number).ok_or_else(|| corrupt(&"dimmer 0"))
}

fn level_of(hundredths: u16) -> Result<Level, StoreError> {
    Level::from_hundredths(hundredths).ok_or_else(|| corrupt(&"a level above 100 %"))
}

fn corrupt(what: &dyn Display) -> StoreError {
    StoreError::Corrupt(what.to_string())
}
