//! Lean clients: what they cost is taken from the server that shares the machine.

mod http;
mod socket;

pub(crate) use http::{Http, get, post};
pub(crate) use socket::{Socket, close_all, connect, follow, follow_many, next_text, send};
