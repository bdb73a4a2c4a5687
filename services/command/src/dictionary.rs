//! The words of a rig, and what they stand for.

use std::collections::{BTreeMap, HashMap};

use ghostlight_rig::{Dimmer, Level};

use crate::Word;

/// What a word stands for: levels of dimmers.
pub type Look = BTreeMap<Dimmer, Level>;

/// The words of a rig with their looks, to be found by name, or as phrases in a text.
///
/// A phrase is found by one hash of its text. So the number of words hardly matters: a place in a text costs one hash for
/// each length that a phrase with the same first word has, at most 64.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    looks: BTreeMap<Word, Look>,
    /// The words by their phrase, which is the word without punctuation.
    by_phrase: HashMap<Box<str>, Vec<Word>>,
    /// By the first word of a phrase: how many phrases have each number of words.
    lengths: HashMap<Box<str>, BTreeMap<usize, usize>>,
}

impl Dictionary {
    /// Sets the look of a word. Returns the look that it had.
    pub fn insert(&mut self, word: Word, look: Look) -> Option<Look> {
        let before = self.looks.insert(word.clone(), look);
        if before.is_none() {
            let (first, length) = shape(&word);
            *self.lengths.entry(first).or_default().entry(length).or_default() += 1;
            self.by_phrase.entry(word.phrase().into()).or_default().push(word);
        }
        before
    }

    /// Removes a word. Returns the look that it had.
    pub fn remove(&mut self, word: &Word) -> Option<Look> {
        let look = self.looks.remove(word)?;
        let phrase = word.phrase();
        if let Some(words) = self.by_phrase.get_mut(phrase.as_str()) {
            words.retain(|other| other != word);
            if words.is_empty() {
                self.by_phrase.remove(phrase.as_str());
            }
        }
        self.forget_length(word);
        Some(look)
    }

    fn forget_length(&mut self, word: &Word) {
        let (first, length) = shape(word);
        let Some(lengths) = self.lengths.get_mut(&first) else { return };
        if let Some(count) = lengths.get_mut(&length) {
            *count -= 1;
            if *count == 0 {
                lengths.remove(&length);
            }
        }
        if lengths.is_empty() {
            self.lengths.remove(&first);
        }
    }

    /// The look of a word.
    pub fn look(&self, word: &Word) -> Option<&Look> {
        self.looks.get(word)
    }

    /// The words, in order.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.looks.keys()
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.looks.len()
    }

    /// Whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.looks.is_empty()
    }

    /// The words with this phrase. They differ in punctuation alone.
    pub(crate) fn with_phrase(&self, phrase: &str) -> &[Word] {
        self.by_phrase.get(phrase).map_or(&[], Vec::as_slice)
    }

    /// The numbers of words of the phrases that begin with `first`, the longest first.
    pub(crate) fn lengths(&self, first: &str) -> impl Iterator<Item = usize> {
        self.lengths.get(first).into_iter().flat_map(|lengths| lengths.keys().rev().copied())
    }
}

impl FromIterator<(Word, Look)> for Dictionary {
    fn from_iter<T: IntoIterator<Item = (Word, Look)>>(words: T) -> Self {
        let mut dictionary = Self::default();
        for (word, look) in words {
            dictionary.insert(word, look);
        }
        dictionary
    }
}

/// The first word of a phrase, and how many words it has.
fn shape(word: &Word) -> (Box<str>, usize) {
    let mut tokens = word.tokens();
    let first = tokens.next().expect("a word has a letter or a digit");
    (first.into(), 1 + tokens.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        Word::new(text).unwrap()
    }

    #[test]
    fn what_is_removed_leaves_no_trace() {
        let mut dictionary = Dictionary::default();
        let names = ["front wash", "front-wash", "front", "front of house"];
        for name in names {
            assert_eq!(dictionary.insert(word(name), Look::new()), None);
        }
        assert_eq!(dictionary.insert(word("front"), Look::new()), Some(Look::new()));
        assert_eq!(dictionary.lengths("front").collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(dictionary.with_phrase("front wash"), ["front wash", "front-wash"].map(word));
        dictionary.remove(&word("front wash"));
        assert_eq!(dictionary.lengths("front").collect::<Vec<_>>(), [3, 2, 1]);
        for name in names {
            dictionary.remove(&word(name));
        }
        assert!(dictionary.is_empty() && dictionary.by_phrase.is_empty() && dictionary.lengths.is_empty());
        assert_eq!(dictionary.remove(&word("front")), None);
    }
}
