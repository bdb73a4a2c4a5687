//! Gateways and state services in processes of their own, joined by real NATS and PostgreSQL servers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod house;
mod process;
mod support;

mod away;
mod bench;
mod roles;
mod starting;
mod tail;
