//! What ends a run.

use std::fmt::Display;
use std::io;

use tokio_tungstenite::tungstenite;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The load would leave this machine.
    #[error("{0} is not a loopback address: --allow-remote sends the load to a server of yours elsewhere")]
    Remote(String),
    /// Not an address that can be measured.
    #[error("{0:?} is no URL of the form http://127.0.0.1:8080")]
    Url(String),
    /// Its name is not known.
    #[error("{host}: {source}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The NATS servers cannot be measured beside it.
    #[error("{0} (--nats wants the NATS servers that the measured gateway uses)")]
    Nats(Fault),
    /// It was ended before it was over.
    #[error("the run was ended before it was over")]
    Ended,
    /// The yardstick did not start.
    #[error("the yardstick could not be started (--no-yardstick goes without): {0}")]
    Yardstick(io::Error),
    /// A round failed: a wrong answer, a broken connection, or nothing in time.
    #[error("{measure}, {side}: {fault}")]
    Round {
        /// The measure.
        measure: String,
        /// Which server.
        side: &'static str,
        /// What happened.
        fault: Fault,
    },
}

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It was answered, and wrongly.
    #[error("wrong answer: {0}")]
    Wrong(String),
    /// It was not answered in time.
    #[error("nothing came in time: {0}")]
    Late(String),
    /// The connection failed.
    #[error("connection: {0}")]
    Io(#[from] io::Error),
    /// The WebSocket failed.
    #[error("WebSocket: {0}")]
    WebSocket(#[from] Box<tungstenite::Error>),
    /// NATS refused something, or cannot be reached.
    #[error("NATS: {0}")]
    Nats(String),
    /// A task of the load itself ended early.
    #[error("the load itself failed: {0}")]
    Load(#[from] tokio::task::JoinError),
}

impl From<tungstenite::Error> for Fault {
    fn from(error: tungstenite::Error) -> Self {
        Self::WebSocket(Box::new(error))
    }
}

impl Fault {
    /// What NATS refused. Its client has an error of its own for everything that it does.
    pub(crate) fn nats(error: impl Display) -> Self {
        Self::Nats(error.to_string())
    }

    /// A wrong answer, of which the start is shown.
    pub(crate) fn wrong(what: &str, answer: &[u8]) -> Self {
        const SHOWN: usize = 200;
        let cut = &answer[..answer.len().min(SHOWN)];
        Self::Wrong(format!("{what}, got {:?}", String::from_utf8_lossy(cut)))
    }
}
