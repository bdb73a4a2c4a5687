//! `delta`: changed items.

use std::borrow::Cow;

use bytes::Bytes;
use ghostlight_rig::{Attribution, ClientId, Delta, Item, Origin, Position, Revision, Update, Verdict};
use serde::{Deserialize, Serialize};

use crate::envelope::Message;
use crate::fault::BadInput;
use crate::items::{ItemsIn, ItemsText};
use crate::members::UpdateText;
use crate::messages::reversal::{ReversalText, reversal};
use crate::messages::upload::UploadText;
use crate::text::{is_false, need, parse_position, read_time};

envelope! {
    /// The members of a delta beside those of kinds.
    open DeltaEnvelope<'a> {
        _type "type": Cow<'a, str>,
        epoch "epoch": u64,
        prev "prev": u64,
        revision "revision": u64,
        time "time": Cow<'a, str>,
        origins "origins": Vec<OriginIn<'a>>,
        refused "refused": Vec<RefusedIn<'a>>,
        dictionary "dictionary": UploadText<'a>,
        missing "missing": bool,
    }
}

pub(super) fn encode(delta: &Delta) -> serde_json::Result<Vec<u8>> {
    let is_alone = delta.origins.len() == 1 && delta.origins[0].items.len() == delta.update.len();
    serde_json::to_vec(&DeltaOut {
        message: "delta",
        epoch: delta.position.epoch.0,
        prev: delta.prev.0,
        revision: delta.position.revision.0,
        time: delta.time.to_string(),
        members: UpdateText(&delta.update),
        dictionary: delta.dictionary.map(UploadText::of),
        origins: delta.origins.iter().map(|one| OriginOut::of(one, is_alone)).collect(),
        refused: delta
            .verdicts
            .iter()
            .map(|(&change, verdict)| RefusedOut { change, why: WhyOut::of(verdict) })
            .collect(),
        missing: delta.is_missing,
    })
}

/// Reads a delta. Also returns the text of its levels.
pub(super) fn decode(text: &Bytes) -> Result<(Delta, Bytes), BadInput> {
    let Message { envelope, members } = Message::<DeltaEnvelope<'_>>::read(text)?;
    let update = members.read()?;
    let position = Position::new(need(envelope.epoch, "epoch")?, need(envelope.revision, "revision")?);
    let origins = envelope.origins.unwrap_or_default();
    let refused = envelope.refused.unwrap_or_default();
    let delta = Delta {
        position,
        prev: Revision(need(envelope.prev, "prev")?),
        time: read_time(envelope.time.as_deref())?,
        dictionary: envelope.dictionary.map(|upload| upload.read()).transpose()?,
        origins: origins.into_iter().map(|origin| origin.read(&update)).collect::<Result<_, _>>()?,
        verdicts: refused.into_iter().map(RefusedIn::read).collect::<Result<_, _>>()?,
        update,
        is_missing: envelope.missing.unwrap_or_default(),
    };
    Ok((delta, members.levels_in(text)))
}

#[derive(Serialize)]
struct DeltaOut<'a> {
    #[serde(rename = "type")]
    message: &'static str,
    epoch: u64,
    prev: u64,
    revision: u64,
    time: String,
    #[serde(flatten)]
    members: UpdateText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dictionary: Option<UploadText<'a>>,
    origins: Vec<OriginOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<RefusedOut<'a>>,
    /// The rig does not exist at this position.
    #[serde(skip_serializing_if = "is_false")]
    missing: bool,
}

/// Which client set which items. Without `items`, it set everything in the delta.
#[derive(Serialize)]
struct OriginOut<'a> {
    client: &'a str,
    seq: u64,
    #[serde(flatten)]
    reversal: ReversalText,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<ItemsText<'a>>,
}

impl<'a> OriginOut<'a> {
    fn of(Attribution { origin, items, reversal }: &'a Attribution, is_alone: bool) -> Self {
        let items = (!is_alone).then_some(ItemsText(items));
        Self { client: origin.client.as_str(), seq: origin.seq, reversal: ReversalText::of(*reversal), items }
    }
}

#[derive(Deserialize)]
struct OriginIn<'a> {
    #[serde(borrow)]
    client: Cow<'a, str>,
    seq: u64,
    undo: Option<u64>,
    redo: Option<u64>,
    #[serde(borrow)]
    items: Option<ItemsIn<'a>>,
}

impl OriginIn<'_> {
    /// Reads the attribution, in a delta of this update.
    fn read(self, update: &Update) -> Result<Attribution, BadInput> {
        let client = ClientId::new(&self.client).map_err(BadInput::form)?;
        let items = match self.items {
            Some(items) => items.read()?,
            None => update.items().collect(),
        };
        let reversal = reversal(self.undo, self.redo)?;
        Ok(Attribution { origin: Origin { client, seq: self.seq }, items, reversal })
    }
}

/// The verdict on a change of the entry that was not simply applied.
#[derive(Serialize)]
struct RefusedOut<'a> {
    change: usize,
    #[serde(flatten)]
    why: WhyOut<'a>,
}

#[derive(Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
enum WhyOut<'a> {
    Changed { items: ItemsText<'a> },
    Repeated { position: String },
    KeyReused,
    RigLimit,
    Applied,
    Unknown,
}

impl<'a> WhyOut<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        match verdict {
            Verdict::Applied => Self::Applied,
            Verdict::Changed(items) => Self::Changed { items: ItemsText(items) },
            Verdict::Repeated(position) => Self::Repeated { position: position.to_string() },
            Verdict::KeyReused => Self::KeyReused,
            Verdict::NoRoom => Self::RigLimit,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

/// A verdict as received. Its code says which members are read.
#[derive(Deserialize)]
struct RefusedIn<'a> {
    change: usize,
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow)]
    items: Option<ItemsIn<'a>>,
    #[serde(borrow)]
    position: Option<Cow<'a, str>>,
}

impl RefusedIn<'_> {
    fn read(self) -> Result<(usize, Verdict), BadInput> {
        let changed = || -> Result<Vec<Item>, BadInput> { need(self.items.as_ref(), "items")?.read() };
        let verdict = match &*self.code {
            "applied" => Verdict::Applied,
            "changed" => Verdict::Changed(changed()?),
            "repeated" => Verdict::Repeated(need(self.position.as_deref().and_then(parse_position), "position")?),
            "key_reused" => Verdict::KeyReused,
            "rig_limit" => Verdict::NoRoom,
            _ => Verdict::Unknown,
        };
        Ok((self.change, verdict))
    }
}
