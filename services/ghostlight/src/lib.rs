//! The library of the one binary: the server, built from its parts, and the command line.

mod access;
mod admin;
pub mod args;
pub mod cli;
pub mod config;
mod default_passwords;
pub mod serve;
pub mod server;
pub mod state_role;
