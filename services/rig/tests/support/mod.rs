//! What the tests of the core share: short ways to write things, maps to compare with, and a store in memory.
#![allow(dead_code, unreachable_pub, reason = "each test takes in what it needs of this")]

use std::collections::BTreeMap;

use ghostlight_rig::{
    Change, Digest, Digests, Dimmer, Entry, IdempotentChange, Image, Item, ItemName, Key, Kind, KindId, Label, Level,
    Levels, LogTime, Look, NoKey, PartNumber, Position, Revision, RigImage, RigMap, RigName, Slot, Slots, State,
    Update, Word, WordPart, kinds,
};

/// A whole map, as a reader sees it.
pub type Map = State;

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

pub fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

/// What sets labels; `None` takes one off.
pub fn labels<const N: usize>(labels: [(u16, Option<&str>); N]) -> Update {
    let labels = labels.map(|(number, text)| (dimmer(number), text.map(label))).into();
    Update { labels, ..Update::default() }
}

pub fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}

/// A look in percent.
pub fn look<const N: usize>(levels: [(u16, u16); N]) -> Look {
    Look::from(levels.map(|(number, level)| (dimmer(number), percent(level))))
}

/// What sets words; `None` removes one.
pub fn words<const N: usize>(words: [(&str, Option<Look>); N]) -> Update {
    let words = words.map(|(text, look)| (word(text), look)).into();
    Update { words, ..Update::default() }
}

/// The levels of dimmers, as items.
pub fn level_items<const N: usize>(dimmers: [u16; N]) -> Vec<Item> {
    dimmers.map(|number| Item::Level(dimmer(number))).into()
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

pub fn map_of(map: &RigMap) -> Map {
    map.state()
}

/// What a client does with what it is told.
pub fn overlay(map: &mut Map, update: &Update) {
    fn put<K: Ord + Clone, T: Clone>(values: &mut BTreeMap<K, T>, newer: &BTreeMap<K, Option<T>>) {
        for (key, value) in newer {
            match value {
                Some(value) => values.insert(key.clone(), value.clone()),
                None => values.remove(key),
            };
        }
    }
    put(&mut map.levels, &update.levels);
    put(&mut map.labels, &update.labels);
    put(&mut map.made_up, &update.made_up);
    put(&mut map.words, &update.words);
    put(&mut map.word_parts, &update.word_parts);
    map.master = update.master.unwrap_or(map.master);
    map.blackout = update.blackout.unwrap_or(map.blackout);
}

/// The digest of each kind of a map, computed from nothing.
pub fn digest_of(map: &Map) -> Digests {
    let sum = |items: Vec<Digest>| {
        items.into_iter().fold(Digest::default(), |mut sum, item| {
            sum += item;
            sum
        })
    };
    let levels = map.levels.iter().map(|(dimmer, level)| kinds::levels::Levels::digest(dimmer, level));
    let labels = map.labels.iter().map(|(dimmer, label)| kinds::labels::Labels::digest(dimmer, label));
    let words = map.words.iter().map(|(word, look)| kinds::words::Words::digest(word, look));
    let parts = map.word_parts.iter().map(|(place, part)| kinds::word_parts::WordParts::digest(place, part));
    let made_up = map.made_up.iter().map(|(name, text)| kinds::made_up::MadeUp::digest(name, text));
    let master = Some(map.master).filter(|master| *master != Level::FULL);
    let master = master.map(|master| kinds::master::Master::digest(&NoKey, &master));
    let blackout = map.blackout.then(|| kinds::blackout::Blackout::digest(&NoKey, &true));
    [
        (KindId::Level, sum(levels.collect())),
        (KindId::Label, sum(labels.collect())),
        (KindId::Master, sum(master.into_iter().collect())),
        (KindId::Blackout, sum(blackout.into_iter().collect())),
        (KindId::Word, sum(words.collect())),
        (KindId::WordPart, sum(parts.collect())),
        (KindId::MadeUp, sum(made_up.collect())),
    ]
    .into_iter()
    .collect()
}

/// A store in memory that keeps the contract of `services/store`: a row gives way only to a newer one.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    position: Position,
    missing: Position,
    time: LogTime,
    rigs: BTreeMap<RigName, StoredRig>,
}

/// Slots, each with the position that last changed it.
type Rows<K, T> = BTreeMap<K, (Position, Slot<T>)>;

