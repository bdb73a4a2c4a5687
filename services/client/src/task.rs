//! The task that owns the connection: it connects, runs a session, waits, and connects again.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use ghostlight_proto::SUBPROTOCOL;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::error::{ProtocolError, SubProtocolError};
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Error};

use crate::pending::Command;
use crate::session::{End, Session};
use crate::shared::{Ask, Shared, Socket};
use crate::view::View;
use crate::{Options, SetError, State, Status};

/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that lasted this long was a good one, and the next attempt follows soon. Without this, a server that
/// drops every connection at once would be tried ten times a second.
const STABLE_AFTER: Duration = Duration::from_secs(1);

/// The largest message accepted, beyond any message of a server: the map of all dimmers takes about 1 MB.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// The size of each buffer. Small, so that thousands of clients fit into one process, as in the bench.
const BUFFER_BYTES: usize = 4_096;

/// The task, between connections.
pub(crate) struct Task {
    uri: Uri,
    shared: Shared,
    /// What the next connection requests.
    next: Ask,
}

/// Why a connection ended or failed.
struct Failed {
    reason: String,
    /// Whether another attempt would fail too.
    hopeless: bool,
    /// Whether a connection lasted for a while.
    held: bool,
}

impl Task {
    pub(crate) fn new(
        uri: Uri,
        options: Options,
        view: watch::Sender<View>,
        status: watch::Sender<Status>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let shared = Shared { options, view, status, commands, seq: 0 };
        Self { uri, shared, next: Ask::Rest }
    }

    /// Runs until the client is dropped or shut down.
    pub(crate) async fn run(mut self) {
        let pace = self.shared.options.pace;
        // Jitter adds up to the same again, so that the clients of a lost gateway do not all come back at once.
        let waits =
            ExponentialBuilder::new().with_min_delay(pace.backoff_first / 2).with_max_delay(pace.backoff_most / 2);
        let waits = waits.with_jitter().without_max_times();
        let mut backoff = waits.build();
        loop {
            self.shared.status.send_modify(|status| status.state = State::Connecting);
            let Some(failed) = self.connect_once().await else { break };
            if failed.held {
                backoff = waits.build();
            }
            tracing::debug!(reason = failed.reason, "connection lost");
            self.shared.status.send_replace(Status {
                state: State::Offline,
                reason: Some(failed.reason.into()),
                hopeless: failed.hopeless,
            });
            let wait = tokio::time::sleep(backoff.next().expect("attempts have no end"));
            if while_offline(&mut self.shared.commands, wait).await.is_none() {
                break;
            }
        }
        self.shared.status.send_replace(Status { state: State::Closed, ..Status::default() });
    }

    /// Makes and runs one connection; `None` if the owner ended the client.
    async fn connect_once(&mut self) -> Option<Failed> {
        let ask = std::mem::replace(&mut self.next, Ask::Rest);
        let connected = while_offline(&mut self.shared.commands, connect(&self.uri)).await?;
        let began = Instant::now();
        let end = match connected {
            Ok(socket) => Session::new(&mut self.shared, ask).run(socket).await,
            Err(failed) => {
                self.next = ask;
                return Some(failed);
            }
        };
        let held = began.elapsed() > STABLE_AFTER;
        match end {
            End::Stopped => None,
            End::Lost { reason, synced, sent_on } => {
                self.next = if synced { Ask::Rest } else { ask };
                // A server that served the client and then announced its stop was a good one, however short the
                // connection was.
                Some(Failed { reason, hopeless: false, held: held || (synced && sent_on) })
            }
            End::Resync { reason, trust } => {
                self.next = Ask::Snapshot(trust);
                Some(Failed { reason: reason.to_owned(), hopeless: false, held })
            }
        }
    }
}

/// Waits for `future`, and refuses changes meanwhile; `None` if the client has been dropped or shut down.
async fn while_offline<F: Future>(commands: &mut mpsc::Receiver<Command>, future: F) -> Option<F::Output> {
    tokio::pin!(future);
    loop {
        tokio::select! {
            output = &mut future => return Some(output),
            command = commands.recv() => command?.asker.tell(Err(SetError::Offline)),
        }
    }
}

async fn connect(uri: &Uri) -> Result<Socket, Failed> {
    let request = ClientRequestBuilder::new(uri.clone()).with_sub_protocol(SUBPROTOCOL);
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    // Nagle's algorithm is off: a change is small and must not wait for the next.
    let connecting = connect_async_with_config(request, Some(config), true);
    match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(Failed { hopeless: is_hopeless(&error), held: false, reason: describe(&error) }),
        Err(_) => Err(Failed {
            hopeless: false,
            held: false,
            reason: format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()),
        }),
    }
}

/// Whether the server is not a Ghostlight gateway, rather than one that is not ready.
fn is_hopeless(error: &Error) -> bool {
    match error {
        Error::Http(response) => {
            let status = response.status();
            !(status.is_server_error() || status == tungstenite::http::StatusCode::TOO_MANY_REQUESTS)
        }
        Error::Protocol(ProtocolError::HandshakeIncomplete) => false,
        Error::Protocol(_) | Error::HttpFormat(_) | Error::Url(_) => true,
        _ => false,
    }
}

/// The text of an error, for people.
fn describe(error: &Error) -> String {
    match error {
        Error::Http(response) => format!("it answers {} instead of a WebSocket", response.status()),
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(
            SubProtocolError::NoSubProtocol | SubProtocolError::InvalidSubProtocol,
        )) => format!("it did not accept the subprotocol {SUBPROTOCOL}"),
        Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
