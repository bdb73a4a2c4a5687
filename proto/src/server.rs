//! What a gateway says on a WebSocket of the full protocol, and what a state service says to the gateways: the same
//! texts, so that what was encoded once is passed on as it is.

use std::collections::BTreeMap;

use bytes::Bytes;
use ghostlight_rig::{
    Beacon, ClientId, Delta, Digest, Dimmer, Level, Levels, Origin, Position, Revision, Snapshot, Verdict,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::fault::{BadInput, refuse_array};
use crate::levels::{LevelsText, parse_levels};
use crate::text::parse_position;

/// A message to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerMessage {
    /// What has changed.
    Delta(Delta),
    /// The whole map.
    Snapshot(Snapshot),
    /// A check.
    Beacon(Beacon),
    /// A change happened.
    Ack(Ack),
    /// Something was refused.
    Error(ErrorMessage),
}

/// A change is durable and to be read everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The client's number for the change.
    pub seq: u64,
    /// Where it stands in the log.
    pub position: Position,
}

/// Something was refused. The connection stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorMessage {
    /// The client's number for the change that was refused, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// A short word for the kind of problem, as in problem details.
    pub code: String,
    /// What was wrong, for people.
    pub message: String,
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What it says.
    pub message: ServerMessage,
    /// The text of its levels alone, cut out of the message: what the plain protocol sends. Empty if it has none.
    pub levels: Bytes,
}

impl ServerMessage {
    /// Its text.
    pub fn encode(&self) -> Bytes {
        let text = match self {
            Self::Delta(delta) => encode_delta(delta),
            Self::Snapshot(Snapshot { position, levels }) => serde_json::to_vec(&SnapshotText {
                kind: "snapshot",
                epoch: position.epoch.0,
                revision: position.revision.0,
                levels: LevelsText(levels),
            }),
            Self::Beacon(Beacon { position, digest }) => serde_json::to_vec(&BeaconText {
                kind: "beacon",
                epoch: position.epoch.0,
                revision: position.revision.0,
                digest: digest.to_string(),
            }),
            Self::Ack(Ack { seq, position }) => {
                serde_json::to_vec(&AckText { kind: "ack", seq: *seq, position: position.to_string() })
            }
            Self::Error(error) => serde_json::to_vec(&ErrorText { kind: "error", error }),
        };
        text.unwrap_or_default().into()
    }
}

fn encode_delta(delta: &Delta) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&DeltaText {
        kind: "delta",
        epoch: delta.position.epoch.0,
        prev: delta.prev.0,
        revision: delta.position.revision.0,
        levels: LevelsText(&delta.levels),
        origins: delta.origins.iter().map(|o| OriginText { client: o.client.as_str().into(), seq: o.seq }).collect(),
        refused: delta.verdicts.iter().map(|(&change, verdict)| Refused::of(change, verdict)).collect(),
    })
}

/// Reads a message.
///
/// # Errors
/// [`BadInput`] if it is none.
pub fn decode(text: &Bytes) -> Result<Decoded, BadInput> {
    refuse_array(text)?;
    let mut frame: Frame<'_> = serde_json::from_slice(text)?;
    let levels = frame.levels.map_or_else(Bytes::new, |levels| text.slice_ref(levels.get().as_bytes()));
    let message = match frame.kind {
        "delta" => ServerMessage::Delta(frame.delta()?),
        "snapshot" => ServerMessage::Snapshot(Snapshot { position: frame.position()?, levels: frame.present()? }),
        "beacon" => ServerMessage::Beacon(Beacon { position: frame.position()?, digest: frame.digest()? }),
        "ack" => ServerMessage::Ack(Ack { seq: need(frame.seq, "seq")?, position: frame.place()? }),
        "error" => ServerMessage::Error(ErrorMessage {
            seq: frame.seq,
            code: need(frame.code.take(), "code")?,
            message: need(frame.message.take(), "message")?,
        }),
        other => return Err(BadInput::form(format_args!("unknown type {other:?}"))),
    };
    Ok(Decoded { message, levels })
}

/// Every field that some message has. Unknown ones are passed over, so that an older client understands a newer server.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    epoch: Option<u64>,
    prev: Option<u64>,
    revision: Option<u64>,
    #[serde(borrow)]
    levels: Option<&'a RawValue>,
    #[serde(default)]
    origins: Vec<OriginText<'a>>,
    #[serde(default)]
    refused: Vec<Refused>,
    digest: Option<&'a str>,
    seq: Option<u64>,
    position: Option<&'a str>,
    code: Option<String>,
    message: Option<String>,
}

