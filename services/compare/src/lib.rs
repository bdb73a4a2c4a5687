//! Ghostlight beside other servers that share the levels of dimmers: starts them ([`peer`]), and speaks their protocols
//! ([`protocol`]).

pub mod peer;
pub mod protocol;
