//! What a client says on a WebSocket of the full protocol.

use std::borrow::Cow;

use ghostlight_rig::{ClientId, ConsoleKind, ConsoleName, Position, TraceContext, Update};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::MAX_SAFE_INTEGER;
use crate::fault::{BadInput, refuse_array};
use crate::text::parse_position;
use crate::trace::{parse_traceparent, traceparent};
use crate::update::{Members, UpdateText, given};

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
    /// What people call the console; what the client calls itself, if it says nothing else.
    pub name: Option<ConsoleName>,
    /// What kind of console it is.
    pub kind: Option<ConsoleKind>,
    /// What it wants to hear beside the map.
    pub wants: Wants,
}

impl Hello {
    /// The hello of a client that has nothing yet, and wants nothing but the map.
    pub fn new(client: ClientId) -> Self {
        Self { client, resume: None, name: None, kind: None, wants: Wants::default() }
    }
}

/// What a client wants to hear beside the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Which consoles are connected.
    pub presence: bool,
    /// What leaves the rig: the levels under the grand master and blackout.
    pub output: bool,
    /// How long the stages of its changes took, with each acknowledgement.
    pub timing: bool,
}

impl Wants {
    /// Their names.
    fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [("presence", self.presence), ("output", self.output), ("timing", self.timing)];
        all.into_iter().filter_map(|(name, is)| is.then_some(name))
    }
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The client's own number for it, below 2^53; answers carry it.
    pub seq: u64,
    /// What to set.
    pub update: Update,
    /// Where it stands in the client's own trace. One that cannot be read is as good as none.
    pub trace: Option<TraceContext>,
}

/// What every message has.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    seq: Option<&'a RawValue>,
}

/// A hello. What a newer client says beside that is passed over.
#[derive(Deserialize)]
struct HelloFrame<'a> {
    #[serde(borrow)]
    client: Option<Cow<'a, str>>,
    resume: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
    want: Option<Vec<Cow<'a, str>>>,
}

/// A set. It has nothing else: who asks for more than is understood must not get less.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFrame<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    seq: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    levels: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "given")]
    labels: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "given")]
    master: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "given")]
    blackout: Option<&'a RawValue>,
    traceparent: Option<Cow<'a, str>>,
}

impl ClientMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// The `seq` that it carried, if that much could be read, and [`BadInput`].
    pub fn parse(json: &str) -> Result<Self, (Option<u64>, BadInput)> {
        refuse_array(json.as_bytes()).map_err(|error| (None, error))?;
        // Most messages are sets, and are read once.
        match serde_json::from_str::<SetFrame<'_>>(json) {
            Ok(frame) if frame.kind == "set" => {
                let seq = frame.seq;
                frame.read().map(Self::Set).map_err(|error| (seq, error))
            }
            read => Self::parse_other(json, read.err()),
        }
    }

    /// Reads what is no set, or not a good one.
    fn parse_other(json: &str, not_set: Option<serde_json::Error>) -> Result<Self, (Option<u64>, BadInput)> {
        let Envelope { kind, seq } = serde_json::from_str(json).map_err(|error| (None, error.into()))?;
        let seq = seq.and_then(|seq| serde_json::from_str(seq.get()).ok());
        match (&*kind, not_set) {
            ("hello", _) => {
                let frame: HelloFrame<'_> = serde_json::from_str(json).map_err(|error| (seq, error.into()))?;
                frame.read().map(Self::Hello).map_err(|error| (seq, error))
            }
            ("set", Some(error)) => Err((seq, error.into())),
            (other, _) => {
                Err((seq, BadInput::form(format_args!("unknown type {other:?}: a client says hello or set"))))
            }
        }
    }

    /// Its text.
    pub fn encode(&self) -> String {
        let text = match self {
            Self::Hello(hello) => serde_json::to_string(&HelloText {
                message: "hello",
                client: hello.client.as_str(),
                resume: hello.resume.map(|position| position.to_string()),
                name: hello.name.as_ref().map(ConsoleName::as_str),
                kind: hello.kind.as_ref().map(ConsoleKind::as_str),
                want: hello.wants.names().collect(),
            }),
            Self::Set(Set { seq, update, trace }) => serde_json::to_string(&SetText {
                message: "set",
                seq: *seq,
                update: update.into(),
                traceparent: trace.map(traceparent),
            }),
        };
        text.unwrap_or_default()
    }
}

impl HelloFrame<'_> {
    fn read(self) -> Result<Hello, BadInput> {
        let client = self.client.ok_or_else(|| BadInput::form("a hello names its client"))?;
        let resume = self
            .resume
            .map(|text| parse_position(&text).ok_or_else(|| BadInput::form("resume is a position, epoch-revision")));
        let mut wants = Wants::default();
        for want in self.want.unwrap_or_default() {
            match &*want {
                "presence" => wants.presence = true,
                "output" => wants.output = true,
                "timing" => wants.timing = true,
                // A newer client can do without what an older gateway does not have.
                _ => {}
            }
        }
        Ok(Hello {
            client: ClientId::new(&client).map_err(BadInput::form)?,
            resume: resume.transpose()?,
            name: self.name.map(|name| ConsoleName::new(&name)).transpose().map_err(BadInput::form)?,
            kind: self.kind.map(|kind| ConsoleKind::new(&kind)).transpose().map_err(BadInput::form)?,
            wants,
        })
    }
}

impl SetFrame<'_> {
    fn read(self) -> Result<Set, BadInput> {
        let seq = self.seq.filter(|&seq| seq <= MAX_SAFE_INTEGER);
        let seq = seq.ok_or_else(|| BadInput::form("a set has a seq, a whole number from 0 to 2^53 - 1"))?;
        if self.members().are_missing() {
            return Err(BadInput::form("a set has levels, labels, master or blackout"));
        }
        let trace = self.traceparent.as_deref().and_then(parse_traceparent);
        Ok(Set { seq, update: self.members().read()?, trace })
    }

    fn members(&self) -> Members<'_> {
        let Self { levels, labels, master, blackout, .. } = *self;
        Members { levels, labels, master, blackout }
    }
}

#[derive(Serialize)]
struct HelloText<'a> {
    #[serde(rename = "type")]
    message: &'static str,
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    want: Vec<&'static str>,
}

#[derive(Serialize)]
struct SetText<'a> {
    #[serde(rename = "type")]
    message: &'static str,
    seq: u64,
    #[serde(flatten)]
    update: UpdateText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}
