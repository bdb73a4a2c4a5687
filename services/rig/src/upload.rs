//! A whole dictionary at once: its parts, and the change that makes them the words of a rig.
//!
//! A dictionary is larger than a message may be. So it comes in parts, each an item of its own, which change no word. Then one
//! small change makes exactly these parts the words of the rig, at one position. An upload is known by the digest of its words:
//! if parts of another upload have taken the place of its own, the change is refused, and nothing is ever mixed.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::kinds::{Kind as _, words::Words};
use crate::{Digest, Item, LogTime, Look, PartNumber, RigMap, Update, Word, WordPart};

/// Parts that nobody has made the words of their rig for so long are forgotten, with the rig's next entry, in nanoseconds.
const PARTS_HOLD: u64 = 60_000_000_000;

/// A dictionary that is made the words of a rig.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Upload {
    /// The digest of all its words.
    pub digest: Digest,
    /// How many parts it has.
    pub parts: u8,
}

impl Upload {
    /// Splits words into parts of about this many bytes, as [`Words`] counts them. `None` if there are too many parts.
    pub fn split(words: impl IntoIterator<Item = (Word, Look)>, bytes: usize) -> Option<(Self, Vec<Update>)> {
        let (mut digest, mut parts, mut room) = (Digest::default(), Vec::<Vec<_>>::new(), 0);
        for (word, look) in words {
            digest += Words::digest(&word, &look);
            let size = Words::bytes(&word, &look);
            if size > room {
                parts.push(Vec::new());
                room = bytes.max(size);
            }
            room -= size;
            parts.last_mut().expect("there is one with room").push((word, look));
        }
        let upload =
            Self { digest, parts: u8::try_from(parts.len()).ok().filter(|parts| *parts <= PartNumber::COUNT)? };
        let update = |(number, words): (PartNumber, Vec<_>)| Update {
            word_parts: [(number, Some(WordPart { upload: digest, words: words.into() }))].into(),
            ..Update::default()
        };
        Some((upload, upload.places().zip(parts).map(update).collect()))
    }

    /// The places of the parts.
    fn places(self) -> impl Iterator<Item = PartNumber> {
        (0..self.parts).filter_map(PartNumber::new)
    }
}

impl RigMap {
    /// The update that makes an upload the words of the rig, and forgets its parts.
    ///
    /// # Errors
    /// The parts that are missing, or are not of this upload.
    pub(crate) fn made_current(&self, upload: Upload) -> Result<Update, Vec<Item>> {
        let part = |place: PartNumber| self.slots().word_parts.get(&place).and_then(|slot| slot.value.as_ref());
        let is_missing = |place: &PartNumber| part(*place).is_none_or(|part| part.upload != upload.digest);
        let missing: Vec<_> = upload.places().filter(is_missing).map(Item::WordPart).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let parts = upload.places().filter_map(part);
        let words: BTreeMap<&Word, &Look> =
            parts.flat_map(|part| part.words.iter().map(|(word, look)| (word, look))).collect();
        let mut digest = Digest::default();
        words.iter().for_each(|(word, look)| digest += Words::digest(word, look));
        if digest != upload.digest {
            return Err(upload.places().map(Item::WordPart).collect());
        }
        Ok(self.words_replaced_by(&words))
    }

    /// The update that leaves these words and no parts.
    fn words_replaced_by(&self, words: &BTreeMap<&Word, &Look>) -> Update {
        // Both are in the order of the words, so that none has to be looked up.
        let held = self.slots().words.iter().filter_map(|(word, slot)| Some((word, slot.value.as_ref()?)));
        let (mut held, mut wanted) = (held.peekable(), words.iter().peekable());
        let mut changes = Vec::new();
        loop {
            let order = match (held.peek(), wanted.peek()) {
                (Some((held, _)), Some((wanted, _))) => (*held).cmp(*wanted),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let before = if order.is_le() { held.next() } else { None };
            let after = if order.is_ge() { wanted.next() } else { None };
            match (before, after) {
                (Some((word, _)), None) => changes.push((word.clone(), None)),
                (before, Some((word, look))) if before.is_none_or(|(_, before)| before != *look) => {
                    changes.push(((*word).clone(), Some((*look).clone())));
                }
                _ => {}
            }
        }
        let parts = self.slots().word_parts.iter().filter(|(_, slot)| slot.value.is_some());
        Update {
            words: changes.into_iter().collect(),
            word_parts: parts.map(|(place, _)| (*place, None)).collect(),
            ..Update::default()
        }
    }

    /// The update that forgets the parts which nobody has made current in time; `None` if there are none.
    pub(crate) fn without_old_parts(&self, now: LogTime) -> Option<Update> {
        let parts = self.slots().word_parts.iter();
        let old =
            parts.filter(|(_, slot)| slot.value.is_some() && slot.changed.at.0.saturating_add(PARTS_HOLD) < now.0);
        let old: BTreeMap<_, _> = old.map(|(place, _)| (*place, None)).collect();
        (!old.is_empty()).then(|| Update { word_parts: old, ..Update::default() })
    }
}
