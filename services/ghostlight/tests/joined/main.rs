//! Gateways and state services in processes of their own, joined by real NATS and PostgreSQL servers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "a run tells what it did")]

mod cluster;
mod deployment;
mod process;
mod support;

mod away;
mod bench;
mod fair;
mod faults;
mod newcomer;
mod partitions;
mod readme;
mod removed;
mod roles;
mod rolling;
mod starting;
mod tail;
mod versions;
mod words;
