//! The words of a rig, and what they stand for.

use std::collections::{BTreeMap, HashMap};

use crate::{Look, Word};

/// The words of a rig with their looks, to be found by name, or as phrases in a text.
///
/// Most words are one word of a text, without punctuation, and are found by themselves. What phrases need is kept for phrases
/// alone: one hash for each length that a phrase with the same first word has, at most 64.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    looks: BTreeMap<Word, Look>,
    /// The words that are not their own phrase, which is the word without punctuation, by their phrase.
    punctuated: HashMap<Box<str>, Vec<Word>>,
    /// By the first word of a phrase of several words: how many phrases have each number of words, the smallest first.
    lengths: HashMap<Box<str>, Vec<(usize, usize)>>,
}

impl Dictionary {
    /// Sets the look of a word. Returns the look that it had.
    pub fn insert(&mut self, word: Word, look: Look) -> Option<Look> {
        let before = self.looks.insert(word.clone(), look);
        if before.is_none() {
            self.count_length(&word);
            let phrase = word.phrase();
            if phrase != word.as_str() {
                self.punctuated.entry(phrase.into()).or_default().push(word);
            }
        }
        before
    }

    /// Removes a word. Returns the look that it had.
    pub fn remove(&mut self, word: &Word) -> Option<Look> {
        let look = self.looks.remove(word)?;
        let phrase = word.phrase();
        if let Some(words) = self.punctuated.get_mut(phrase.as_str()) {
            words.retain(|other| other != word);
            if words.is_empty() {
                self.punctuated.remove(phrase.as_str());
            }
        }
        self.forget_length(word);
        Some(look)
    }

    fn count_length(&mut self, word: &Word) {
        let Some((first, length)) = shape(word) else { return };
        let lengths = self.lengths.entry(first).or_default();
        match lengths.binary_search_by_key(&length, |(length, _)| *length) {
            Ok(at) => lengths[at].1 += 1,
            Err(at) => lengths.insert(at, (length, 1)),
        }
    }

    fn forget_length(&mut self, word: &Word) {
        let Some((first, length)) = shape(word) else { return };
        let Some(lengths) = self.lengths.get_mut(&first) else { return };
        if let Ok(at) = lengths.binary_search_by_key(&length, |(length, _)| *length) {
            lengths[at].1 -= 1;
            if lengths[at].1 == 0 {
                lengths.remove(at);
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

    /// The words with their looks, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Word, &Look)> {
        self.looks.iter()
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
    pub(crate) fn with_phrase(&self, phrase: &str) -> impl Iterator<Item = &Word> {
        let own = self.looks.get_key_value(phrase).map(|(word, _)| word);
        own.into_iter().chain(self.punctuated.get(phrase).into_iter().flatten())
    }

    /// The numbers of words of the phrases that begin with `first`, the longest first; the last is 1.
    pub(crate) fn lengths(&self, first: &str) -> impl Iterator<Item = usize> {
        let phrases = self.lengths.get(first).into_iter().flat_map(|lengths| lengths.iter().rev());
        phrases.map(|(length, _)| *length).chain([1])
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

/// The first word of a phrase, and how many words it has; `None` if it has one.
fn shape(word: &Word) -> Option<(Box<str>, usize)> {
    let mut tokens = word.tokens();
    let first = tokens.next().expect("a word has a letter or a digit");
    let length = 1 + tokens.count();
    (length > 1).then(|| (first.into(), length))
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
        let found: Vec<_> = dictionary.with_phrase("front wash").cloned().collect();
        assert_eq!(found, ["front wash", "front-wash"].map(word));
        dictionary.remove(&word("front wash"));
        assert_eq!(dictionary.lengths("front").collect::<Vec<_>>(), [3, 2, 1]);
        for name in names {
            dictionary.remove(&word(name));
        }
        assert!(dictionary.is_empty() && dictionary.punctuated.is_empty() && dictionary.lengths.is_empty());
        assert_eq!(dictionary.remove(&word("front")), None);
    }
}
