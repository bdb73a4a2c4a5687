//! Values as text formats have them.

use std::borrow::Cow;
use std::fmt;

use crate::Level;

/// A value as JSON or a row of a database has it. Formats turn their own text into one and back; a kind turns one into its
/// value and back. So the core needs no format, and a format knows no kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// A number of percent.
    Percent(Level),
    /// A number, as JSON writes it (RFC 8259, section 6).
    Number(Cow<'a, str>),
    /// A text.
    Text(Cow<'a, str>),
    /// True or false.
    Flag(bool),
    /// Something that is not a scalar, by what it is: `an object`, `an array`, `null`.
    Other(&'static str),
}

impl Scalar<'_> {
    /// What it is, for people.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Percent(_) | Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Flag(_) => "true or false",
            Self::Other(what) => what,
        }
    }
}

/// Its shortest text: what a digest is computed from.
impl fmt::Display for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(level) => level.fmt(f),
            Self::Number(text) | Self::Text(text) => f.write_str(text),
            Self::Flag(is) => is.fmt(f),
            Self::Other(what) => f.write_str(what),
        }
    }
}
