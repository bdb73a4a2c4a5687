//! Entries as the log holds them.

use std::borrow::Cow;

use bytes::Bytes;
use ghostlight_rig::{
    Action, Change, ClientId, Entry, Interest, Key, KindId, KindVisitor, Listed, NameError, Origin, Said, visit_kinds,
};
use serde::{Deserialize, Serialize};

use crate::envelope::Message;
use crate::fault::BadInput;
use crate::members::{ChangeText, kind_names};
use crate::messages::reversal::{ReversalText, reversal};
use crate::messages::upload::UploadText;
use crate::text::{is_false, parse_position};
use crate::trace::{parse_traceparent, traceparent};

/// The text of an entry: `{"needs"?: ["replace", "remove", ..., names of kinds], "changes": [{…members of kinds, "client"?,
/// "seq"?, "if_match"?, "if_made"?, "idempotency_key"?, "undo"?, "redo"?, "dictionary"?, "said"?, "selection"?, "traceparent"?,
/// "replace"?, "remove"?}, …]}`. An older version that ignored what an entry needs would fold it to another map.
pub fn encode_entry(entry: &Entry) -> Bytes {
    let changes = entry.changes().iter().map(|change| ChangeOut {
        members: ChangeText(&change.update),
        client: change.origin.as_ref().map(|origin| origin.client.as_str()),
        seq: change.origin.as_ref().map(|origin| origin.seq),
        if_match: change.if_match.map(|position| position.to_string()),
        if_made: change.if_made,
        idempotency_key: change.idempotency_key.as_ref().map(Key::as_str),
        reversal: ReversalText::of(change.reversal),
        dictionary: change.dictionary.map(UploadText::of),
        said: change.said.as_ref().map(|said| said.text.as_str()),
        selection: change.said.as_ref().and_then(|said| said.selection.as_deref()),
        traceparent: change.trace.map(traceparent),
        replace: match change.action {
            Action::Replace(kinds) => Some(kinds.kinds().map(KindId::name).collect()),
            _ => None,
        },
        remove: change.action == Action::Remove,
    });
    let needs = needs(entry);
    serde_json::to_vec(&EntryOut { needs, changes: changes.collect() }).expect("an entry can be written as JSON").into()
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
            Ok(NeedsIn { needs: Some(needs) }) => {
                let unknown = needs.iter().find(|need| !is_known(need));
                return Err(unknown.map_or(EntryError::Bad(bad), |need| EntryError::Needs(need.to_string())));
            }
            _ => return Err(bad.into()),
        },
    };
    if let Some(need) = entry.needs.unwrap_or_default().iter().find(|need| !is_known(need)) {
        return Err(EntryError::Needs(need.to_string()));
    }
    Ok(entry_of(entry.changes.unwrap_or_default())?)
}

/// What an entry needs that has a text with a key.
const SAID: &str = "said";

/// What an entry needs that undoes or redoes a change once, by a key.
const REVERSAL: &str = "reversal";

/// What an entry needs that makes an upload the words of its rig.
const DICTIONARY: &str = "dictionary";

/// What an entry needs if one of its changes replaces the rig.
const REPLACE: &str = "replace";

/// What an entry needs if one of its changes removes the rig.
const REMOVE: &str = "remove";

/// Whether this version understands what an entry needs.
fn is_known(need: &str) -> bool {
    [SAID, REVERSAL, DICTIONARY, REPLACE, REMOVE].contains(&need) || KindId::named(need).is_some()
}

/// What an entry needs: the names of the kinds that it sets items of, if an older version may not know them, and what else
/// decides what happens.
fn needs(entry: &Entry) -> Vec<&'static str> {
    struct Named(Interest, Vec<&'static str>);
    impl KindVisitor for Named {
        fn visit<K: Listed>(&mut self) {
            if K::IS_NAMED && self.0.wants(K::ID) {
                self.1.push(K::NAME);
            }
        }
    }
    let kinds = entry.changes().iter().flat_map(|change| change.update.kinds().kinds()).collect();
    let mut named = Named(kinds, Vec::new());
    visit_kinds(&mut named);
    // It decides what counts as a repeat, and so what happens.
    let is_said_once = |change: &Change| change.said.is_some() && change.idempotency_key.is_some();
    if entry.changes().iter().any(is_said_once) {
        named.1.push(SAID);
    }
    if entry.changes().iter().any(|change| change.reversal.is_some() && change.idempotency_key.is_some()) {
        named.1.push(REVERSAL);
    }
    if entry.changes().iter().any(|change| change.dictionary.is_some()) {
        named.1.push(DICTIONARY);
    }
    if entry.changes().iter().any(|change| matches!(change.action, Action::Replace(_))) {
        named.1.push(REPLACE);
    }
    if entry.changes().iter().any(|change| change.action == Action::Remove) {
        named.1.push(REMOVE);
    }
    named.1
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
            let rule = "a change with a key is the last of its entry, and one of a dictionary or of the whole rig is \
                        alone in it";
            BadInput::Form(rule.to_owned())
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
    let (update, dictionary) = (members.read()?, envelope.dictionary.map(|upload| upload.read()).transpose()?);
    let action = match (&envelope.replace, envelope.remove.unwrap_or_default()) {
        (None, false) => Action::Set,
        (Some(kinds), false) => Action::Replace(Interest::named(kinds.iter().map(|name| &**name))),
        (None, true) if update.is_empty() => Action::Remove,
        _ => return Err(BadInput::Form("a change that removes the rig does nothing else".to_owned())),
    };
    if dictionary.is_some() && (!update.is_empty() || action != Action::Set) {
        return Err(BadInput::Form("a change with a dictionary sets nothing else".to_owned()));
    }
    Ok(Change {
        update,
        dictionary,
        action,
        reversal: reversal(envelope.undo, envelope.redo)?,
        origin,
        if_match: envelope.if_match.as_ref().map(position).transpose()?,
        if_made: envelope.if_made,
        idempotency_key: envelope.idempotency_key.as_deref().map(Key::new).transpose().map_err(form)?,
        said: envelope.said.map(|text| Said { text: text.into(), selection: envelope.selection.map(Cow::into_owned) }),
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
        undo "undo": u64,
        redo "redo": u64,
        dictionary "dictionary": UploadText<'a>,
        said "said": Cow<'a, str>,
        selection "selection": Cow<'a, str>,
        traceparent "traceparent": Cow<'a, str>,
        replace "replace": Vec<Cow<'a, str>>,
        remove "remove": bool,
    }
}

#[derive(Serialize)]
struct EntryOut<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs: Vec<&'static str>,
    changes: Vec<ChangeOut<'a>>,
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
    #[serde(flatten)]
    reversal: ReversalText,
    #[serde(skip_serializing_if = "Option::is_none")]
    dictionary: Option<UploadText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selection: Option<&'a str>,
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
