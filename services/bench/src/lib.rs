//! Ghostlight under load: the measures, their yardsticks and the report.
//!
//! This crate is not part of the way of a change: it drives a running server through real sockets, as clients do, and
//! treats the wire as text. Beside the server it drives a yardstick, a bare server that carries the same bytes and
//! keeps nothing (`peer`). It alternates between the two, so that ratios are stable on a machine where absolute figures
//! are not. Beside a deployment that uses NATS, it also drives NATS alone (`nats`).
//!
//! - `contender`: what is measured.
//! - `measure`: one round of one measure against one contender; every answer is checked, and a wrong one ends the run.
//! - `runner`: which measures, how often, against which contenders.
//! - `report`, `table`, `wanted`: medians, ratios and wanted figures, as JSON and for people.
//!
//! The load runs on the machine that it measures, so it is kept lean: requests are made up front, answers are compared
//! as bytes, and levels in messages are scanned, not deserialised.

mod contender;
mod failure;
mod levels;
mod log;
mod lookup;
mod measure;
mod nats;
mod options;
mod peer;
mod process;
mod report;
mod runner;
mod table;
mod tally;
mod target;
mod wanted;
mod wire;

pub use failure::{Failure, Fault};
pub use log::Log;
pub use options::{Effort, Measure, NatsServers, Options, Yardstick};
pub use peer::{bare_peer, serve_bare};
pub use report::{Bound, Measured, Ratio, Report, Side, Wanted};
pub use runner::run;
