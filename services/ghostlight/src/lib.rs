//! What the one binary is made of: the server, wired from its parts, and the command line.

mod admin;
pub mod args;
pub mod cli;
pub mod config;
mod default_passwords;
pub mod serve;
pub mod server;
pub mod state_role;
