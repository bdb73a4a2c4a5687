//! Which codec a connection takes.

use serde::Deserialize;

use super::http::Connection;
use super::role::Role;
use super::{Http, Mqtt, NatsKv, Protocol, Redis, SocketIo, WebSocket};

/// What the clients of a peer speak, as `peer.toml` names it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// HTTP and WebSocket: Ghostlight's plain protocol.
    Plain,
    /// Socket.IO, and the plain protocol's HTTP.
    #[serde(rename = "socketio")]
    SocketIo,
    /// A key-value bucket of NATS.
    NatsKv,
    /// MQTT.
    Mqtt,
    /// Redis.
    Redis,
}

impl Kind {
    /// The codec of one connection to the server at `host`, such as `127.0.0.1:8080`. No two connections that are open at
    /// once may have the same number.
    pub fn protocol(self, host: &str, role: Role, connection: u64) -> Box<dyn Protocol> {
        match (self, role) {
            (Self::Plain | Self::SocketIo, Role::Writer) => Box::new(Http::new(host, Connection::Kept)),
            (Self::Plain | Self::SocketIo, Role::Once) => Box::new(Http::new(host, Connection::Closed)),
            (Self::Plain, Role::Listener) => Box::new(WebSocket::new(host)),
            (Self::SocketIo, Role::Listener) => Box::new(SocketIo::new(host)),
            (Self::NatsKv, _) => Box::new(NatsKv::new(role, connection)),
            (Self::Mqtt, _) => Box::new(Mqtt::new(role, connection)),
            (Self::Redis, _) => Box::new(Redis::new(role)),
        }
    }

    /// Whether a peer of this kind has `GET /` and `POST /`.
    pub fn has_http(self) -> bool {
        matches!(self, Self::Plain | Self::SocketIo)
    }
}
