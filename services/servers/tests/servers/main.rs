//! The servers keep what they promise to the tests that use them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod ending;
mod nats;
mod postgres;
mod prometheus;
mod proxy;
mod support;
