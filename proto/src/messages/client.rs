//! The messages of a client on a WebSocket of the full protocol.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::hello::Hello;
use super::message_type::type_of;
use super::set::Set;
use crate::fault::{BadInput, refuse_array};

/// A message from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// The client's name, and the position of its replica: the first message.
    Hello(Hello),
    /// A change that the client asks for.
    Set(Set),
}

impl ClientMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// The `seq` of the message, if that could be read, and [`BadInput`].
    pub fn parse(json: &str) -> Result<Self, (Option<u64>, BadInput)> {
        refuse_array(json.as_bytes()).map_err(|error| (None, error))?;
        match &*type_of(json.as_bytes()).map_err(|error| (None, error))? {
            "set" => Set::read(json).map(Self::Set).map_err(|error| (seq_of(json), error)),
            "hello" => Hello::read(json).map(Self::Hello).map_err(|error| (seq_of(json), error)),
            other => {
                let problem = format_args!("unknown type {other:?}: a client says hello or set");
                Err((seq_of(json), BadInput::form(problem)))
            }
        }
    }

    /// The message's text.
    pub fn encode(&self) -> String {
        match self {
            Self::Hello(hello) => hello.encode(),
            Self::Set(set) => set.encode(),
        }
    }
}

/// The `seq` of a message that is otherwise bad.
fn seq_of(json: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered<'a> {
        #[serde(borrow)]
        seq: Option<&'a RawValue>,
        #[serde(borrow, rename = "type")]
        _type: Option<Cow<'a, str>>,
    }
    let Numbered { seq, .. } = serde_json::from_str(json).ok()?;
    serde_json::from_str(seq?.get()).ok()
}
