//! What the NATS adapter promises beyond the contract, on real servers that are stopped, held, cut off and set back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod appending;
mod cluster;
mod doubt;
mod following;
mod names;
mod owner;
mod partitions;
mod room;
mod sizes;
mod stream;
mod tail;
mod tls;
mod unreadable;

#[path = "../laws/mod.rs"]
mod laws;
#[path = "../support/mod.rs"]
mod support;
