//! Lean clients. They share the machine with the server, so what they use is lost to the server.

mod http;
mod socket;

pub(crate) use http::{Http, get, post, request};
pub(crate) use socket::{Socket, close_all, connect, follow, follow_many, next_text, send};
