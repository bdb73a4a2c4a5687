//! The errors that end a run.

use std::fmt::Display;
use std::io;

use tokio_tungstenite::tungstenite;

/// Why a run has no report.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The load would leave this machine.
    #[error("{0} is not a loopback address: --allow-remote sends the load to a server of yours elsewhere")]
    Remote(String),
    /// The URL is not that of a server that can be measured.
    #[error("{0:?} is not a URL of the form http://127.0.0.1:8080")]
    Url(String),
    /// The host's name cannot be resolved.
    #[error("{host}: {source}")]
    Resolve {
        /// The host's name.
        host: String,
        /// The resolver's error.
        source: io::Error,
    },
    /// The NATS servers cannot be measured.
    #[error("{0} (--nats wants the NATS servers that the measured gateway uses)")]
    Nats(Fault),
    /// The run was ended early.
    #[error("the run was ended before it was over")]
    Ended,
    /// The bare server did not start.
    #[error("the yardstick could not be started (--no-yardstick goes without): {0}")]
    Yardstick(io::Error),
    /// A round failed: a wrong answer, a broken connection, or no answer in time.
    #[error("{measure}, {side}: {fault}")]
    Round {
        /// The measure's name in the report.
        measure: String,
        /// The contender's name.
        side: &'static str,
        /// Why the round failed.
        fault: Fault,
    },
}

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An answer was wrong.
    #[error("wrong answer: {0}")]
    Wrong(String),
    /// An answer did not come in time.
    #[error("not in time: {0}")]
    Late(String),
    /// The connection failed.
    #[error("connection: {0}")]
    Io(#[from] io::Error),
    /// The WebSocket failed.
    #[error("WebSocket: {0}")]
    WebSocket(#[from] Box<tungstenite::Error>),
    /// NATS refused a request, or cannot be reached.
    #[error("NATS: {0}")]
    Nats(String),
    /// A task of the load ended early.
    #[error("the load itself failed: {0}")]
    Load(#[from] tokio::task::JoinError),
}

impl From<tungstenite::Error> for Fault {
    fn from(error: tungstenite::Error) -> Self {
        Self::WebSocket(Box::new(error))
    }
}

impl Fault {
    /// An error of NATS. Its client has a different error type for each operation.
    pub(crate) fn nats(error: impl Display) -> Self {
        Self::Nats(error.to_string())
    }

    /// A wrong answer, of which the first 200 bytes are shown.
    pub(crate) fn wrong(what: &str, answer: &[u8]) -> Self {
        const SHOWN: usize = 200;
        let cut = &answer[..answer.len().min(SHOWN)];
        Self::Wrong(format!("{what}, got {:?}", String::from_utf8_lossy(cut)))
    }
}
