//! Values as text formats write them.

use std::borrow::Cow;
use std::fmt;

use crate::{Level, LevelError};

/// A value as JSON or a database row has it; usually one scalar. Formats convert between their own text and scalars; kinds
/// convert between scalars and values. So the core does not depend on a format, and a format does not depend on a kind.
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
    /// An object: names and values, in the order of the text. A name may come twice.
    Object(Vec<(Cow<'a, str>, Self)>),
    /// Not a value; this says what it is instead: `an array`, `null`.
    Other(&'static str),
}

impl Scalar<'_> {
    /// The scalar's type, in words for people.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Percent(_) | Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Flag(_) => "true or false",
            Self::Object(_) => "an object",
            Self::Other(what) => what,
        }
    }

    /// The level that the scalar stands for.
    ///
    /// # Errors
    /// [`LevelError`] if it is not a number, or not in 0 to 100.
    pub fn level(&self) -> Result<Level, LevelError> {
        match self {
            Self::Percent(level) => Ok(*level),
            Self::Number(text) => Level::parse(text),
            other => Err(LevelError::NotANumber(other.what())),
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
            Self::Object(members) => {
                f.write_str("{")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{name}:{value}")?;
                }
                f.write_str("}")
            }
            Self::Other(what) => f.write_str(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_stands_for_a_level() {
        assert_eq!(Scalar::Percent(Level::FULL).level(), Ok(Level::FULL));
        assert_eq!(Scalar::Number("1e2".into()).level(), Ok(Level::FULL));
        assert_eq!(Scalar::Number("101".into()).level(), Err(LevelError::OutOfRange));
        for (scalar, what) in [
            (Scalar::Text("50".into()), "a string"),
            (Scalar::Flag(true), "true or false"),
            (Scalar::Object(Vec::new()), "an object"),
            (Scalar::Other("null"), "null"),
        ] {
            assert_eq!(scalar.level(), Err(LevelError::NotANumber(what)), "{scalar:?}");
        }
    }
}
