//! A rig with the changes of a text, as far as it is resolved. Each command sees what those before it have done.

use std::collections::BTreeMap;
use std::rc::Rc;

use ghostlight_rig::{Dimmer, Label, Level, Levels, Update};

use super::labels::phrase_of;
use crate::{Look, View, Word};

/// Dimmers of a rig, in the order of their numbers.
pub(super) struct Found {
    pub(super) dimmers: Vec<Dimmer>,
    /// How many dimmers were examined to find them.
    pub(super) examined: usize,
}

/// What a text has done to the level of a dimmer.
#[derive(Clone, Copy, Debug, Default)]
enum Drafted {
    #[default]
    Untouched,
    Set(Level),
    Forgotten,
}

/// A rig with the changes of a text.
pub(super) struct Draft<'a> {
    view: &'a dyn View,
    /// By the number of the dimmer; as long as the highest number needs.
    levels: Vec<Drafted>,
    /// Labels with their phrases; `None` for those that are removed.
    labels: BTreeMap<Dimmer, Option<(Label, Rc<str>)>>,
    words: BTreeMap<Word, Option<Look>>,
    /// The phrases of `words`.
    phrases: Vec<(String, Word)>,
    master: Option<Level>,
    pub(super) blackout: Option<bool>,
}

impl<'a> Draft<'a> {
    /// A rig without changes.
    pub(super) const fn new(view: &'a dyn View) -> Self {
        Self {
            view,
            levels: Vec::new(),
            labels: BTreeMap::new(),
            words: BTreeMap::new(),
            phrases: Vec::new(),
            master: None,
            blackout: None,
        }
    }

    /// The level of a dimmer; `None` if it has none.
    pub(super) fn level(&self, dimmer: Dimmer) -> Option<Level> {
        match self.drafted(dimmer) {
            Drafted::Untouched => self.view.level(dimmer),
            Drafted::Set(level) => Some(level),
            Drafted::Forgotten => None,
        }
    }

    /// Sets the level of a dimmer; `None` removes it.
    pub(super) fn set_level(&mut self, dimmer: Dimmer, level: Option<Level>) {
        let number = usize::from(dimmer.get());
        if number >= self.levels.len() {
            self.levels.resize(number + 1, Drafted::Untouched);
        }
        self.levels[number] = level.map_or(Drafted::Forgotten, Drafted::Set);
    }

    /// Labels dimmers; `None` removes their labels.
    pub(super) fn set_label(&mut self, dimmers: impl Iterator<Item = Dimmer>, label: Option<&Label>) {
        let label = label.map(|label| (label.clone(), phrase_of(label).into()));
        self.labels.extend(dimmers.map(|dimmer| (dimmer, label.clone())));
    }

    /// How many dimmers the text labels.
    pub(super) fn labels_len(&self) -> usize {
        self.labels.len()
    }

    /// Whether the text sets or removes the label of a dimmer.
    pub(super) fn has_label(&self, dimmer: Dimmer) -> bool {
        self.labels.contains_key(&dimmer)
    }

    /// The dimmers that the text gives a label of this phrase, in the order of their numbers.
    pub(super) fn labelled(&self, phrase: &str) -> impl Iterator<Item = Dimmer> {
        let is_it = move |label: &Option<(Label, Rc<str>)>| label.as_ref().is_some_and(|(_, of)| **of == *phrase);
        self.labels.iter().filter(move |(_, label)| is_it(label)).map(|(dimmer, _)| *dimmer)
    }

    /// What the text makes of a word: `Some(None)` if it deletes it, `None` if it does nothing to it.
    pub(super) fn word(&self, word: &Word) -> Option<Option<&Look>> {
        self.words.get(word).map(Option::as_ref)
    }

    /// Records a word; `None` deletes it.
    pub(super) fn set_word(&mut self, word: Word, look: Option<Look>) {
        if self.words.insert(word.clone(), look).is_none() {
            self.phrases.push((word.phrase(), word));
        }
    }

