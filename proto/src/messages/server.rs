//! The messages of a gateway on a WebSocket of the full protocol, and of a state service to gateways. The texts are the
//! same, so that a gateway passes on what the state service encoded.

use bytes::Bytes;
use ghostlight_rig::{Beacon, ClientId, Delta, Levels, Roster, Snapshot};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::ack::Ack;
use super::error::ErrorMessage;
use super::message_type::type_of;
use super::{ack, beacon, delta, error, presence, snapshot};
use crate::fault::{BadInput, Unread, refuse_array};
use crate::members::LevelsText;
use crate::text::need;

/// A message to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerMessage {
    /// The items that changed.
    Delta(Delta),
    /// The whole map.
    Snapshot(Snapshot),
    /// The map's position and digests, for a replica to check itself.
    Beacon(Beacon),
    /// A change happened, and is durable.
    Ack(Ack),
    /// A request was refused.
    Error(ErrorMessage),
    /// The consoles that are connected to one gateway. Gateways send this to each other.
    Roster {
        /// The gateway that sends it.
        gateway: ClientId,
        /// The gateway's consoles.
        roster: Roster,
    },
    /// The consoles that are connected at all gateways.
    Presence(Roster),
    /// The gateway has received nothing from a state service for this long: until it does, the map may be old.
    Stale {
        /// Seconds since the last message from a state service.
        seconds: u64,
    },
}

/// A message as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The message's content.
    pub message: ServerMessage,
    /// The text of the message's levels alone, which the plain protocol sends. Empty if the message has none.
    pub levels: Bytes,
}

impl From<ServerMessage> for Decoded {
    fn from(message: ServerMessage) -> Self {
        Self { message, levels: Bytes::new() }
    }
}

impl ServerMessage {
    /// The message's text.
    pub fn encode(&self) -> Bytes {
        let text = match self {
            Self::Delta(delta) => delta::encode(delta),
            Self::Snapshot(snapshot) => snapshot::encode(snapshot),
            Self::Beacon(beacon) => beacon::encode(beacon),
            Self::Ack(ack) => ack::encode(ack),
            Self::Error(error) => error::encode(error),
            Self::Roster { gateway, roster } => presence::encode("roster", Some(gateway), roster),
            Self::Presence(roster) => presence::encode("presence", None, roster),
            Self::Stale { seconds } => serde_json::to_vec(&StaleText { message: "stale", seconds: Some(*seconds) }),
        };
        text.expect("a message can be written as JSON").into()
    }
}

/// The text of a snapshot or a delta with one more member, `output`: the output of the dimmers in it. It is spliced in,
/// so that the message itself does not depend on what only some clients want.
pub fn with_output(text: &str, output: &Levels) -> String {
    let output = serde_json::to_string(&LevelsText(output)).expect("levels can be written as JSON");
    match text.strip_suffix('}') {
        Some("{") => format!("{{\"output\":{output}}}"),
        Some(open) => format!("{open},\"output\":{output}}}"),
        None => text.to_owned(),
    }
}

/// Reads a message. Members that this version does not know are ignored.
///
/// # Errors
/// [`Unread`] if the text is not a message, or its type is not known to this version.
pub fn decode(text: &Bytes) -> Result<Decoded, Unread> {
    const SHOWN: usize = 40;
    refuse_array(text)?;
    let message_type = type_of(text)?;
    Ok(match &*message_type {
        "delta" => {
            let (delta, levels) = delta::decode(text)?;
            Decoded { message: ServerMessage::Delta(delta), levels }
        }
        "snapshot" => {
            let (snapshot, levels) = snapshot::decode(text)?;
            Decoded { message: ServerMessage::Snapshot(snapshot), levels }
        }
        "beacon" => ServerMessage::Beacon(beacon::decode(text)?).into(),
        "ack" => ServerMessage::Ack(ack::decode(text)?).into(),
        "error" => ServerMessage::Error(error::decode(text)?).into(),
        "roster" => {
            let (gateway, roster) = presence::decode_roster(text)?;
            ServerMessage::Roster { gateway, roster }.into()
        }
        "presence" => ServerMessage::Presence(presence::decode_presence(text)?).into(),
        "stale" => ServerMessage::Stale { seconds: need(stale_seconds(text)?, "seconds")? }.into(),
        unknown => {
            serde_json::from_slice::<IgnoredAny>(text).map_err(BadInput::from)?;
            return Err(Unread::UnknownType(unknown.chars().take(SHOWN).collect()));
        }
    })
}

fn stale_seconds(text: &[u8]) -> Result<Option<u64>, BadInput> {
    let StaleText { seconds, .. } = serde_json::from_slice(text)?;
    Ok(seconds)
}

#[derive(Serialize, Deserialize)]
struct StaleText<'a> {
    #[serde(rename = "type")]
    message: &'a str,
    seconds: Option<u64>,
}
