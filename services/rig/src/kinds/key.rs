//! The keys of items.

use std::fmt::{Debug, Display};

use crate::{Dimmer, ItemName, PartNumber, Word};

/// The key that distinguishes the items of a kind. Its `Display` is its only spelling.
pub trait ItemKey: Clone + Ord + Debug + Display + Send + Sync + 'static {
    /// The key's name for people: `dimmer`.
    const NOUN: &'static str;

    /// Whether JSON writes a list of keys as numbers.
    const IS_NUMBER: bool;

    /// The key with this spelling.
    ///
    /// # Errors
    /// What is wrong with the text, in words for people.
    fn read(text: &str) -> Result<Self, String>;
}

/// The key of a kind that has one item: empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoKey;

impl Display for NoKey {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl ItemKey for NoKey {
    const NOUN: &'static str = "key";
    const IS_NUMBER: bool = false;

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(Self) } else { Err("a rig has one item of this kind, without a key".to_owned()) }
    }
}

impl ItemKey for Dimmer {
    const NOUN: &'static str = "dimmer";
    const IS_NUMBER: bool = true;

    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text)
            .ok_or_else(|| "a dimmer is a whole number, 1 to 65535, without sign, space or leading zero".to_owned())
    }
}

impl ItemKey for ItemName {
    const NOUN: &'static str = "name";
    const IS_NUMBER: bool = false;

    fn read(text: &str) -> Result<Self, String> {
        Self::new(text).map_err(|error| error.to_string())
    }
}

/// A word is read in any of its spellings, and written in its folded one.
impl ItemKey for Word {
    const NOUN: &'static str = "word";
    const IS_NUMBER: bool = false;

    fn read(text: &str) -> Result<Self, String> {
        Self::new(text).map_err(|error| error.to_string())
    }
}

impl ItemKey for PartNumber {
    const NOUN: &'static str = "part";
    const IS_NUMBER: bool = true;

    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("a part of a dictionary is a whole number below {}", Self::COUNT))
    }
}
