//! Values and keys in JSON.

use std::borrow::Cow;
use std::fmt;

use ghostlight_rig::{ItemKey, Level, Scalar};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Reads the scalar of a JSON value. A number keeps its text.
///
/// # Errors
/// If the text is not one JSON value.
pub fn parse_scalar(json: &str) -> serde_json::Result<Scalar<'_>> {
    serde_json::from_str::<&RawValue>(json).map(|value| scalar_of(value.get()))
}

/// How many objects a value may have inside each other. Each level reads its text again, and takes room on the stack.
const MAX_DEPTH: usize = 3;

/// The scalar of a JSON value, whose text is known to be well formed.
pub(crate) fn scalar_of(json: &str) -> Scalar<'_> {
    scalar_within(MAX_DEPTH, json)
}

fn scalar_within(depth: usize, json: &str) -> Scalar<'_> {
    match json.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => Scalar::Number(json.into()),
        Some(b't' | b'f') => Scalar::Flag(json == "true"),
        Some(b'{') if depth == 0 => Scalar::Other("an object inside others"),
        Some(b'{') => serde_json::from_str(json).map_or(Scalar::Other("a broken object"), |ObjectIn(members)| {
            let members = members.into_iter();
            Scalar::Object(members.map(|(Name(name), value)| (name, scalar_within(depth - 1, value.get()))).collect())
        }),
        Some(b'[') => Scalar::Other("an array"),
        Some(b'"') => serde_json::from_str(json)
            .map_or(Scalar::Other("a broken string"), |text: String| Scalar::Text(text.into())),
        _ => Scalar::Other("null"),
    }
}

/// The members of an object, in the order of the text.
struct ObjectIn<'a>(Vec<(Name<'a>, &'a RawValue)>);

impl<'de> Deserialize<'de> for ObjectIn<'de> {
    fn deserialize<D: Deserializer<'de>>(object: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = ObjectIn<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(ObjectIn(members))
            }
        }
        object.deserialize_map(Members)
    }
}

/// The name of a member, borrowed if it can be.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A scalar as JSON. A number keeps its text. [`Scalar::Other`] cannot be written.
#[derive(Debug)]
pub struct ScalarText<'a>(pub Scalar<'a>);

impl Serialize for ScalarText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ScalarRef(&self.0).serialize(serializer)
    }
}

/// A scalar as JSON, without a copy of what is inside an object.
struct ScalarRef<'a, 'b>(&'b Scalar<'a>);

impl Serialize for ScalarRef<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Scalar::Percent(level) => serialize_level(*level, serializer),
            Scalar::Number(text) => {
                let number = RawValue::from_string(text.to_string()).map_err(serde::ser::Error::custom)?;
                number.serialize(serializer)
            }
            Scalar::Text(text) => text.serialize(serializer),
            Scalar::Flag(is) => is.serialize(serializer),
            Scalar::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, ScalarRef(value))))
            }
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

    fn written(scalar: Scalar<'_>) -> String {
        serde_json::to_string(&ScalarText(scalar)).unwrap()
    }

    #[test]
    fn a_scalar_is_written_as_it_is_read() {
        for (scalar, text) in [
            (Scalar::Number("-12.50e3".into()), "-12.50e3"),
            (Scalar::Number("18446744073709551615".into()), "18446744073709551615"),
            (Scalar::Text("'\"\\ wash \u{1d11e}".into()), "\"'\\\"\\\\ wash \u{1d11e}\""),
            (Scalar::Text("50".into()), "\"50\""),
            (Scalar::Flag(true), "true"),
            (Scalar::Object(Vec::new()), "{}"),
            (
                Scalar::Object(vec![
                    ("b".into(), Scalar::Number("1".into())),
                    ("a\"".into(), Scalar::Object(vec![("a".into(), Scalar::Flag(false))])),
                    ("b".into(), Scalar::Text("2".into())),
                ]),
                r#"{"b":1,"a\"":{"a":false},"b":"2"}"#,
            ),
            (Scalar::Flag(false), "false"),
        ] {
            assert_eq!(parse_scalar(text).unwrap(), scalar);
            assert_eq!(parse_scalar(&format!(" {text}\n")).unwrap(), scalar);
            assert_eq!(written(scalar), text);
        }
        for (hundredths, text) in [(0, "0"), (1, "0.01"), (1_250, "12.5"), (10_000, "100")] {
            assert_eq!(written(Scalar::Percent(Level::from_hundredths(hundredths).unwrap())), text);
        }
    }

    #[test]
    fn what_is_not_a_scalar_is_named() {
        for (text, what) in [("null", "null"), ("[1]", "an array")] {
            assert_eq!(parse_scalar(text).unwrap(), Scalar::Other(what));
            assert!(serde_json::to_string(&ScalarText(Scalar::Other(what))).unwrap_err().to_string().contains(what));
        }
        assert_eq!(parse_scalar(r#""\ud800""#).unwrap(), Scalar::Other("a broken string"));
        let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert_eq!(parse_scalar(&deep(MAX_DEPTH)).unwrap().to_string(), "{a:{a:{a:1}}}");
        assert!(format!("{:?}", parse_scalar(&deep(100_000)).unwrap()).contains("an object inside others"));
        for text in ["", "wash", "050", "\"wash", "1 2"] {
            assert!(parse_scalar(text).is_err(), "{text}");
        }
    }
}
