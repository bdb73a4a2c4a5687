//! The real server under the consistency checker: it passes, and a fault that is planted between it and the checker's
//! clients does not.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod deployment;
mod gateways;
mod killed;
mod relay;
mod restart;
mod server;
mod sound;
mod spoilt;
