//! The bare server, a yardstick: what the same bytes cost when the server keeps nothing.

mod bare;
mod spawn;

pub use bare::{bare_peer, serve_bare};
pub(crate) use spawn::Peer;
