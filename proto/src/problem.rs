//! Errors over HTTP: problem details (RFC 9457).

use ghostlight_rig::Item;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::code::Code;
use crate::fault::{BadInput, Fault};
use crate::items::ItemsText;

/// A problem detail, sent as `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status code.
    pub status: u16,
    /// The kind of problem, for software.
    pub code: Code,
    /// The kind of problem, in words for people.
    pub title: String,
    /// What was wrong with this request, in words for people.
    pub detail: String,
    /// The bad keys, at most twenty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<BadKey>,
    /// How many more bad keys there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_errors: usize,
    /// The items that had changed, if the change was refused for that: `{"levels": [1, 2], "master": true}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Map<String, Value>>,
    /// What was not understood, if the change was a text of commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_error: Option<TextError>,
}

/// What of a text was not understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextError {
    /// The kind of error, for software: `syntax`, `unknown_name`.
    pub kind: String,
    /// The first byte of the part that was not understood.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    /// The line, from 1.
    pub line: u32,
    /// The column, in characters from 1.
    pub column: u32,
    /// What was found there.
    pub found: String,
    /// What was expected instead; one of these.
    pub expected: Vec<String>,
    /// The known name or keyword that is most like what was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// What may help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The line of the text with the error, and below it a line that points at the error.
    pub underlined: String,
}

/// A bad key, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadKey {
    /// The key, cut to 40 characters.
    pub key: String,
    /// What is wrong with the key or its value.
    pub problem: String,
}

impl From<Fault> for BadKey {
    fn from(Fault { key, problem }: Fault) -> Self {
        Self { key, problem }
    }
}

impl Problem {
    /// A problem of this kind.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let (errors, more_errors, changed, text_error) = Default::default();
        let (status, title) = (code.status(), code.title().to_owned());
        Self { status, code, title, detail: detail.into(), errors, more_errors, changed, text_error }
    }

    /// A text of commands was not understood; `detail` says why in one line.
    pub fn not_understood(detail: impl Into<String>, error: TextError) -> Self {
        Self { text_error: Some(error), ..Self::new(Code::BadInput, detail) }
    }

    /// A conditional change was refused, because these items had changed.
    pub fn changed(items: &[Item]) -> Self {
        let changed = match serde_json::to_value(ItemsText(items)) {
            Ok(Value::Object(items)) => items,
            _ => unreachable!("items are written as an object"),
        };
        let detail = "items of this change have changed after the position in If-Match";
        Self { changed: Some(changed), ..Self::new(Code::Changed, detail) }
    }
}

impl From<BadInput> for Problem {
    fn from(bad: BadInput) -> Self {
        let problem = Self::new(Code::BadInput, bad.to_string());
        match bad {
            BadInput::Form(_) => problem,
            BadInput::Levels { faults, more } => {
                Self { errors: faults.into_iter().map(BadKey::from).collect(), more_errors: more, ..problem }
            }
        }
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use ghostlight_rig::Dimmer;

    use super::*;

    #[test]
    fn a_condition_that_failed_names_what_has_changed() {
        let text = |problem: &Problem| serde_json::to_value(problem).unwrap();
        let changed = text(&Problem::changed(&[Item::Level(Dimmer::MIN), Item::Master]));
        assert_eq!((&changed["status"], &changed["code"]), (&412.into(), &"changed".into()));
        assert_eq!(changed["changed"].to_string(), r#"{"levels":[1],"master":true}"#);
        let other = text(&Problem::new(Code::NotFound, "no such path"));
        assert_eq!((&other["detail"], other.get("changed"), other.get("errors")), (&"no such path".into(), None, None));
    }
}
