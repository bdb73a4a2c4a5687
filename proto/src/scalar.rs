//! Values and keys in JSON.

use ghostlight_rig::{ItemKey, Level, Scalar};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// The scalar of a JSON value, whose text is known to be well formed.
pub(crate) fn scalar_of(json: &str) -> Scalar<'_> {
    match json.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => Scalar::Number(json.into()),
        Some(b't' | b'f') => Scalar::Flag(json == "true"),
        Some(b'{') => Scalar::Other("an object"),
        Some(b'[') => Scalar::Other("an array"),
        Some(b'"') => serde_json::from_str(json)
            .map_or(Scalar::Other("a broken string"), |text: String| Scalar::Text(text.into())),
        _ => Scalar::Other("null"),
    }
}

/// A scalar as JSON.
pub(crate) struct ScalarText<'a>(pub(crate) Scalar<'a>);

impl Serialize for ScalarText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Scalar::Percent(level) => serialize_level(*level, serializer),
            Scalar::Number(text) => {
                let number = RawValue::from_string(text.to_string()).map_err(serde::ser::Error::custom)?;
                number.serialize(serializer)
            }
            Scalar::Text(text) => text.serialize(serializer),
            Scalar::Flag(is) => is.serialize(serializer),
            Scalar::Other(what) => Err(serde::ser::Error::custom(format_args!("{what} is not a value"))),
        }
    }
}

/// A level as a JSON number, in its shortest form.
fn serialize_level<S: Serializer>(level: Level, serializer: S) -> Result<S::Ok, S::Error> {
    let hundredths = level.hundredths();
    if hundredths.is_multiple_of(100) {
        serializer.serialize_u16(hundredths / 100)
    } else {
        // JSON gets the shortest decimal that reads as the same double. Here, that is the two decimals themselves.
        serializer.serialize_f64(f64::from(hundredths) / 100.0)
    }
}

/// A key as the name of a member.
pub(crate) struct MemberName<'a, Q>(pub(crate) &'a Q);

impl<Q: ItemKey> Serialize for MemberName<'_, Q> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_written_as_it_is_read() {
        for text in ["12.34", "-7", "1e99", "true", "\"x\\\"y\""] {
            assert_eq!(serde_json::to_string(&ScalarText(scalar_of(text))).unwrap(), text);
        }
    }
}
