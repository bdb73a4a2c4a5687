//! The messages: one file each.

pub(crate) mod ack;
pub(crate) mod client;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod hello;
pub(crate) mod presence;
mod reversal;
pub(crate) mod server;
pub(crate) mod set;
pub(crate) mod snapshot;
pub(crate) mod upload;

mod beacon;
mod delta;
mod message_type;
