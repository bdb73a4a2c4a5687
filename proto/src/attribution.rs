//! Whose changes are in a delta, and what became of those that were not simply applied.

use std::borrow::Cow;

use ghostlight_rig::{Attribution, ClientId, Dimmer, Item, Origin, Update, Verdict};
use serde::{Deserialize, Serialize};

use crate::fault::BadInput;
use crate::server::need;
use crate::text::parse_position;

/// Names of items: `dimmers` are those whose level is meant.
#[derive(Default, Serialize, Deserialize)]
struct Named {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dimmers: Option<Vec<u16>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<u16>,
    #[serde(default, skip_serializing_if = "is_false")]
    master: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    blackout: bool,
}

impl Named {
    fn of(items: &[Item]) -> Self {
        let mut dimmers = Vec::new();
        let mut named = Self::default();
        for item in items {
            match item {
                Item::Level(dimmer) => dimmers.push(dimmer.get()),
                Item::Label(dimmer) => named.labels.push(dimmer.get()),
                Item::Master => named.master = true,
                Item::Blackout => named.blackout = true,
            }
        }
        Self { dimmers: Some(dimmers), ..named }
    }

    fn read(self) -> Result<Vec<Item>, BadInput> {
        let dimmer = |number| need(Dimmer::new(number), "a dimmer");
        let levels = self.dimmers.unwrap_or_default().into_iter().map(|number| dimmer(number).map(Item::Level));
        let labels = self.labels.into_iter().map(|number| dimmer(number).map(Item::Label));
        let rest = self.master.then_some(Item::Master).into_iter().chain(self.blackout.then_some(Item::Blackout));
        levels.chain(labels).chain(rest.map(Ok)).collect()
    }
}

fn is_false(is: &bool) -> bool {
    !is
}

/// Who set what. Without `dimmers`, everything in the delta. The members of [`Named`] are written out: every change has
/// one of these, and flattened they would be read by way of a copy.
#[derive(Serialize, Deserialize)]
pub(crate) struct AttributionText<'a> {
    #[serde(borrow)]
    client: Cow<'a, str>,
    seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dimmers: Option<Vec<u16>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<u16>,
    #[serde(default, skip_serializing_if = "is_false")]
    master: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    blackout: bool,
}

impl<'a> AttributionText<'a> {
    /// The text of a attribution; `alone` if everything in the delta is its.
    pub(crate) fn of(attribution: &'a Attribution, alone: bool) -> Self {
        let Attribution { origin, items } = attribution;
        let Named { dimmers, labels, master, blackout } = if alone { Named::default() } else { Named::of(items) };
        Self { client: origin.client.as_str().into(), seq: origin.seq, dimmers, labels, master, blackout }
    }

    /// Reads it, in a delta of this update.
    pub(crate) fn read(self, update: &Update) -> Result<Attribution, BadInput> {
        let Self { client, seq, dimmers, labels, master, blackout } = self;
        let client = ClientId::new(&client).map_err(BadInput::form)?;
        let alone = dimmers.is_none();
        let named = Named { dimmers, labels, master, blackout };
        let items = if alone { update.items().collect() } else { named.read()? };
        Ok(Attribution { origin: Origin { client, seq }, items })
    }
}

/// A verdict on one change of the entry.
#[derive(Serialize, Deserialize)]
pub(crate) struct Refused {
    change: usize,
    #[serde(flatten)]
    why: Why,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
enum Why {
    Changed(Named),
    Repeated {
        position: String,
    },
    KeyReused,
    RigLimit,
    Applied,
    #[serde(other)]
    Unknown,
}

impl Refused {
    pub(crate) fn of(change: usize, verdict: &Verdict) -> Self {
        let why = match verdict {
            Verdict::Applied => Why::Applied,
            Verdict::Changed(items) => Why::Changed(Named::of(items)),
            Verdict::Repeated(position) => Why::Repeated { position: position.to_string() },
            Verdict::KeyReused => Why::KeyReused,
            Verdict::NoRoom => Why::RigLimit,
            Verdict::Unknown => Why::Unknown,
        };
        Self { change, why }
    }

    pub(crate) fn read(self) -> Result<(usize, Verdict), BadInput> {
        let verdict = match self.why {
            Why::Applied => Verdict::Applied,
            Why::Changed(named) => Verdict::Changed(named.read()?),
            Why::Repeated { position } => Verdict::Repeated(need(parse_position(&position), "position")?),
            Why::KeyReused => Verdict::KeyReused,
            Why::RigLimit => Verdict::NoRoom,
            Why::Unknown => Verdict::Unknown,
        };
        Ok((self.change, verdict))
    }
}
