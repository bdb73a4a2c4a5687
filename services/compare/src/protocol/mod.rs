//! How a client of a peer speaks: bytes in, bytes out, no I/O.
//!
//! A blocking client and a load generator use the same codecs. [`Kind`] makes the codec of one connection.

mod error;
mod http;
mod kind;
mod levels;
mod mqtt;
mod nats;
mod redis;
mod role;
mod socketio;
mod stage;
mod websocket;

pub use error::ProtocolError;
pub use http::{Connection, Http};
pub use kind::Kind;
pub use mqtt::Mqtt;
pub use nats::NatsKv;
pub use redis::Redis;
pub use role::Role;
pub use socketio::SocketIo;
pub use stage::Stage;
pub use websocket::WebSocket;

/// What a client understands of what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The client may set and will be told: handshake and subscription are done, and the first map was read.
    Ready,
    /// A dimmer is at this level.
    Level {
        /// 1 to 65,535.
        dimmer: u16,
        /// In hundredths of a percent, 0 to 10,000.
        level: u16,
    },
    /// The server has answered a set of this client. Only some protocols answer.
    Answered,
}

/// The client's side of a protocol. One value serves one connection.
pub trait Protocol: Send + Sync {
    /// What a client sends first. Protocols that need nothing are ready at once, and return true.
    fn open(&self, out: &mut Vec<u8>) -> bool;

    /// Sets a dimmer to a level in hundredths of a percent.
    fn set(&self, dimmer: u16, level: u16, out: &mut Vec<u8>);

    /// Reads all whole messages at the start of `bytes`. Writes what must be replied (pongs, acknowledgements, the next
    /// step of a handshake) to `out`. Returns the number of bytes used.
    ///
    /// # Errors
    /// The peer breaks its protocol or refuses; the error shows what it sent.
    fn read(
        &self,
        stage: &mut Stage,
        bytes: &[u8],
        out: &mut Vec<u8>,
        on: &mut dyn FnMut(Event),
    ) -> Result<usize, ProtocolError>;
}

#[cfg(test)]
mod testing;
