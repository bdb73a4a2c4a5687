//! Which consoles are connected, as text.

use std::borrow::Cow;

use bytes::Bytes;
use ghostlight_rig::{ClientId, Console, ConsoleKind, ConsoleName, Roster};
use serde::{Deserialize, Serialize};

use crate::fault::BadInput;

/// The text of a list of consoles: `{"total": 1, "consoles": [{"client"?, "name", "kind", "since"}]}`.
pub fn encode_consoles(roster: &Roster) -> Bytes {
    serde_json::to_vec(&ListText::of(roster)).unwrap_or_default().into()
}

/// A message that lists consoles.
#[derive(Serialize)]
pub(crate) struct RosterText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<&'a str>,
    #[serde(flatten)]
    list: ListText<'a>,
}

impl<'a> RosterText<'a> {
    pub(crate) fn new(kind: &'static str, gateway: Option<&'a str>, roster: &'a Roster) -> Self {
        Self { kind, gateway, list: ListText::of(roster) }
    }
}

#[derive(Serialize)]
struct ListText<'a> {
    total: usize,
    consoles: Vec<ConsoleText<'a>>,
}

impl<'a> ListText<'a> {
    fn of(roster: &'a Roster) -> Self {
        Self { total: roster.total, consoles: roster.listed.iter().map(ConsoleText::of).collect() }
    }
}

/// One console. `since` is in milliseconds since 1970.
#[derive(Serialize, Deserialize)]
pub(crate) struct ConsoleText<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<Cow<'a, str>>,
    name: Cow<'a, str>,
    kind: Cow<'a, str>,
    since: u64,
}

impl<'a> ConsoleText<'a> {
    fn of(console: &'a Console) -> Self {
        Self {
            client: console.client.as_ref().map(|client| client.as_str().into()),
            name: console.name.as_str().into(),
            kind: console.kind.as_str().into(),
            since: console.since_ms,
        }
    }

    pub(crate) fn read(self) -> Result<Console, BadInput> {
        Ok(Console {
            client: self.client.map(|client| ClientId::new(&client)).transpose().map_err(BadInput::form)?,
            name: ConsoleName::new(&self.name).map_err(BadInput::form)?,
            kind: ConsoleKind::new(&self.kind).map_err(BadInput::form)?,
            since_ms: self.since,
        })
    }
}
