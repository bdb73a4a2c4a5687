//! Ghostlight under load: the measures, their yardsticks and the report.
//!
//! It stands outside of the way of a change: it drives a running server through real sockets, as clients do, and knows
//! the wire only as text. Beside the server it drives a yardstick, a bare server that carries the same bytes and keeps
//! nothing (`peer`), and alternates between the two, so that ratios hold on a machine where absolute figures wander.
//! Beside a deployment that NATS joins it drives NATS alone, too (`nats`).
//!
//! - `contender`: who is measured.
//! - `measure`: one round of one measure against one of them; every answer is checked, a wrong one ends the run.
//! - `runner`: which measures, how often, against whom.
//! - `report`, `table`, `wanted`: medians, ratios and what was wanted, as JSON and for people.
//!
//! The load comes from the machine it measures, so it is kept lean: requests are made up front, answers are compared as
//! bytes, and the levels in a message are scanned, not deserialised.

mod contender;
mod failure;
mod levels;
mod log;
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
