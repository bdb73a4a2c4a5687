//! The yardstick: what the same bytes cost when nothing is kept.

mod bare;
mod spawn;

pub use bare::{bare_peer, serve_bare};
pub(crate) use spawn::Peer;
