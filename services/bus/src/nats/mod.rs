//! The bus between processes: JetStream for the log, core NATS for the echo and its questions.
//!
//! The way of a change: a gateway's [`NatsLog`] publishes an entry and waits for the stream's acknowledgement
//! (`append`). Every state service checks that the stream is still the one that it knows (`stream`), and reads it
//! (`entries`). Announcements of state services and questions of gateways go through [`NatsEcho`].

mod address;
mod append;
mod chunks;
mod connect_error;
mod connection;
mod echo;
mod entries;
mod link;
mod log;
mod log_throttle;
mod lost_announcements;
mod names;
mod retention;
mod servers;
mod settings;
mod silence;
mod stream;
mod stream_watch;

pub use connect_error::ConnectError;
pub use connection::{Connection, Standing};
pub use echo::NatsEcho;
pub use log::NatsLog;
pub use names::{Resolve, SystemResolver};
pub use servers::Refusals;
pub use settings::{NatsSettings, StreamSettings};
