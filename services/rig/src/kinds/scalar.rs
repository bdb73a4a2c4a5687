//! Values as text formats write them.

use std::borrow::Cow;
use std::fmt;

use crate::Level;

/// A value as JSON or a database row has it. Formats convert between their own text and scalars; kinds convert between
/// scalars and values. So the core does not depend on a format, and a format does not depend on a kind.
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
    /// Not a scalar; this says what it is instead: `an object`, `an array`, `null`.
    Other(&'static str),
}

impl Scalar<'_> {
    /// The scalar's type, in words for people.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Percent(_) | Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Flag(_) => "true or false",
            Self::Other(what) => what,
        }
    }
}

/// The shortest text of the value, from which a digest is computed.
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
