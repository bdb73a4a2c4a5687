//! The data that the task and its sessions share.

use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::pending::Command;
use crate::view::{Trust, View};
use crate::{Options, Status};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The data that outlives a connection.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) view: watch::Sender<View>,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) commands: mpsc::Receiver<Command>,
    /// The number of the last change that was sent. It continues over all connections, so that no number is used twice.
    pub(crate) seq: u64,
}

/// What a connection requests from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// The changes since the replica's position, if it has one.
    Rest,
    /// A snapshot, whatever the replica holds.
    Snapshot(Trust),
}
