//! What ends a round.

use std::io;

use crate::protocol::ProtocolError;

/// Why a round has no result.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The system has refused something, or a connection broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The peer has answered wrongly.
    #[error("{0}")]
    Wrong(String),
    /// Something has not happened in time.
    #[error("{0}")]
    Late(String),
    /// What the peer has sent is not of its protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
}

impl Fault {
    /// A wrong answer, with the begin of what was read.
    pub(crate) fn wrong(what: &str, bytes: &[u8]) -> Self {
        const SHOWN: usize = 200;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]);
        Self::Wrong(if shown.is_empty() { what.to_owned() } else { format!("{what}: {shown:?}") })
    }
}
