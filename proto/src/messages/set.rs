//! `set`: a change that a client asks for.

use std::borrow::Cow;

use ghostlight_rig::{TraceContext, Update};
use serde::Serialize;

use crate::MAX_SAFE_INTEGER;
use crate::envelope::Message;
use crate::fault::BadInput;
use crate::members::{ChangeText, kind_names};
use crate::trace::{parse_traceparent, traceparent};

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

envelope! {
    /// What a set has beside its members of kinds. It has nothing else: a client that asks for more than is understood
    /// must not get less.
    strict SetEnvelope<'a> {
        _type "type": Cow<'a, str>,
        seq "seq": u64,
        traceparent "traceparent": Cow<'a, str>,
    }
}

impl Set {
    /// Reads it.
    pub(crate) fn read(json: &str) -> Result<Self, BadInput> {
        let Message { envelope, members } = Message::<SetEnvelope<'_>>::read(json.as_bytes())?;
        let seq = envelope.seq.filter(|&seq| seq <= MAX_SAFE_INTEGER);
        let seq = seq.ok_or_else(|| BadInput::form("a set has a seq, a whole number from 0 to 2^53 - 1"))?;
        if members.are_missing() {
            return Err(BadInput::form(format_args!("a set has {}", kind_names())));
        }
        let trace = envelope.traceparent.as_deref().and_then(parse_traceparent);
        Ok(Self { seq, update: members.read()?, trace })
    }

    /// Its text.
    pub(crate) fn encode(&self) -> String {
        let text = SetOut {
            message: "set",
            seq: self.seq,
            members: ChangeText(&self.update),
            traceparent: self.trace.map(traceparent),
        };
        serde_json::to_string(&text).expect("a set can be written as JSON")
    }
}

#[derive(Serialize)]
struct SetOut<'a> {
    #[serde(rename = "type")]
    message: &'static str,
    seq: u64,
    #[serde(flatten)]
    members: ChangeText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}
