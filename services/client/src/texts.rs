//! Requests to a gateway over HTTP: texts of commands, look-ups and words.

use std::collections::BTreeMap;

use bytes::Bytes;
use ghostlight_proto::{LookText, WordsText, parse_levels, parse_position, parse_update, parse_words};
use ghostlight_rig::{Dimmer, Key, Level, Look, Position, RigName, Update, Word};
use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::{Api, ApiError};

/// How a text is said.
#[derive(Clone, Debug, Default)]
pub struct Saying {
    /// What a command without a selection means: the [`selection`](Said::selection) of the last answer. The server keeps none.
    pub selection: Option<String>,
    /// Only to tell what the text would change.
    pub dry_run: bool,
    /// The text is done once: a repeat under the same key gets the first answer again.
    pub idempotency_key: Option<Key>,
}

/// How a text was understood, and what it changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The canonical text of what was understood.
    pub understood: String,
    /// What was changed; `None` if the text was a repeat.
    pub changes: Option<Update>,
    /// The selection to send with the next text; `None` if the text selected nothing.
    pub selection: Option<String>,
    /// What whoever wrote the text should know.
    pub notes: Vec<String>,
    /// Where the change stands, or the map that a dry run was understood against.
    pub position: Position,
    /// The whole answer, as the server writes it.
    pub json: Bytes,
}

/// What the words of a text stand for together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// For each dimmer the highest level of all words that were found.
    pub levels: BTreeMap<Dimmer, Level>,
    /// The words that were not found.
    pub unknown: Vec<String>,
}

impl Api {
    /// Changes a rig by a text of commands. `undo` takes back the last change under this name.
    ///
    /// # Errors
    /// [`ApiError`]; [`Problem::text_error`](ghostlight_proto::Problem::text_error) of a refusal has the place in the text.
    pub async fn say(&self, rig: &RigName, text: &str, saying: &Saying) -> Result<Said, ApiError> {
        #[derive(Deserialize)]
        struct Answer<'a> {
            understood: String,
            #[serde(borrow)]
            changes: Option<&'a RawValue>,
            selection: Option<String>,
            notes: Vec<String>,
            position: String,
        }
        let body = json!({"text": text, "selection": saying.selection, "dry_run": saying.dry_run}).to_string();
        let request = self.request(Method::POST, &format!("/v1/rigs/{rig}/say"));
        let request = match &saying.idempotency_key {
            Some(key) => request.header("idempotency-key", key.as_str()),
            None => request,
        };
        let answer = self.ask(request, body.into()).await?;
        let Answer { understood, changes, selection, notes, position } =
            serde_json::from_slice(&answer.json).map_err(|error| self.strange(&error))?;
        let changes = changes.map(|changes| parse_update(changes.get().as_bytes())).transpose();
        let changes = changes.map_err(|error| self.strange(&error))?;
        let position = parse_position(&position).ok_or_else(|| self.strange(&"its position is not one"))?;
        Ok(Said { understood, changes, selection, notes, position, json: answer.json })
    }

    /// Looks up the words of a text. Nothing changes.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn lookup(&self, rig: &RigName, text: &str) -> Result<Found, ApiError> {
        #[derive(Deserialize)]
        struct Answer<'a> {
            #[serde(borrow)]
            topics: &'a RawValue,
            unknown: Vec<String>,
        }
        let body = json!({"text": text}).to_string();
        let answer = self.call(Method::POST, &format!("/v1/rigs/{rig}/lookup"), body).await?;
        let Answer { topics, unknown } = serde_json::from_slice(&answer.json).map_err(|error| self.strange(&error))?;
        let levels = parse_levels(topics.get().as_bytes()).map_err(|error| self.strange(&error))?;
        let levels = levels.into_iter().filter_map(|(dimmer, level)| Some((dimmer, level?))).collect();
        Ok(Found { levels, unknown })
    }

    /// The words of a rig that begin with this prefix, and their looks; of an empty prefix, all words.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn words(&self, rig: &RigName, prefix: &str) -> Result<BTreeMap<Word, Look>, ApiError> {
        let path = format!("{}?prefix={}", words_path(rig), encoded(prefix));
        let answer = self.call(Method::GET, &path, Bytes::new()).await?;
        parse_words(&answer.json).map_err(|error| self.strange(&error))
    }

    /// Sets the look of a word.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn set_word(&self, rig: &RigName, word: &Word, look: &Look) -> Result<(), ApiError> {
        let body = serde_json::to_vec(&LookText(look)).expect("a look is JSON");
        self.call(Method::PUT, &word_path(rig, word), body).await.map(drop)
    }

    /// Removes a word, if there is one.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_word(&self, rig: &RigName, word: &Word) -> Result<(), ApiError> {
        self.call(Method::DELETE, &word_path(rig, word), Bytes::new()).await.map(drop)
    }

    /// Makes these the words of a rig, all at once. Others are removed.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn set_words(&self, rig: &RigName, words: &BTreeMap<Word, Look>) -> Result<(), ApiError> {
        let body = serde_json::to_vec(&WordsText(words.iter().collect())).expect("words are JSON");
        self.call(Method::PUT, &words_path(rig), body).await.map(drop)
    }
}

fn words_path(rig: &RigName) -> String {
    format!("/v1/rigs/{rig}/words")
}

fn word_path(rig: &RigName, word: &Word) -> String {
    format!("{}/{}", words_path(rig), encoded(word.as_str()))
}

/// A text as a part of a path or a query (RFC 3986, section 2.1).
fn encoded(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_part_of_a_path() {
        let path = word_path(&RigName::default(), &Word::new("front/wash ä+%").unwrap());
        assert_eq!(path, "/v1/rigs/main/words/front%2Fwash%20%C3%A4%2B%25");
    }
}
