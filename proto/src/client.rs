//! What a client says on a WebSocket of the full protocol.

use std::borrow::Cow;

use ghostlight_rig::{ClientId, Levels, Position};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::MAX_SAFE_INTEGER;
use crate::fault::{BadInput, refuse_array};
use crate::levels::{LevelsText, parse_levels};
use crate::text::parse_position;

/// A message from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// Who it is, and where it left off: the first message.
    Hello(Hello),
    /// What it asks for.
    Set(Set),
}

/// The first message of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// What the client calls itself.
    pub client: ClientId,
    /// Where its replica stands, if it has one.
    pub resume: Option<Position>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The client's own number for it, below 2^53; answers carry it.
    pub seq: u64,
    /// The levels to take.
    pub levels: Levels,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    client: Option<Cow<'a, str>>,
    resume: Option<Cow<'a, str>>,
    seq: Option<u64>,
    levels: Option<&'a RawValue>,
}

impl ClientMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// The `seq` that it carried, if that much could be read, and [`BadInput`].
    pub fn parse(json: &str) -> Result<Self, (Option<u64>, BadInput)> {
        refuse_array(json.as_bytes()).map_err(|error| (None, error))?;
        let frame: Frame<'_> = serde_json::from_str(json).map_err(|error| (None, error.into()))?;
        let seq = frame.seq;
        frame.read().map_err(|error| (seq, error))
    }

    /// Its text.
    pub fn encode(&self) -> String {
        let text = match self {
            Self::Hello(Hello { client, resume }) => serde_json::to_string(&HelloText {
                kind: "hello",
                client: client.as_str(),
                resume: resume.map(|position| position.to_string()),
            }),
            Self::Set(Set { seq, levels }) => {
                serde_json::to_string(&SetText { kind: "set", seq: *seq, levels: LevelsText(levels) })
            }
        };
        text.unwrap_or_default()
    }
}

impl Frame<'_> {
    fn read(self) -> Result<ClientMessage, BadInput> {
        match &*self.kind {
            "hello" => self.hello().map(ClientMessage::Hello),
            "set" => self.set().map(ClientMessage::Set),
            other => Err(BadInput::form(format_args!("unknown type {other:?}: a client says hello or set"))),
        }
    }

    fn hello(self) -> Result<Hello, BadInput> {
        if self.seq.is_some() || self.levels.is_some() {
            return Err(BadInput::form("a hello has client and resume, nothing else"));
        }
        let client = self.client.ok_or_else(|| BadInput::form("a hello names its client"))?;
        let client = ClientId::new(&client).map_err(BadInput::form)?;
        let resume = match self.resume {
            None => None,
            Some(text) => {
                Some(parse_position(&text).ok_or_else(|| BadInput::form("resume is a position, epoch-revision"))?)
            }
        };
        Ok(Hello { client, resume })
    }

    fn set(self) -> Result<Set, BadInput> {
        if self.client.is_some() || self.resume.is_some() {
            return Err(BadInput::form("a set has seq and levels, nothing else"));
        }
        let seq = self.seq.filter(|&seq| seq <= MAX_SAFE_INTEGER);
        let seq = seq.ok_or_else(|| BadInput::form("a set has a seq, a whole number from 0 to 2^53 - 1"))?;
        let levels = self.levels.ok_or_else(|| BadInput::form("a set has levels"))?;
        Ok(Set { seq, levels: parse_levels(levels.get().as_bytes())? })
    }
}

#[derive(Serialize)]
struct HelloText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<String>,
}

#[derive(Serialize)]
struct SetText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    seq: u64,
    levels: LevelsText<'a, Levels>,
}
