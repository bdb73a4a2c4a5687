//! Entries as the log holds them.

use std::borrow::Cow;

use bytes::Bytes;
use ghostlight_rig::{Change, ClientId, Entry, Key, Origin};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::fault::{BadInput, refuse_array};
use crate::text::parse_position;
use crate::trace::{parse_traceparent, traceparent};
use crate::update::{Members, UpdateText, given};

/// The entry's text: `{"changes": [{"levels"?, "labels"?, "master"?, "blackout"?, "client"?, "seq"?, "if_match"?,
/// "idempotency_key"?, "traceparent"?}, ...]}`.
pub fn encode_entry(entry: &Entry) -> Bytes {
    let changes = entry.changes().iter().map(|change| ChangeOut {
        update: (&change.update).into(),
        client: change.origin.as_ref().map(|origin| origin.client.as_str()),
        seq: change.origin.as_ref().map(|origin| origin.seq),
        if_match: change.if_match.map(|position| position.to_string()),
        idempotency_key: change.idempotency_key.as_ref().map(Key::as_str),
        traceparent: change.trace.map(traceparent),
    });
    serde_json::to_vec(&EntryOut { changes: changes.collect() }).unwrap_or_default().into()
}

/// Reads an entry. Members that a newer version adds are passed over, unless the entry says that it `needs` them: then
/// it cannot be folded here, because every state service folds every entry to the same map.
///
/// # Errors
/// [`BadInput`] if it is none, or needs what this version does not know.
pub fn decode_entry(text: &[u8]) -> Result<Entry, BadInput> {
    refuse_array(text)?;
    let entry: EntryIn<'_> = serde_json::from_slice(text)?;
    if let Some(need) = entry.needs.first() {
        return Err(BadInput::form(format_args!("it needs {need:?}, which only a newer version understands")));
    }
    let mut changes = entry.changes.into_iter().map(ChangeIn::read);
    let first = changes.next().ok_or_else(|| BadInput::Form("an entry has at least one change".to_owned()))??;
    let mut entry = Entry::new(first);
    for change in changes {
        let closed = |_| BadInput::Form("a change with a key is the last of its entry".to_owned());
        entry.push(change?).map_err(closed)?;
    }
    Ok(entry)
}

impl ChangeIn<'_> {
    fn read(self) -> Result<Change, BadInput> {
        let form = |error: ghostlight_rig::NameError| BadInput::Form(error.to_string());
        let origin = match (self.client, self.seq) {
            (Some(client), Some(seq)) => Some(Origin { client: ClientId::new(&client).map_err(form)?, seq }),
            _ => None,
        };
        let position = |text: &Cow<'_, str>| {
            parse_position(text).ok_or_else(|| BadInput::Form("if_match is a position, epoch-revision".to_owned()))
        };
        let Self { levels, labels, master, blackout, .. } = self;
        let members = Members { levels, labels, master, blackout };
        if members.are_missing() {
            return Err(BadInput::Form("a change has levels, labels, master or blackout".to_owned()));
        }
        Ok(Change {
            update: members.read()?,
            origin,
            if_match: self.if_match.as_ref().map(position).transpose()?,
            idempotency_key: self.idempotency_key.as_deref().map(Key::new).transpose().map_err(form)?,
            trace: self.traceparent.as_deref().and_then(parse_traceparent),
        })
    }
}

#[derive(Serialize)]
struct EntryOut<'a> {
    changes: Vec<ChangeOut<'a>>,
}

#[derive(Serialize)]
struct ChangeOut<'a> {
    #[serde(flatten)]
    update: UpdateText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_match: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

#[derive(Deserialize)]
struct EntryIn<'a> {
    /// What has to be understood to fold it. This version knows nothing that has to be named.
    #[serde(borrow, default)]
    needs: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    changes: Vec<ChangeIn<'a>>,
}

#[derive(Deserialize)]
struct ChangeIn<'a> {
    #[serde(borrow, default, deserialize_with = "given")]
    levels: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "given")]
    labels: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "given")]
    master: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "given")]
    blackout: Option<&'a RawValue>,
    client: Option<Cow<'a, str>>,
    seq: Option<u64>,
    if_match: Option<Cow<'a, str>>,
    idempotency_key: Option<Cow<'a, str>>,
    traceparent: Option<Cow<'a, str>>,
}
