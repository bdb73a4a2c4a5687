//! `hello`: the first message of a connection.

use std::borrow::Cow;

use ghostlight_rig::{ClientId, ConsoleKind, ConsoleName, Interest, KindId, Position};
use serde::{Deserialize, Serialize};

use crate::fault::BadInput;
use crate::text::parse_position;

/// The first message of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The name that the client gives itself.
    pub client: ClientId,
    /// The position of the client's replica, if it has one.
    pub resume: Option<Position>,
    /// The console's name for people. Without it, the client's name is used.
    pub name: Option<ConsoleName>,
    /// The kind of console.
    pub kind: Option<ConsoleKind>,
    /// The kinds that the client wants.
    pub interest: Interest,
    /// What the client wants beside the map.
    pub wants: Wants,
}

impl Hello {
    /// The hello of a client that has no replica, and wants the default kinds of the map and nothing else.
    pub fn new(client: ClientId) -> Self {
        let interest = Interest::default();
        Self { client, resume: None, name: None, kind: None, interest, wants: Wants::default() }
    }

    /// Reads a hello. Members that this version does not know are ignored.
    pub(crate) fn read(json: &str) -> Result<Self, BadInput> {
        let HelloIn { client, resume, name, kind, kinds, want, _type } = serde_json::from_str(json)?;
        let client = client.ok_or_else(|| BadInput::form("a hello names its client"))?;
        let resume = resume
            .map(|text| parse_position(&text).ok_or_else(|| BadInput::form("resume is a position, epoch-revision")));
        Ok(Self {
            client: ClientId::new(&client).map_err(BadInput::form)?,
            resume: resume.transpose()?,
            name: name.map(|name| ConsoleName::new(&name)).transpose().map_err(BadInput::form)?,
            kind: kind.map(|kind| ConsoleKind::new(&kind)).transpose().map_err(BadInput::form)?,
            interest: kinds.map_or_else(Interest::default, |kinds| Interest::named(kinds.iter().map(|kind| &**kind))),
            wants: Wants::named(want.unwrap_or_default().iter().map(|want| &**want)),
        })
    }

    /// The message's text.
    pub(crate) fn encode(&self) -> String {
        let is_default = self.interest == Interest::default();
        let text = HelloOut {
            message: "hello",
            client: self.client.as_str(),
            resume: self.resume.map(|position| position.to_string()),
            name: self.name.as_ref().map(ConsoleName::as_str),
            kind: self.kind.as_ref().map(ConsoleKind::as_str),
            kinds: (!is_default).then(|| self.interest.kinds().map(KindId::name).collect()),
            want: self.wants.names().collect(),
        };
        serde_json::to_string(&text).expect("a hello can be written as JSON")
    }
}

/// What a client wants beside the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Which consoles are connected to the rig.
    pub presence: bool,
    /// The output of the rig: the levels under the grand master and blackout.
    pub output: bool,
    /// With each acknowledgement, how long the stages of the change took.
    pub timing: bool,
}

impl Wants {
    /// The names of the wants.
    fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [("presence", self.presence), ("output", self.output), ("timing", self.timing)];
        all.into_iter().filter_map(|(name, is)| is.then_some(name))
    }

    /// The wants with these names. Unknown names are ignored: a newer client can do without what an older gateway
    /// lacks.
    fn named<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        names.fold(Self::default(), |wants, name| match name {
            "presence" => Self { presence: true, ..wants },
            "output" => Self { output: true, ..wants },
            "timing" => Self { timing: true, ..wants },
            _ => wants,
        })
    }
}

#[derive(Deserialize)]
struct HelloIn<'a> {
    #[serde(borrow, rename = "type")]
    _type: Cow<'a, str>,
    #[serde(borrow)]
    client: Option<Cow<'a, str>>,
    resume: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
    kinds: Option<Vec<Cow<'a, str>>>,
    want: Option<Vec<Cow<'a, str>>>,
}

#[derive(Serialize)]
struct HelloOut<'a> {
    #[serde(rename = "type")]
    message: &'static str,
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kinds: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    want: Vec<&'static str>,
}
