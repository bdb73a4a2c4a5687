//! What a gateway says on a WebSocket of the full protocol, and what a state service says to the gateways: the same
//! texts, so that what was encoded once is passed on as it is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use ghostlight_rig::{
    Beacon, ClientId, Delta, Digest, Dimmer, Labels, Level, Levels, Position, Revision, Roster, Snapshot, State,
    TraceContext, Update,
};
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::attribution::{AttributionText, Refused};
use crate::fault::{BadInput, Unread, refuse_array};
use crate::levels::{LabelsText, LevelText, LevelsText};
use crate::presence::{ConsoleText, RosterText};
use crate::text::parse_position;
use crate::trace::{parse_traceparent, traceparent};
use crate::update::{Members, StateText, given};

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
    /// Which consoles are connected to one gateway: what gateways tell each other.
    Roster {
        /// The gateway.
        gateway: ClientId,
        /// Its consoles.
        roster: Roster,
    },
    /// Which consoles are connected, at all gateways.
    Presence(Roster),
    /// No state service has been heard of for so many seconds: the map may be old, until one is heard again.
    Stale {
        /// How long.
        seconds: u64,
    },
}

/// A change is durable and to be read everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The client's number for the change.
    pub seq: u64,
    /// Where it stands in the log.
    pub position: Position,
    /// How long its stages took, for a client that wants to know.
    pub timing: Option<Timing>,
    /// Where it stands in its trace, if it has one.
    pub trace: Option<TraceContext>,
}

/// How long the stages of a change took, in microseconds. They overlap: each but the fold is counted from when the change
/// came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Until it was durable.
    pub log_us: u32,
    /// In the state service.
    pub fold_us: u32,
    /// Until it was to be read at its gateway.
    pub echo_us: u32,
}

impl Timing {
    /// These durations, as far as they are below an hour.
    pub fn new(log: Duration, fold: Duration, echo: Duration) -> Self {
        let us = |stage: Duration| u32::try_from(stage.as_micros()).unwrap_or(u32::MAX);
        Self { log_us: us(log), fold_us: us(fold), echo_us: us(echo) }
    }

    /// The same in milliseconds, to three decimals: until durable, the fold, until to be read.
    pub fn as_ms(self) -> [f64; 3] {
        [self.log_us, self.fold_us, self.echo_us].map(|us| f64::from(us) / 1_000.0)
    }
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
    /// Where the change stands in its trace, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
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
            Self::Snapshot(snapshot) => encode_snapshot(snapshot),
            Self::Beacon(Beacon { position, digest }) => serde_json::to_vec(&BeaconText {
                kind: "beacon",
                epoch: position.epoch.0,
                revision: position.revision.0,
                digest: digest.to_string(),
            }),
            Self::Ack(Ack { seq, position, timing, trace }) => serde_json::to_vec(&AckText {
                kind: "ack",
                seq: *seq,
                position: position.to_string(),
                timing: timing.map(TimingText::from),
                traceparent: trace.map(traceparent),
            }),
            Self::Error(error) => serde_json::to_vec(&ErrorText { kind: "error", error }),
            Self::Roster { gateway, roster } => {
                serde_json::to_vec(&RosterText::new("roster", Some(gateway.as_str()), roster))
            }
            Self::Presence(roster) => serde_json::to_vec(&RosterText::new("presence", None, roster)),
            Self::Stale { seconds } => serde_json::to_vec(&StaleText { kind: "stale", seconds: *seconds }),
        };
        text.unwrap_or_default().into()
    }
}

fn encode_delta(delta: &Delta) -> serde_json::Result<Vec<u8>> {
    let Update { levels, labels, master, blackout } = &delta.update;
    let alone = delta.origins.len() == 1 && delta.origins[0].items.len() == delta.update.len();
    serde_json::to_vec(&DeltaText {
        kind: "delta",
        epoch: delta.position.epoch.0,
        prev: delta.prev.0,
        revision: delta.position.revision.0,
        levels: LevelsText(levels),
        labels: (!labels.is_empty()).then_some(LabelsText(labels)),
        master: master.map(LevelText),
        blackout: *blackout,
        origins: delta.origins.iter().map(|attribution| AttributionText::of(attribution, alone)).collect(),
        refused: delta.verdicts.iter().map(|(&change, verdict)| Refused::of(change, verdict)).collect(),
    })
}