    /// The words that the text records with this phrase.
    pub(super) fn recorded(&self, phrase: &str) -> impl Iterator<Item = &Word> {
        let with_phrase = self.phrases.iter().filter(move |(of, _)| of == phrase).map(|(_, word)| word);
        with_phrase.filter(|word| self.word(word).flatten().is_some())
    }

    /// The words that the text records, in order.
    pub(super) fn all_recorded(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(|(_, look)| look.is_some()).map(|(word, _)| word)
    }

    /// The grand master.
    pub(super) fn master(&self) -> Level {
        self.master.unwrap_or_else(|| self.view.master())
    }

    /// Sets the grand master.
    pub(super) const fn set_master(&mut self, level: Level) {
        self.master = Some(level);
    }

    /// The dimmers above 0 %.
    pub(super) fn on(&self) -> Found {
        let (mut numbers, mut examined) = (Numbers::default(), 0);
        self.for_each_level(|dimmer, level| {
            examined += 1;
            if level > Level::OUT {
                numbers.insert(dimmer);
            }
        });
        Found { dimmers: numbers.into_dimmers(), examined }
    }

    /// The dimmers that have a level or a label.
    pub(super) fn all(&self) -> Found {
        let mut numbers = Numbers::default();
        self.for_each_level(|dimmer, _| numbers.insert(dimmer));
        let kept = self.view.labels().map(|(dimmer, _)| dimmer).filter(|dimmer| !self.labels.contains_key(dimmer));
        kept.for_each(|dimmer| numbers.insert(dimmer));
        let drafted = self.labels.iter().filter(|(_, label)| label.is_some());
        drafted.for_each(|(dimmer, _)| numbers.insert(*dimmer));
        let dimmers = numbers.into_dimmers();
        Found { examined: dimmers.len(), dimmers }
    }

    /// The changes.
    pub(super) fn into_update(self) -> Update {
        let mut update = Update::from(drafted_levels(&self.levels).collect::<Levels>());
        update.labels =
            self.labels.into_iter().map(|(dimmer, label)| (dimmer, label.map(|(label, _)| label))).collect();
        update.master = self.master;
        update.blackout = self.blackout;
        update.words = self.words;
        update
    }

    fn drafted(&self, dimmer: Dimmer) -> Drafted {
        self.levels.get(usize::from(dimmer.get())).copied().unwrap_or_default()
    }

    fn for_each_level(&self, mut visit: impl FnMut(Dimmer, Level)) {
        for (dimmer, level) in self.view.levels() {
            if matches!(self.drafted(dimmer), Drafted::Untouched) {
                visit(dimmer, level);
            }
        }
        for (dimmer, level) in drafted_levels(&self.levels) {
            level.into_iter().for_each(|level| visit(dimmer, level));
        }
    }
}

/// The levels that a text sets, `None` for those that it removes, in the order of the dimmers.
fn drafted_levels(levels: &[Drafted]) -> impl Iterator<Item = (Dimmer, Option<Level>)> {
    (0..=u16::MAX).zip(levels).filter_map(|(number, drafted)| {
        let level = match drafted {
            Drafted::Untouched => return None,
            Drafted::Set(level) => Some(*level),
            Drafted::Forgotten => None,
        };
        Some((Dimmer::new(number)?, level))
    })
}

/// A set of dimmers, one bit for each number.
#[derive(Default)]
struct Numbers(Vec<u64>);

impl Numbers {
    fn insert(&mut self, dimmer: Dimmer) {
        let (place, bit) = (usize::from(dimmer.get()) / 64, dimmer.get() % 64);
        if place >= self.0.len() {
            self.0.resize(place + 1, 0);
        }
        self.0[place] |= 1 << bit;
    }

    fn into_dimmers(self) -> Vec<Dimmer> {
        let has = |number: &usize| self.0[number / 64] & (1 << (number % 64)) != 0;
        let numbers = (0..self.0.len() * 64).filter(has);
        numbers.filter_map(|number| u16::try_from(number).ok().and_then(Dimmer::new)).collect()
    }
}
