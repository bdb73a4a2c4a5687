//! `set`: a change that a client asks for.

use std::borrow::Cow;

use ghostlight_rig::{TraceContext, Update};
use serde::Serialize;

use crate::MAX_SAFE_INTEGER;
use crate::envelope::Message;
use crate::fault::BadInput;
use crate::members::{ChangeText, kind_names};
use crate::trace::{parse_traceparent, traceparent};

/// A change that a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The client's own number for the change, below 2^53. Answers carry it.
    pub seq: u64,
    /// The values to set.
    pub update: Update,
    /// The change's place in the client's trace. A `traceparent` that cannot be read counts as none.
    pub trace: Option<TraceContext>,
}

envelope! {
    /// The members of a set beside those of kinds. Others are refused: otherwise a client could ask for something that
    /// this version does not understand, and get less.
    strict SetEnvelope<'a> {
        _type "type": Cow<'a, str>,
        seq "seq": u64,
        traceparent "traceparent": Cow<'a, str>,
    }
}

impl Set {
    /// Reads a set.
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

    /// The message's text.
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
