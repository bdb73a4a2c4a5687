//! Words over HTTP: looks, dictionaries, and texts that are looked up.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use ghostlight_rig::{Dimmer, Kind as _, Level, Look, Word, kinds};
use serde::{Deserialize, Serialize, Serializer};

use crate::fault::{BadInput, Faults, refuse_array};
use crate::members::{LevelsText, parse_items, parse_levels};
use crate::scalar::{MemberName, ScalarText};

/// The most bytes of a text that is looked up.
pub const MAX_LOOKUP_BYTES: usize = 64 << 10;

/// Reads a look: an object of dimmers and levels.
///
/// # Errors
/// [`BadInput`], which names every bad key.
pub fn parse_look(json: &[u8]) -> Result<Look, BadInput> {
    let levels = parse_levels(json)?;
    present(levels, "null removes a level of a rig; a look is set as a whole").map(Look::from_iter)
}

/// Reads a dictionary: an object of words and looks.
///
/// # Errors
/// [`BadInput`], which names every bad key.
pub fn parse_words(json: &[u8]) -> Result<BTreeMap<Word, Look>, BadInput> {
    let update = parse_items::<kinds::words::Words>(json)?;
    present(update.words, "null removes a word; a dictionary has only words with looks").map(BTreeMap::from_iter)
}

/// The members that have a value, if all do.
fn present<K: Display, V>(
    members: BTreeMap<K, Option<V>>,
    problem: &'static str,
) -> Result<impl Iterator<Item = (K, V)>, BadInput> {
    let mut faults = Faults::default();
    members.iter().filter(|(_, value)| value.is_none()).for_each(|(key, _)| faults.add(&key.to_string(), problem));
    faults.none_or(members.into_iter().filter_map(|(key, value)| Some((key, value?))))
}

/// Reads the text in `{"text": "wash blue"}`.
///
/// # Errors
/// [`BadInput`], if it is something else.
pub fn parse_text(json: &[u8]) -> Result<Cow<'_, str>, BadInput> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct TextIn<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
    }
    refuse_array(json)?;
    let TextIn { text } = serde_json::from_slice(json)?;
    Ok(text)
}

/// A look as text.
#[derive(Clone, Copy, Debug)]
pub struct LookText<'a>(pub &'a Look);

impl Serialize for LookText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ScalarText(kinds::words::Words::write(self.0)).serialize(serializer)
    }
}

/// Words with their looks as text.
#[derive(Clone, Debug)]
pub struct WordsText<'a>(pub Vec<(&'a Word, &'a Look)>);

impl Serialize for WordsText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(word, look)| (MemberName(*word), LookText(look))))
    }
}

/// What the words of a text stand for together.
#[derive(Clone, Copy, Debug)]
pub struct LookupText<'a> {
    /// The text that was looked up.
    pub text: &'a str,
    /// The levels of all words that were found.
    pub topics: &'a BTreeMap<Dimmer, Level>,
    /// The words that were not found.
    pub unknown: &'a [String],
}

impl Serialize for LookupText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Out<'a> {
            text: &'a str,
            topics: LevelsText<'a, BTreeMap<Dimmer, Level>>,
            unknown: &'a [String],
        }
        Out { text: self.text, topics: LevelsText(self.topics), unknown: self.unknown }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem<T: std::fmt::Debug>(read: Result<T, BadInput>) -> String {
        read.unwrap_err().to_string()
    }

    #[test]
    fn a_dictionary_is_written_as_it_is_read() {
        let json = r#"{"dark":{},"front wash":{"1":100,"2":12.5}}"#;
        let words = parse_words(json.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&WordsText(words.iter().collect())).unwrap(), json);
        let look = parse_look(br#"{"1": 100, "2": 12.50}"#).unwrap();
        assert_eq!(words.get("front wash"), Some(&look));
    }

    #[test]
    fn every_bad_key_of_a_dictionary_is_named() {
        let json =
            br#"{"Wash": {"1": 1}, "wash": {}, "!": {}, "a": {"0": 1}, "b": 5, "c": {"1": 101}, "d": {"1": null}}"#;
        let told = problem(parse_words(json));
        for (key, why) in [
            ("wash", "comes twice"),
            ("!", "a letter or a digit"),
            ("a", "dimmer \"0\" of the look"),
            ("b", "not a number"),
            ("c", "0 to 100"),
            ("d", "dimmer \"1\" of the look"),
        ] {
            assert!(told.contains(&format!("\"words/{key}\"")) && told.contains(why), "{key}: {told}");
        }
        assert!(problem(parse_words(br#"{"a": null, "b": {}}"#)).contains("\"a\": null removes a word"));
        assert!(problem(parse_look(br#"{"1": null}"#)).contains("a look is set as a whole"));
        for bad in ["", "[]", "7", "{", "{} {}"] {
            assert!(parse_words(bad.as_bytes()).is_err() && parse_look(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_text_is_one_member() {
        assert_eq!(parse_text(br#" {"text": "wash \u0041"}"#).unwrap(), "wash A");
        for bad in ["", "\"wash\"", "{}", r#"["wash"]"#, r#"{"text":7}"#, r#"{"text":"a","txt":"b"}"#] {
            assert!(parse_text(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
