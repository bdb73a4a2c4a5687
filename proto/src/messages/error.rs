//! `error`: a request was refused.

use serde::{Deserialize, Serialize};

use crate::fault::BadInput;

/// A request was refused. The connection stays open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorMessage {
    /// The client's number for the refused change, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The kind of problem: the name of a [`Code`](crate::Code), or one that a newer server knows.
    pub code: String,
    /// What was wrong, in words for people.
    pub message: String,
    /// The change's place in its trace, if it is traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

pub(super) fn encode(error: &ErrorMessage) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&ErrorOut { message: "error", error })
}

pub(super) fn decode(text: &[u8]) -> Result<ErrorMessage, BadInput> {
    Ok(serde_json::from_slice(text)?)
}

#[derive(Serialize)]
struct ErrorOut<'a> {
    #[serde(rename = "type")]
    message: &'static str,
    #[serde(flatten)]
    error: &'a ErrorMessage,
}
