//! Errors over HTTP: problem details (RFC 9457).

use ghostlight_rig::Item;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::{BadInput, Fault};
use crate::items::ItemsText;

/// A problem detail, sent as `application/problem+json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status code.
    pub status: u16,
    /// A short word for the kind of problem, the same one that WebSocket errors carry: what software looks at.
    pub code: String,
    /// What kind of problem it is, for people.
    pub title: String,
    /// What was wrong this time, for people.
    pub detail: String,
    /// Every bad key, up to twenty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<BadKey>,
    /// How many more bad keys there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_errors: usize,
    /// The items that had changed, when that is why a change was refused: `{"levels": [1, 2], "master": true}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Map<String, Value>>,
}

/// A bad key, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadKey {
    /// The key.
    pub key: String,
    /// What is wrong with it or its value.
    pub problem: String,
}

impl From<Fault> for BadKey {
    fn from(Fault { key, problem }: Fault) -> Self {
        Self { key, problem }
    }
}

impl From<BadInput> for Problem {
    fn from(bad: BadInput) -> Self {
        let detail = bad.to_string();
        let (errors, more_errors) = match bad {
            BadInput::Form(_) => (Vec::new(), 0),
            BadInput::Levels { faults, more } => (faults.into_iter().map(BadKey::from).collect(), more),
        };
        let title = "The change was refused; nothing happened".to_owned();
        Self { status: 400, code: "bad_input".to_owned(), title, detail, errors, more_errors, ..Self::default() }
    }
}

/// Items as a member of a problem.
pub fn changed_items(items: &[Item]) -> Map<String, Value> {
    match serde_json::to_value(ItemsText(items)) {
        Ok(Value::Object(items)) => items,
        _ => unreachable!("items are written as an object"),
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}
