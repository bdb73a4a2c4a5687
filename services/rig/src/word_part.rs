//! The parts of a dictionary that is being uploaded.

use std::fmt;
use std::sync::Arc;

use crate::{Digest, Look, Word};

/// The place of a part in its upload: 0 to 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartNumber(u8);

impl PartNumber {
    /// How many parts an upload has at most.
    pub const COUNT: u8 = 128;

    /// The place, if there is such a place.
    pub fn new(number: u8) -> Option<Self> {
        (number < Self::COUNT).then_some(Self(number))
    }

    /// The place of a text, in its only spelling.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().and_then(Self::new).filter(|number| number.to_string() == text)
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A part of a dictionary that is being uploaded. A clone shares the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordPart {
    /// The digest of all words of the upload.
    pub upload: Digest,
    /// The words of this part, in order.
    pub words: Arc<[(Word, Look)]>,
}
