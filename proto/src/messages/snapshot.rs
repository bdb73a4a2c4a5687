//! `snapshot`: the whole map, and the request for it.

use std::borrow::Cow;

use bytes::Bytes;
use ghostlight_rig::{Interest, Position, Snapshot, State};
use serde::{Deserialize, Serialize};

use crate::envelope::Message;
use crate::fault::BadInput;
use crate::items::{ChangedIn, ChangedText, changes_text};
use crate::members::StateText;
use crate::text::{StoreText, is_false, need, read_store, read_time};

envelope! {
    /// The members of a snapshot beside those of kinds.
    open SnapshotEnvelope<'a> {
        _type "type": Cow<'a, str>,
        store "store": Cow<'a, str>,
        epoch "epoch": u64,
        revision "revision": u64,
        time "time": Cow<'a, str>,
        changed "changed": Vec<ChangedIn<'a>>,
        missing "missing": bool,
    }
}

pub(super) fn encode(
    Snapshot { store, position, time, kinds, state, changes, is_missing }: &Snapshot,
) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&SnapshotOut {
        message: "snapshot",
        store: StoreText(*store),
        epoch: position.epoch.0,
        revision: position.revision.0,
        time: time.to_string(),
        members: StateText { state, kinds: *kinds },
        changed: changes_text(changes),
        missing: *is_missing,
    })
}

/// Reads a snapshot. Also returns the text of its levels.
pub(super) fn decode(text: &Bytes) -> Result<(Snapshot, Bytes), BadInput> {
    let Message { envelope, members } = Message::<SnapshotEnvelope<'_>>::read(text)?;
    let update = members.read()?;
    if let Some(item) = update.removed().next() {
        return Err(BadInput::form(format_args!("{}/{} is null in a snapshot", item.kind().name(), item.key())));
    }
    let mut state = State::default();
    state.apply(&update);
    let mut changes = Vec::new();
    for changed in envelope.changed.unwrap_or_default() {
        changes.extend(changed.read()?);
    }
    changes.sort();
    let snapshot = Snapshot {
        store: read_store(envelope.store.as_deref())?,
        position: Position::new(need(envelope.epoch, "epoch")?, need(envelope.revision, "revision")?),
        time: read_time(envelope.time.as_deref())?,
        kinds: members.kinds(),
        state,
        changes,
        is_missing: envelope.missing.unwrap_or_default(),
    };
    Ok((snapshot, members.levels_in(text)))
}

#[derive(Serialize)]
struct SnapshotOut<'a> {
    #[serde(rename = "type")]
    message: &'static str,
    #[serde(skip_serializing_if = "StoreText::is_unknown")]
    store: StoreText,
    epoch: u64,
    revision: u64,
    time: String,
    #[serde(flatten)]
    members: StateText<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<ChangedText>,
    /// The rig does not exist at this position.
    #[serde(skip_serializing_if = "is_false")]
    missing: bool,
}

/// The text of a request for a snapshot of some kinds: `{"kinds": ["levels", "labels"]}`.
pub fn encode_snapshot_request(kinds: Interest) -> Bytes {
    let text = KindsText { kinds: Some(kinds.kinds().map(|kind| kind.name().into()).collect()) };
    serde_json::to_vec(&text).expect("names can be written as JSON").into()
}

/// The kinds that a request for a snapshot wants. A request that is empty or cannot be read wants the default kinds.
pub fn decode_snapshot_request(text: &[u8]) -> Interest {
    let kinds = serde_json::from_slice(text).ok().and_then(|KindsText { kinds }| kinds);
    kinds.map_or_else(Interest::default, |kinds| Interest::named(kinds.iter().map(|name| &**name)))
}

#[derive(Serialize, Deserialize)]
struct KindsText<'a> {
    #[serde(borrow)]
    kinds: Option<Vec<Cow<'a, str>>>,
}