fn encode_snapshot(Snapshot { position, state }: &Snapshot) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&SnapshotText {
        kind: "snapshot",
        epoch: position.epoch.0,
        revision: position.revision.0,
        state: StateText::new(state, None),
    })
}

/// The text of a snapshot or a delta with another member, `output`: what leaves the rig for the dimmers in it. Spliced in,
/// so that the messages themselves know nothing of what only some clients want.
pub fn with_output(text: &str, output: &Levels) -> String {
    let output = serde_json::to_string(&LevelsText(output)).unwrap_or_default();
    match text.strip_suffix('}') {
        Some(open) => format!("{open},\"output\":{output}}}"),
        None => text.to_owned(),
    }
}

/// Reads a message. Members that a newer version adds are passed over.
///
/// # Errors
/// [`Unread`] if it is none, or of a type that this version does not know.
pub fn decode(text: &Bytes) -> Result<Decoded, Unread> {
    refuse_array(text)?;
    let mut frame: Frame<'_> = serde_json::from_slice(text).map_err(|error| unread(text, error))?;
    let levels = frame.levels.map_or_else(Bytes::new, |levels| text.slice_ref(levels.get().as_bytes()));
    let message = match Kind::read(frame.kind)? {
        Kind::Delta => ServerMessage::Delta(frame.delta()?),
        Kind::Snapshot => ServerMessage::Snapshot(Snapshot { position: frame.position()?, state: frame.state()? }),
        Kind::Beacon => ServerMessage::Beacon(Beacon { position: frame.position()?, digest: frame.digest()? }),
        Kind::Ack => ServerMessage::Ack(Ack {
            seq: need(frame.seq, "seq")?,
            position: frame.place()?,
            timing: frame.timing.map(Timing::from),
            trace: frame.traceparent.as_deref().and_then(parse_traceparent),
        }),
        Kind::Error => ServerMessage::Error(ErrorMessage {
            seq: frame.seq,
            code: need(frame.code.take(), "code")?,
            message: need(frame.message.take(), "message")?,
            traceparent: frame.traceparent.map(Cow::into_owned),
        }),
        Kind::Roster => ServerMessage::Roster { gateway: frame.gateway()?, roster: frame.roster()? },
        Kind::Presence => ServerMessage::Presence(frame.roster()?),
        Kind::Stale => ServerMessage::Stale { seconds: need(frame.seconds, "seconds")? },
    };
    Ok(Decoded { message, levels })
}

/// The types of messages that this version knows.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Delta,
    Snapshot,
    Beacon,
    Ack,
    Error,
    Roster,
    Presence,
    Stale,
}

impl Kind {
    fn read(text: &str) -> Result<Self, Unread> {
        const SHOWN: usize = 40;
        let kind: Result<_, serde::de::value::Error> = Self::deserialize(text.into_deserializer());
        kind.map_err(|_| Unread::UnknownType(text.chars().take(SHOWN).collect()))
    }
}

/// Why a message does not have the form of those that are known: one of another type need not have it.
fn unread(text: &[u8], error: serde_json::Error) -> Unread {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
    }
    let kind = serde_json::from_slice(text).map(|Envelope { kind }| Kind::read(&kind));
    match kind {
        Ok(Err(unknown)) => unknown,
        Ok(Ok(_)) | Err(_) => Unread::Bad(error.into()),
    }
}

/// Every field that some message has. Unknown ones are passed over, so that an older client understands a newer server.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    epoch: Option<u64>,
    prev: Option<u64>,
    revision: Option<u64>,
    #[serde(borrow, default, deserialize_with = "given")]
    levels: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    labels: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    master: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    blackout: Option<&'a RawValue>,
    #[serde(default)]
    origins: Vec<AttributionText<'a>>,
    #[serde(default)]
    refused: Vec<Refused>,
    digest: Option<&'a str>,
    seq: Option<u64>,
    position: Option<&'a str>,
    code: Option<String>,
    message: Option<String>,
    gateway: Option<Cow<'a, str>>,
    total: Option<usize>,
    seconds: Option<u64>,
    timing: Option<TimingText>,
    traceparent: Option<Cow<'a, str>>,
    #[serde(default)]
    consoles: Vec<ConsoleText<'a>>,
}

