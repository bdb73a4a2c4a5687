//! What the one binary is made of.

pub mod cli;
