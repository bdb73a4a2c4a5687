//! The laws, one by one: a history that keeps it, and one that breaks it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod changes;
mod history;
mod maps;
