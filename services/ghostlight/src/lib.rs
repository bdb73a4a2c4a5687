//! The library of the one binary: the server, built from its parts, and the command line.

mod access;
mod admin;
pub mod args;
mod backup_route;
pub mod cli;
pub mod config;
mod default_passwords;
pub mod environment;
mod greeting;
mod open_files;
pub mod serve;
pub mod server;
mod signals;
pub mod state_role;
