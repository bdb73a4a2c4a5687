//! `presence` and `roster`: which consoles are connected, at all gateways and at one.

use std::borrow::Cow;

use bytes::Bytes;
use ghostlight_rig::{ClientId, Console, ConsoleKind, ConsoleName, Roster};
use serde::{Deserialize, Serialize};

use crate::fault::BadInput;
use crate::text::need;

/// The text of a list of consoles: `{"total": 1, "consoles": [{"client"?, "name", "kind", "since"}]}`.
pub fn encode_consoles(roster: &Roster) -> Bytes {
    serde_json::to_vec(&ListText::of(roster)).expect("a list of consoles can be written as JSON").into()
}

pub(super) fn encode(kind: &'static str, gateway: Option<&ClientId>, roster: &Roster) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&RosterText { kind, gateway: gateway.map(ClientId::as_str), list: ListText::of(roster) })
}

pub(super) fn decode_presence(text: &[u8]) -> Result<Roster, BadInput> {
    serde_json::from_slice::<RosterIn<'_>>(text)?.read()
}

pub(super) fn decode_roster(text: &[u8]) -> Result<(ClientId, Roster), BadInput> {
    let roster: RosterIn<'_> = serde_json::from_slice(text)?;
    let gateway = ClientId::new(need(roster.gateway.as_deref(), "gateway")?).map_err(BadInput::form)?;
    Ok((gateway, roster.read()?))
}

/// A message that lists consoles, as received.
#[derive(Deserialize)]
struct RosterIn<'a> {
    #[serde(borrow)]
    gateway: Option<Cow<'a, str>>,
    total: Option<usize>,
    #[serde(borrow, default)]
    consoles: Vec<ConsoleText<'a>>,
}

impl RosterIn<'_> {
    fn read(self) -> Result<Roster, BadInput> {
        let listed = self.consoles.into_iter().map(ConsoleText::read).collect::<Result<_, _>>()?;
        Ok(Roster { listed, total: need(self.total, "total")? })
    }
}

/// A message that lists consoles.
#[derive(Serialize)]
struct RosterText<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<&'a str>,
    #[serde(flatten)]
    list: ListText<'a>,
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
struct ConsoleText<'a> {
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

    fn read(self) -> Result<Console, BadInput> {
        Ok(Console {
            client: self.client.map(|client| ClientId::new(&client)).transpose().map_err(BadInput::form)?,
            name: ConsoleName::new(&self.name).map_err(BadInput::form)?,
            kind: ConsoleKind::new(&self.kind).map_err(BadInput::form)?,
            since_ms: self.since,
        })
    }
}
