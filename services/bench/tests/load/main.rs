//! The measures against servers that answer right and wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod joined;
mod measures;
mod support;
mod wrong;
