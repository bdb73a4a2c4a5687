//! Entries as the log holds them.

use std::borrow::Cow;

use bytes::Bytes;
use ghostlight_rig::{Action, Change, ClientId, Entry, Interest, Key, KindId, NameError, Origin};
use serde::{Deserialize, Serialize};

use crate::envelope::Message;
use crate::fault::BadInput;
use crate::members::{ChangeText, kind_names};
use crate::text::{is_false, parse_position};
use crate::trace::{parse_traceparent, traceparent};

/// What an entry needs if one of its changes replaces the rig.
const REPLACE: &str = "replace";

/// What an entry needs if one of its changes removes the rig.
const REMOVE: &str = "remove";

/// What this version knows of that an entry may need.
const NEEDS: [&str; 2] = [REPLACE, REMOVE];

/// The text of an entry: `{"changes": [{…members of kinds, "client"?, "seq"?, "if_match"?, "if_made"?, "idempotency_key"?,
/// "traceparent"?, "replace"?, "remove"?}, …], "needs"?: ["replace", "remove"]}`. An older version that ignored what an entry needs
/// would fold it to another map.
pub fn encode_entry(entry: &Entry) -> Bytes {
    let changes = entry.changes().iter().map(|change| ChangeOut {
        members: ChangeText(&change.update),
        client: change.origin.as_ref().map(|origin| origin.client.as_str()),
        seq: change.origin.as_ref().map(|origin| origin.seq),
        if_match: change.if_match.map(|position| position.to_string()),
        if_made: change.if_made,
        idempotency_key: change.idempotency_key.as_ref().map(Key::as_str),
        traceparent: change.trace.map(traceparent),
        replace: match change.action {
            Action::Replace(kinds) => Some(kinds.kinds().map(KindId::name).collect()),
            _ => None,
        },
        remove: change.action == Action::Remove,
    });
    let changes: Vec<_> = changes.collect();
    let is_needed = |need: &&str| match *need {
        REPLACE => changes.iter().any(|change| change.replace.is_some()),
        _ => changes.iter().any(|change| change.remove),
    };
    let needs = NEEDS.into_iter().filter(is_needed).collect();
    serde_json::to_vec(&EntryOut { changes, needs }).expect("an entry can be written as JSON").into()
}

/// Reads an entry. Members that a newer version adds are ignored, unless the entry says that it `needs` them. Then this
/// version cannot fold the entry, because every state service must fold every entry to the same map.
///
/// # Errors
/// [`EntryError`] if it is not an entry, or needs what this version does not know.
pub fn decode_entry(text: &[u8]) -> Result<Entry, EntryError> {
    let entry = match Message::<EntryEnvelope<'_>>::read(text) {
        Ok(message) => message.envelope,
        // What a newer version needs may be in members that cannot be read here.
        Err(bad) => match serde_json::from_slice(text) {
            Ok(NeedsIn { needs: Some(needs) }) => match needs.iter().find(|need| !NEEDS.contains(&&***need)) {
                Some(need) => return Err(EntryError::Needs(need.to_string())),
                None => return Err(bad.into()),
            },
            _ => return Err(bad.into()),
        },
    };
    if let Some(need) = entry.needs.unwrap_or_default().iter().find(|need| !NEEDS.contains(&&***need)) {
        return Err(EntryError::Needs(need.to_string()));
    }
    Ok(entry_of(entry.changes.unwrap_or_default())?)
}

/// Why an entry was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// It needs something that only a newer version knows. It must not be passed over: the newer version folds it.
    #[error("it needs {0:?}, which only a newer version understands")]
    Needs(String),
    /// It is not an entry, for every version alike.
    #[error(transparent)]
    Bad(#[from] BadInput),
}

#[derive(Deserialize)]
struct NeedsIn<'a> {
    #[serde(borrow)]
    needs: Option<Vec<Cow<'a, str>>>,
}

fn entry_of(changes: Vec<Message<'_, ChangeEnvelope<'_>>>) -> Result<Entry, BadInput> {
    let mut changes = changes.into_iter().map(read);
    let first = changes.next().ok_or_else(|| BadInput::Form("an entry has at least one change".to_owned()))??;
    let mut entry = Entry::new(first);
    for change in changes {
        let closed = |_| {
            BadInput::Form(
                "a change with a key is the last of its entry, and one of the whole rig is alone in it".to_owned(),
            )
        };
        entry.push(change?).map_err(closed)?;
    }
    Ok(entry)
}

fn read(Message { envelope, members }: Message<'_, ChangeEnvelope<'_>>) -> Result<Change, BadInput> {
    let form = |error: NameError| BadInput::Form(error.to_string());
    let origin = match (envelope.client, envelope.seq) {
        (Some(client), Some(seq)) => Some(Origin { client: ClientId::new(&client).map_err(form)?, seq }),
        _ => None,
    };
    let position = |text: &Cow<'_, str>| {
        parse_position(text).ok_or_else(|| BadInput::Form("if_match is a position, epoch-revision".to_owned()))
    };
    if members.are_missing() {
        return Err(BadInput::Form(format!("a change has {}", kind_names())));
    }
    let update = members.read()?;
    let action = match (&envelope.replace, envelope.remove.unwrap_or_default()) {
        (None, false) => Action::Set,
        (Some(kinds), false) => Action::Replace(Interest::named(kinds.iter().map(|name| &**name))),
        (None, true) if update.is_empty() => Action::Remove,
        _ => return Err(BadInput::Form("a change that removes the rig does nothing else".to_owned())),
    };
    Ok(Change {
        update,
        action,
        origin,
        if_match: envelope.if_match.as_ref().map(position).transpose()?,
        if_made: envelope.if_made,
        idempotency_key: envelope.idempotency_key.as_deref().map(Key::new).transpose().map_err(form)?,
        trace: envelope.traceparent.as_deref().and_then(parse_traceparent),
    })
}

envelope! {
    /// The members of a change beside those of kinds.
    open ChangeEnvelope<'a> {
        client "client": Cow<'a, str>,
        seq "seq": u64,
        if_match "if_match": Cow<'a, str>,
        if_made "if_made": bool,
        idempotency_key "idempotency_key": Cow<'a, str>,
        traceparent "traceparent": Cow<'a, str>,
        replace "replace": Vec<Cow<'a, str>>,
        remove "remove": bool,
    }
}

#[derive(Serialize)]
struct EntryOut<'a> {
    changes: Vec<ChangeOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs: Vec<&'static str>,
}

#[derive(Serialize)]
struct ChangeOut<'a> {
    #[serde(flatten)]
    members: ChangeText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_match: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_made: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    /// The kinds that are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    replace: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "is_false")]
    remove: bool,
}

envelope! {
    /// The members of an entry.
    open EntryEnvelope<'a> {
        needs "needs": Vec<Cow<'a, str>>,
        changes "changes": Vec<Message<'a, ChangeEnvelope<'a>>>,
    }
}
