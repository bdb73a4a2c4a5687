//! `error`: something was refused.

use serde::{Deserialize, Serialize};

use crate::fault::BadInput;

/// Something was refused. The connection stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorMessage {
    /// The client's number for the change that was refused, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The kind of problem: the name of a [`Code`](crate::Code), or one that a newer server knows.
    pub code: String,
    /// What was wrong, for people.
    pub message: String,
    /// Where the change stands in its trace, if it has one.
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
