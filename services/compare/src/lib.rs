//! Ghostlight beside other servers that share the levels of dimmers: starts them ([`peer`]), speaks their protocols
//! ([`protocol`]), measures them by the same work ([`work`]) and writes what was measured ([`report`]).

mod fault;
mod generator;
pub mod peer;
pub mod protocol;
pub mod report;
pub mod work;

pub use fault::Fault;
