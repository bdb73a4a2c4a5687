//! Texts of commands over HTTP: what is said, and how it was understood.

use std::borrow::Cow;

use ghostlight_rig::{Position, Update};
use serde::{Deserialize, Serialize, Serializer};

use crate::fault::{BadInput, refuse_array};
use crate::members::ChangeText;

/// A text of commands, as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say<'a> {
    /// The text.
    #[serde(borrow)]
    pub text: Cow<'a, str>,
    /// The text form of the client's last selection, which the client keeps: `1-10,20-12/2`.
    #[serde(default)]
    pub selection: Option<String>,
    /// Whether the text is only to be understood, and nothing to be changed.
    #[serde(default)]
    pub dry_run: bool,
}

impl<'a> Say<'a> {
    /// Reads `{"text": "wash at 50", "selection"?: "1-10", "dry_run"?: true}`.
    ///
    /// # Errors
    /// [`BadInput`], if it is something else.
    pub fn parse(json: &'a [u8]) -> Result<Self, BadInput> {
        refuse_array(json)?;
        Ok(serde_json::from_slice(json)?)
    }
}

/// How a text was understood, and what it changed.
#[derive(Clone, Copy, Debug)]
pub struct SayAnswer<'a> {
    /// The text.
    pub text: &'a str,
    /// The canonical text of what was understood.
    pub understood: &'a str,
    /// What was changed; `None` if the text was a repeat, whose values are those of the first time.
    pub changes: Option<&'a Update>,
    /// The text form of the selection that the client is to keep; `None` if the text selected nothing.
    pub selection: Option<&'a str>,
    /// What whoever wrote the text should know.
    pub notes: &'a [String],
    /// Where the change stands, or the map that a dry run was understood against.
    pub position: Position,
    /// Whether nothing was changed, because that was asked for.
    pub dry_run: bool,
}

impl Serialize for SayAnswer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Out<'a> {
            text: &'a str,
            understood: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            changes: Option<ChangeText<'a>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            selection: Option<&'a str>,
            notes: &'a [String],
            position: String,
            dry_run: bool,
        }
        let Self { text, understood, selection, notes, dry_run, .. } = *self;
        let (changes, position) = (self.changes.map(ChangeText), self.position.to_string());
        Out { text, understood, changes, selection, notes, position, dry_run }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_said_with_the_last_selection_or_without() {
        let said = Say { text: "full".into(), selection: None, dry_run: false };
        assert_eq!(Say::parse(br#"{"text": "full"}"#), Ok(said.clone()));
        let json = br#"{"text": "full", "selection": "1-3", "dry_run": true}"#;
        assert_eq!(Say::parse(json), Ok(Say { selection: Some("1-3".to_owned()), dry_run: true, ..said }));
        for bad in ["", "[]", "{}", r#"["full"]"#, r#"{"text":7}"#, r#"{"text":"a","dryrun":true}"#] {
            assert!(Say::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
