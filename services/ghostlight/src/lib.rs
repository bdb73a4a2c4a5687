//! What the one binary is made of: the server, wired from its parts, and the command line.

mod admin;
pub mod args;
pub mod cli;
mod examples;
pub mod keeping;
pub mod serve;
pub mod server;
