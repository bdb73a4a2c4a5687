//! The words in a text of any kind.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use ghostlight_rig::word::fold;
use ghostlight_rig::{Dimmer, Level};
use unicode_segmentation::UnicodeSegmentation;

use crate::{Dictionary, Look, Word};

/// What a text says to a dictionary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookup {
    /// The words that were found, each once, in the order of the text.
    pub topics: Vec<Word>,
    /// The words that the dictionary does not have, each once, in the order of the text, case-folded.
    pub unknown: Vec<String>,
    /// The levels of all topics: for each dimmer the highest.
    pub levels: BTreeMap<Dimmer, Level>,
}

/// Finds the words of a text, and their levels together: for each dimmer the highest (HTP).
///
/// The text is split into words by UAX #29, apart from punctuation. At each place the longest phrase counts, and the
/// search goes on after it. Takes time in proportion to the text, and any text.
pub fn lookup(text: &str, dictionary: &Dictionary) -> Lookup {
    let folded = fold(text);
    let tokens: Vec<&str> = folded.unicode_words().collect();
    let mut lookup = Lookup::default();
    let (mut seen, mut seen_unknown) = (HashSet::new(), HashSet::new());
    let mut at = 0;
    while let Some(first) = tokens.get(at) {
        let (words, length) = longest(&tokens[at..], dictionary);
        if words.is_empty() && seen_unknown.insert(*first) {
            lookup.unknown.push((*first).to_owned());
        }
        for word in words {
            if seen.insert(word) {
                lookup.add(word, dictionary);
            }
        }
        at += length;
    }
    lookup
}

/// The words with the longest phrase at the start of the tokens, and how many tokens it has. No words and one token, if
/// there is none.
fn longest<'a>(tokens: &[&str], dictionary: &'a Dictionary) -> (Vec<&'a Word>, usize) {
    for length in dictionary.lengths(tokens[0]).filter(|&length| length <= tokens.len()) {
        let phrase = if length == 1 { Cow::from(tokens[0]) } else { tokens[..length].join(" ").into() };
        let words: Vec<_> = dictionary.with_phrase(&phrase).collect();
        if !words.is_empty() {
            return (words, length);
        }
    }
    (Vec::new(), 1)
}

impl Lookup {
    fn add(&mut self, word: &Word, dictionary: &Dictionary) {
        self.topics.push(word.clone());
        for (dimmer, level) in dictionary.look(word).into_iter().flat_map(Look::iter) {
            let highest = self.levels.entry(dimmer).or_default();
            *highest = level.max(*highest);
        }
    }
}
