//! What can be seen from outside: one trace for one change, exported over OTLP; metrics; logs; the admin listener.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, reason = "the parts that start processes are shared with other tests")]

#[path = "../joined/process.rs"]
mod process;
#[path = "../joined/support.rs"]
mod support;

mod collector;
mod deployment;

mod admin;
mod counted;
mod export;
mod one_change;
mod readme;
