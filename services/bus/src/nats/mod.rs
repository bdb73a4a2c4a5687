//! The bus between processes: JetStream for the log, core NATS for the echo and its questions.
//!
//! Where the parts stand in the way of a change: a gateway's [`NatsLog`] publishes an entry and waits for the stream's
//! acknowledgement (`append`); every state service reads the stream (`entries`), having made sure that it is still the
//! stream that it knows (`stream`); what they announce, and what gateways ask, goes through [`NatsEcho`].

mod address;
mod append;
mod chunks;
mod connection;
mod echo;
mod entries;
mod log;
mod log_throttle;
mod retention;
mod servers;
mod settings;
mod stream;
mod stream_watch;

pub use connection::{ConnectError, Connection, Standing};
pub use echo::NatsEcho;
pub use log::NatsLog;
pub use servers::Refusals;
pub use settings::{NatsSettings, StreamSettings};
