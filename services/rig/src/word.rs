//! The names of looks.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// The most characters of a word.
pub const MAX_WORD_CHARS: usize = 64;

/// The name of a look: 1 to 64 characters, in NFC (UAX #15) and case-folded (Unicode, D145). It may be a phrase, such as
/// `front wash`. White space at its ends is dropped, and other white space is one space. It has no control characters,
/// and at least one letter or digit, because punctuation is not looked up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(Arc<str>);

/// Why a text is not a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// Longer than 64 characters.
    #[error("a word is at most {MAX_WORD_CHARS} characters long")]
    TooLong,
    /// No letter and no digit.
    #[error("a word has a letter or a digit")]
    NoLetter,
    /// A control character, such as a tab in a log line.
    #[error("a word has no control characters")]
    Control,
}

impl WordError {
    /// What a word has to be, for people.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::TooLong => "a name of at most 64 characters",
            Self::NoLetter => "a name with a letter or a digit",
            Self::Control => "a name without control characters",
        }
    }
}

impl Word {
    /// The word of a text.
    ///
    /// # Errors
    /// [`WordError`], if the text is not a word.
    pub fn new(text: &str) -> Result<Self, WordError> {
        // Folding can make four characters of one, and NFC one of several; white space is dropped before.
        if text.len() > 64 * MAX_WORD_CHARS {
            return Err(WordError::TooLong);
        }
        if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            return Err(WordError::Control);
        }
        let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let folded = fold(&spaced);
        if folded.chars().count() > MAX_WORD_CHARS {
            return Err(WordError::TooLong);
        }
        if tokens(&folded).next().is_none() {
            return Err(WordError::NoLetter);
        }
        Ok(Self(folded.as_ref().into()))
    }

    /// The word as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The words of the phrase, apart from punctuation (UAX #29), with one space between them.
    pub fn phrase(&self) -> String {
        phrase(&self.0)
    }

    /// The words of the phrase, apart from punctuation (UAX #29).
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        tokens(&self.0)
    }
}

impl Borrow<str> for Word {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text in NFC and case-folded, so that folding it once more changes nothing.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let is_folded = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        return if is_folded { text.into() } else { text.to_ascii_lowercase().into() };
    }
    // NFD first, because of U+0345: Unicode, section 3.13, D145.
    text.nfd().default_case_fold().nfc().collect::<String>().into()
}

/// The words of a folded text, apart from punctuation (UAX #29), with one space between them.
pub fn phrase(folded: &str) -> String {
    if is_plain_phrase(folded) {
        return folded.to_owned();
    }
    let mut phrase = String::with_capacity(folded.len());
    for token in tokens(folded) {
        if !phrase.is_empty() {
            phrase.push(' ');
        }
        phrase.push_str(token);
    }
    phrase
}

/// Whether a text is ASCII letters and digits with one space between words, as most are. It is its own phrase.
pub fn is_plain_phrase(text: &str) -> bool {
    let is_plain = |pair: &[u8]| pair[1].is_ascii_alphanumeric() || (pair[1] == b' ' && pair[0] != b' ');
    let ends = (text.as_bytes().first(), text.as_bytes().last());
    matches!(ends, (Some(first), Some(last)) if first.is_ascii_alphanumeric() && *last != b' ')
        && text.as_bytes().windows(2).all(is_plain)
}

/// The words of a text, apart from punctuation and white space (UAX #29).
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.unicode_words()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word(text: &str) -> Word {
        Word::new(text).unwrap()
    }

    #[test]
    fn one_word_has_many_spellings() {
        for (text, same) in [
            ("Wash", "wash"),
            ("  Front \u{a0} WASH\t", "front wash"),
            ("Straße", "STRASSE"),
            ("Bu\u{308}hne", "BÜHNE"),
            ("Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
            ("ﬁll", "FILL"),
        ] {
            assert_eq!(word(text), word(same), "{text:?}");
        }
        assert_ne!(word("fond"), word("fönd"));
        assert_ne!(word("front-wash"), word("front wash"));
    }

    /// So `language.js` folds, because a browser has no case folding of its own. Newer scripts are in one version of Unicode and
    /// not in another.
    #[test]
    fn folding_is_by_way_of_capitals() {
        let is_other = |c: &char| *c == 'ı' || matches!(c, '\u{13a0}'..='\u{13fd}');
        for c in ('\0'..'\u{2c00}').filter(|c| !is_other(c)) {
            let text = c.to_string();
            let small = text.nfd().flat_map(char::to_lowercase);
            let folded: String = small.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect();
            assert_eq!(fold(&text), folded, "{c:?}");
        }
    }

    #[test]
    fn a_word_is_1_to_64_characters() {
        assert_eq!(word(&"ä".repeat(64)).as_str().chars().count(), 64);
        assert_eq!(Word::new(&"ä".repeat(65)), Err(WordError::TooLong));
        assert_eq!(
            Word::new(&"a\u{308}".repeat(64)).map(|word| word.as_str().chars().count()),
            Ok(64),
            "as NFC counts"
        );
        assert_eq!(Word::new(&"ß".repeat(33)), Err(WordError::TooLong), "as folding counts");
        for empty in ["", "   ", "!?", "-"] {
            assert_eq!(Word::new(empty), Err(WordError::NoLetter), "{empty:?}");
        }
        assert_eq!(Word::new("a\u{7}b"), Err(WordError::Control));
    }

    #[test]
    fn punctuation_is_no_part_of_a_phrase() {
        assert_eq!(word("front-of-house, left!").phrase(), "front of house left");
        assert_eq!(word("l'avant 2.5").phrase(), "l'avant 2.5");
        assert_eq!(word("前灯").phrase(), "前 灯");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
        }

        #[test]
        fn a_plain_phrase_is_the_words_of_its_text(text in "[a-z0-9 _.-]{0,6}") {
            prop_assert_eq!(phrase(&text), tokens(&text).collect::<Vec<_>>().join(" "));
        }

        #[test]
        fn a_word_is_the_word_of_its_text(text in "\\PC{0,80}") {
            if let Ok(word) = Word::new(&text) {
                prop_assert_eq!(Word::new(word.as_str()), Ok(word));
            }
        }
    }
}