pub(crate) fn need<T>(field: Option<T>, name: &str) -> Result<T, BadInput> {
    field.ok_or_else(|| BadInput::Form(format!("{name} is missing or not well formed")))
}

impl Frame<'_> {
    fn position(&self) -> Result<Position, BadInput> {
        Ok(Position::new(need(self.epoch, "epoch")?, need(self.revision, "revision")?))
    }

    fn place(&self) -> Result<Position, BadInput> {
        need(self.position.and_then(parse_position), "position")
    }

    /// What it sets. Its levels are always there, be they none.
    fn update(&self) -> Result<Update, BadInput> {
        need(self.levels, "levels")?;
        let Self { levels, labels, master, blackout, .. } = *self;
        Members { levels, labels, master, blackout }.read()
    }

    /// The whole of a rig; what an older server does not tell is as in an empty one.
    fn state(&self) -> Result<State, BadInput> {
        fn present<T>(values: BTreeMap<Dimmer, Option<T>>, what: &str) -> Result<BTreeMap<Dimmer, T>, BadInput> {
            values.into_iter().map(|(dimmer, value)| Ok((dimmer, need(value, what)?))).collect()
        }
        let Update { levels, labels, master, blackout } = self.update()?;
        Ok(State {
            levels: present(levels, "a level in a snapshot")?,
            labels: present(labels, "a label in a snapshot")?,
            master: master.unwrap_or(Level::FULL),
            blackout: blackout.unwrap_or(false),
        })
    }

    fn gateway(&self) -> Result<ClientId, BadInput> {
        ClientId::new(need(self.gateway.as_deref(), "gateway")?).map_err(BadInput::form)
    }

    fn roster(&mut self) -> Result<Roster, BadInput> {
        let listed = self.consoles.drain(..).map(ConsoleText::read).collect::<Result<_, _>>()?;
        Ok(Roster { listed, total: need(self.total, "total")? })
    }

    fn digest(&self) -> Result<Digest, BadInput> {
        let hexadecimal = |text: &&str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let text = need(self.digest.filter(hexadecimal), "digest")?;
        let lane = |text| need(u32::from_str_radix(text, 16).ok(), "digest");
        Ok(Digest::from_lanes([lane(&text[..8])?, lane(&text[8..])?]))
    }

    fn delta(&mut self) -> Result<Delta, BadInput> {
        let update = self.update()?;
        Ok(Delta {
            position: self.position()?,
            prev: Revision(need(self.prev, "prev")?),
            origins: self.origins.drain(..).map(|origin| origin.read(&update)).collect::<Result<_, _>>()?,
            verdicts: self.refused.drain(..).map(Refused::read).collect::<Result<_, _>>()?,
            update,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<LabelsText<'a, Labels>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    master: Option<LevelText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blackout: Option<bool>,
    origins: Vec<AttributionText<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
}

#[derive(Serialize)]
struct SnapshotText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    epoch: u64,
    revision: u64,
    #[serde(flatten)]
    state: StateText<'a>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    timing: Option<TimingText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

/// In milliseconds, as in `Server-Timing`.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct TimingText {
    log: f64,
    fold: f64,
    echo: f64,
}

impl From<Timing> for TimingText {
    fn from(timing: Timing) -> Self {
        let [log, fold, echo] = timing.as_ms();
        Self { log, fold, echo }
    }
}

impl From<TimingText> for Timing {
    fn from(TimingText { log, fold, echo }: TimingText) -> Self {
        // What no stage can have taken is taken for nothing.
        let stage = |ms: f64| Duration::try_from_secs_f64((ms * 1_000.0).round() / 1_000_000.0).unwrap_or_default();
        Self::new(stage(log), stage(fold), stage(echo))
    }
}

#[derive(Serialize)]
struct StaleText {
    #[serde(rename = "type")]
    kind: &'static str,
    seconds: u64,
}

#[derive(Serialize)]
struct ErrorText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    error: &'a ErrorMessage,
}