fn need<T>(field: Option<T>, name: &str) -> Result<T, BadInput> {
    field.ok_or_else(|| BadInput::Form(format!("{name} is missing or not well formed")))
}

impl Frame<'_> {
    fn position(&self) -> Result<Position, BadInput> {
        Ok(Position::new(need(self.epoch, "epoch")?, need(self.revision, "revision")?))
    }

    fn place(&self) -> Result<Position, BadInput> {
        need(self.position.and_then(parse_position), "position")
    }

    fn levels(&self) -> Result<Levels, BadInput> {
        parse_levels(need(self.levels, "levels")?.get().as_bytes())
    }

    fn present(&self) -> Result<BTreeMap<Dimmer, Level>, BadInput> {
        let levels = self.levels()?.into_iter();
        levels.map(|(dimmer, level)| Ok((dimmer, need(level, "a level in a snapshot")?))).collect()
    }

    fn digest(&self) -> Result<Digest, BadInput> {
        let hexadecimal = |text: &&str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let text = need(self.digest.filter(hexadecimal), "digest")?;
        let lane = |text| need(u32::from_str_radix(text, 16).ok(), "digest");
        Ok(Digest::from_lanes([lane(&text[..8])?, lane(&text[8..])?]))
    }

    fn delta(&mut self) -> Result<Delta, BadInput> {
        let origin = |o: &OriginText<'_>| {
            let client = ClientId::new(&o.client).map_err(|error| BadInput::Form(error.to_string()))?;
            Ok(Origin { client, seq: o.seq })
        };
        Ok(Delta {
            position: self.position()?,
            prev: Revision(need(self.prev, "prev")?),
            levels: self.levels()?,
            origins: self.origins.iter().map(origin).collect::<Result<_, BadInput>>()?,
            verdicts: self.refused.drain(..).map(Refused::read).collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Serialize)]
struct DeltaText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    epoch: u64,
    prev: u64,
    revision: u64,
    levels: LevelsText<'a, Levels>,
    origins: Vec<OriginText<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
}

#[derive(Serialize, Deserialize)]
struct OriginText<'a> {
    client: std::borrow::Cow<'a, str>,
    seq: u64,
}

/// A verdict on one change of the entry.
#[derive(Serialize, Deserialize)]
struct Refused {
    change: usize,
    #[serde(flatten)]
    why: Why,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
enum Why {
    Changed { dimmers: Vec<u16> },
    Repeated { position: String },
    KeyReused,
    RigLimit,
    Applied,
}

impl Refused {
    fn of(change: usize, verdict: &Verdict) -> Self {
        let why = match verdict {
            Verdict::Applied => Why::Applied,
            Verdict::Changed(dimmers) => Why::Changed { dimmers: dimmers.iter().map(|d| d.get()).collect() },
            Verdict::Repeated(position) => Why::Repeated { position: position.to_string() },
            Verdict::KeyReused => Why::KeyReused,
            Verdict::NoRoom => Why::RigLimit,
        };
        Self { change, why }
    }

    fn read(self) -> Result<(usize, Verdict), BadInput> {
        let verdict = match self.why {
            Why::Applied => Verdict::Applied,
            Why::Changed { dimmers } => {
                Verdict::Changed(need(dimmers.into_iter().map(Dimmer::new).collect(), "a dimmer")?)
            }
            Why::Repeated { position } => Verdict::Repeated(need(parse_position(&position), "position")?),
            Why::KeyReused => Verdict::KeyReused,
            Why::RigLimit => Verdict::NoRoom,
        };
        Ok((self.change, verdict))
    }
}

#[derive(Serialize)]
struct SnapshotText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    epoch: u64,
    revision: u64,
    levels: LevelsText<'a, BTreeMap<Dimmer, Level>>,
}

#[derive(Serialize)]
struct BeaconText {
    #[serde(rename = "type")]
    kind: &'static str,
    epoch: u64,
    revision: u64,
    digest: String,
}

#[derive(Serialize)]
struct AckText {
    #[serde(rename = "type")]
    kind: &'static str,
    seq: u64,
    position: String,
}

#[derive(Serialize)]
struct ErrorText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    error: &'a ErrorMessage,
}