#[derive(Clone, Debug, Default)]
struct StoredRig {
    position: Position,
    made: Revision,
    time: LogTime,
    levels: Rows<Dimmer, Level>,
    labels: Rows<Dimmer, Label>,
    master: Rows<(), Level>,
    blackout: Rows<(), bool>,
    words: Rows<Word, Look>,
    word_parts: Rows<PartNumber, WordPart>,
    made_up: Rows<ItemName, Label>,
    keyed: BTreeMap<Key, IdempotentChange>,
    digests: Digests,
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
        if image.position >= self.position {
            self.missing = Position { revision: image.missing, ..image.position };
        }
        self.position = self.position.max(image.position);
        self.time = self.time.max(image.time);
        for (name, removed) in &image.removed {
            let at = Position { revision: *removed, ..image.position };
            self.rigs.retain(|stored, rig| stored != name || rig.position > at);
        }
        for (name, new) in &image.rigs {
            let rig = self.rigs.entry(name.clone()).or_default();
            if new.position > rig.position {
                rig.digests = new.digests.clone();
            }
            rig.position = rig.position.max(new.position);
            rig.time = rig.time.max(new.time);
            rig.made = new.made;
            let Slots { levels, labels, master, blackout, words, word_parts, made_up } = &new.slots;
            save_rows(&mut rig.levels, levels.iter().map(|(&dimmer, slot)| (dimmer, slot)), image.position);
            save_rows(&mut rig.labels, labels.iter().map(|(&dimmer, slot)| (dimmer, slot)), image.position);
            save_rows(&mut rig.master, master.iter().map(|slot| ((), slot)), image.position);
            save_rows(&mut rig.blackout, blackout.iter().map(|slot| ((), slot)), image.position);
            save_rows(&mut rig.words, words.iter().map(|(word, slot)| (word.clone(), slot)), image.position);
            save_rows(&mut rig.word_parts, word_parts.iter().map(|(place, slot)| (*place, slot)), image.position);
            save_rows(&mut rig.made_up, made_up.iter().map(|(name, slot)| (name.clone(), slot)), image.position);
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
        let missing = if self.missing.epoch == self.position.epoch { self.missing.revision } else { Revision(0) };
        Image { position: self.position, time: self.time, missing, rigs: rigs.collect(), ..Image::default() }
    }
}

fn save_rows<'a, K: Ord, T: Clone + 'a>(
    rows: &mut Rows<K, T>,
    slots: impl Iterator<Item = (K, &'a Slot<T>)>,
    now: Position,
) {
    for (key, slot) in slots {
        let position = Position { revision: slot.revision, ..now };
        let row = rows.entry(key).or_insert_with(|| (Position::default(), slot.clone()));
        if position > row.0 {
            *row = (position, slot.clone());
        }
    }
}

/// A value of an older epoch is older than everything in this one.
fn load_rows<K: Ord + Clone, T: Clone>(rows: &Rows<K, T>, now: Position) -> BTreeMap<K, Slot<T>> {
    let revision = |position: Position| if position.epoch == now.epoch { position.revision } else { Revision(0) };
    let slot = |(key, (position, slot)): (&K, &(Position, Slot<T>))| {
        (key.clone(), Slot { revision: revision(*position), ..slot.clone() })
    };
    rows.iter().map(slot).collect()
}

impl StoredRig {
    fn load(&self, now: Position) -> RigImage {
        let slots = Slots {
            levels: load_rows(&self.levels, now),
            labels: load_rows(&self.labels, now),
            master: load_rows(&self.master, now).into_values().next(),
            blackout: load_rows(&self.blackout, now).into_values().next(),
            words: load_rows(&self.words, now),
            word_parts: load_rows(&self.word_parts, now),
            made_up: load_rows(&self.made_up, now),
        };
        let mut keyed: Vec<_> = self.keyed.iter().map(|(key, &keyed)| (key.clone(), keyed)).collect();
        keyed.sort_by_key(|(_, keyed)| keyed.position);
        let oldest_key = keyed.first().map(|(_, keyed)| keyed.position);
        let made = if self.position.epoch == now.epoch { self.made } else { Revision(0) };
        let (position, time, digests) = (self.position, self.time, self.digests.clone());
        RigImage { position, time, made, slots, digests, keyed, oldest_key }
    }
}
