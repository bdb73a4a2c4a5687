//! Values as JSON text, which is how a row stores the value of an item.

use std::fmt::Display;

use ghostlight_rig::Scalar;
use serde_json::Value;

/// The JSON text of a value.
pub(crate) fn to_json(scalar: &Scalar<'_>) -> String {
    match scalar {
        Scalar::Percent(level) => level.to_string(),
        Scalar::Number(number) => number.as_ref().to_owned(),
        Scalar::Text(text) => serde_json::to_string(text).expect("a text is always JSON"),
        Scalar::Flag(is) => is.to_string(),
        Scalar::Other(what) => unreachable!("a kind writes a scalar, not {what}"),
    }
}

/// The value of a JSON text. A number keeps its text.
///
/// # Errors
/// What is wrong with the text, in words for people.
pub(crate) fn from_json(text: &str) -> Result<Scalar<'_>, String> {
    let not_json = |error: &dyn Display| format!("its value {text:?} is not JSON: {error}");
    Ok(match serde_json::from_str(text).map_err(|error| not_json(&error))? {
        Value::Number(_) => Scalar::Number(text.trim().into()),
        Value::String(text) => Scalar::Text(text.into()),
        Value::Bool(is) => Scalar::Flag(is),
        Value::Object(_) => Scalar::Other("an object"),
        Value::Array(_) => Scalar::Other("an array"),
        Value::Null => Scalar::Other("null"),
    })
}

#[cfg(test)]
mod tests {
    use ghostlight_rig::Level;

    use super::*;

    #[test]
    fn a_value_is_written_as_json_and_read_back() {
        for (scalar, text) in [
            (Scalar::Number("-12.50e3".into()), "-12.50e3"),
            (Scalar::Number("18446744073709551615".into()), "18446744073709551615"),
            (Scalar::Text("'\"\\ wash \u{1d11e}".into()), "\"'\\\"\\\\ wash \u{1d11e}\""),
            (Scalar::Text("50".into()), "\"50\""),
            (Scalar::Flag(true), "true"),
            (Scalar::Flag(false), "false"),
        ] {
            assert_eq!(to_json(&scalar), text);
            assert_eq!(from_json(text), Ok(scalar));
        }
        assert_eq!(to_json(&Scalar::Percent(Level::from_hundredths(1_250).unwrap())), "12.5");
    }

    #[test]
    fn what_is_not_a_scalar_is_named() {
        for (text, what) in [("null", "null"), ("[1]", "an array"), ("{\"a\":1}", "an object")] {
            assert_eq!(from_json(text), Ok(Scalar::Other(what)));
        }
        for text in ["", "wash", "050", "\"wash", "1 2"] {
            assert!(from_json(text).unwrap_err().contains("is not JSON"), "{text}");
        }
    }
}
