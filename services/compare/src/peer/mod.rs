//! The peers: what `peer.toml` says of each, and their processes.
//!
//! A [`Recipe`] is read from a folder of `services/bench/peers`. [`Peer::start`] runs its command on a free port and in a
//! new data folder, and waits until a client is ready.

mod client;
mod error;
mod lines;
mod places;
mod process;
mod recipe;
mod running;
mod usage;

pub use client::Client;
pub use error::PeerError;
pub use places::Places;
pub use recipe::{Install, Persistence, Promise, Promises, Recipe, Survives};
pub use running::Peer;
