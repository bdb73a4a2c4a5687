//! What the tests of the core share: short ways to write things, maps to compare with, and a store in memory.
#![allow(dead_code, unreachable_pub, reason = "each test takes in what it needs of this")]

use std::collections::BTreeMap;

use ghostlight_rig::{
    Change, Digest, Dimmer, Entry, Image, Key, Keyed, Level, LevelMap, Levels, Position, Revision, RigImage, RigName,
    Slot,
};

/// A whole map, as a reader sees it.
pub type Map = BTreeMap<Dimmer, Level>;

pub fn dimmer(number: u16) -> Dimmer {
    Dimmer::new(number).unwrap()
}

pub fn percent(percent: u16) -> Level {
    Level::from_hundredths(percent * 100).unwrap()
}

/// Levels in percent; `None` forgets.
pub fn levels<const N: usize>(levels: [(u16, Option<u16>); N]) -> Levels {
    levels.map(|(number, level)| (dimmer(number), level.map(percent))).into()
}

pub fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

pub fn named(name: &str) -> RigName {
    RigName::new(name).unwrap()
}

pub fn at(epoch: u64, revision: u64) -> Position {
    Position::new(epoch, revision)
}

/// One entry of several changes.
pub fn entry(changes: impl IntoIterator<Item = Change>) -> Entry {
    let mut changes = changes.into_iter();
    let mut entry = Entry::new(changes.next().unwrap());
    changes.for_each(|change| entry.push(change).unwrap());
    entry
}

pub fn map_of(map: &LevelMap) -> Map {
    map.levels().collect()
}

/// What a client does with what it is told.
pub fn overlay(map: &mut Map, levels: &Levels) {
    for (&dimmer, &level) in levels {
        match level {
            Some(level) => map.insert(dimmer, level),
            None => map.remove(&dimmer),
        };
    }
}

/// The digest of a map, computed from nothing.
pub fn digest_of(map: &Map) -> Digest {
    let mut digest = Digest::default();
    map.iter().for_each(|(&dimmer, &level)| digest.add(dimmer, level));
    digest
}

/// A store in memory that keeps the contract of `services/store`: a row gives way only to a newer one.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    position: Position,
    rigs: BTreeMap<RigName, StoredRig>,
}

#[derive(Clone, Debug, Default)]
struct StoredRig {
    position: Position,
    levels: BTreeMap<Dimmer, (Position, Option<Level>)>,
    keyed: BTreeMap<Key, Keyed>,
}

impl Stored {
    pub fn position(&self) -> Position {
        self.position
    }

    /// Saves what has changed, unless a newer order has begun: what an older one still has to say was not taken over
    /// into it, and must not turn up under its positions.
    pub fn save(&mut self, image: &Image) {
        if image.position.epoch < self.position.epoch {
            return;
        }
        self.position = self.position.max(image.position);
        for (name, new) in &image.rigs {
            let rig = self.rigs.entry(name.clone()).or_default();
            rig.position = rig.position.max(new.position);
            for (&dimmer, slot) in &new.slots {
                let position = Position { revision: slot.revision, ..image.position };
                let row = rig.levels.entry(dimmer).or_default();
                if position > row.0 {
                    *row = (position, slot.level);
                }
            }
            for (key, keyed) in &new.keyed {
                let row = rig.keyed.entry(key.clone()).or_insert(*keyed);
                if keyed.position > row.position {
                    *row = *keyed;
                }
            }
            rig.keyed.retain(|_, keyed| new.oldest_key.is_none_or(|oldest| keyed.position >= oldest));
        }
    }

    pub fn load(&self) -> Image {
        let rigs = self.rigs.iter().map(|(name, rig)| (name.clone(), rig.load(self.position)));
        Image { position: self.position, rigs: rigs.collect() }
    }
}

impl StoredRig {
    fn load(&self, now: Position) -> RigImage {
        // A level of an older epoch is older than everything in this one.
        let revision = |position: Position| if position.epoch == now.epoch { position.revision } else { Revision(0) };
        let slots = self.levels.iter().map(|(&dimmer, &(position, level))| {
            let revision = revision(position);
            (dimmer, Slot { level, revision })
        });
        let mut keyed: Vec<_> = self.keyed.iter().map(|(key, &keyed)| (key.clone(), keyed)).collect();
        keyed.sort_by_key(|(_, keyed)| keyed.position);
        let oldest_key = keyed.first().map(|(_, keyed)| keyed.position);
        RigImage { position: self.position, slots: slots.collect(), keyed, oldest_key }
    }
}
