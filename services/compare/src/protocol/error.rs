//! What is wrong with what a peer sent.

use thiserror::Error;

/// How much of a wrong message an error shows, in bytes.
const SHOWN: usize = 200;

/// A peer broke its protocol, or refused.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{what}: {sent:?}")]
pub struct ProtocolError {
    what: &'static str,
    sent: String,
}

impl ProtocolError {
    pub(super) fn new(what: &'static str, sent: &[u8]) -> Self {
        let shown = &sent[..sent.len().min(SHOWN)];
        Self { what, sent: String::from_utf8_lossy(shown).into_owned() }
    }
}
