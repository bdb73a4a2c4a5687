//! The language of commands as its users meet it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bounds;
mod grammar;
mod judge;
mod laws;
mod lookup;
mod support;
mod syntax;
mod texts;
