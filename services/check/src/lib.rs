//! The consistency checker: a judge of what consoles saw, and a driver that runs consoles.
//!
//! - [`Judge`] is pure: it takes in what happened to clients ([`Event`]) and returns violations ([`Violation`]). It
//!   knows nothing about servers, only what they promise ([`Law`]).
//! - [`Driver`] runs clients against gateways. They write, break off and come back, do literally what they are sent
//!   ([`NaiveReplica`]), and report everything to the judge.
//! - [`Report`] is the result of a run.
//!
//! A test that kills and cuts runs its faults while the clients write:
//!
//! ```no_run
//! # use ghostlight_check::{Driver, Options};
//! # async fn example(kill_a_gateway: impl AsyncFn()) -> Result<(), ghostlight_check::StartError> {
//! let urls = vec!["http://127.0.0.1:8080".to_owned(), "http://127.0.0.1:8081".to_owned()];
//! let running = Driver::start(Options { urls, clients: 30, ..Options::default() }).await?;
//! let mark = running.mark();
//! kill_a_gateway().await;
//! println!("{:?}, longest silence {:?}", running.progress(), running.gaps_since(mark).iter().max());
//! let report = running.stop().await;
//! assert!(report.is_good(), "{report}");
//! # Ok(()) }
//! ```
//!
//! # What the judge cannot see
//! It judges levels. For labels, the grand master and blackout it only checks the digests, which show whether they
//! changed. A level identifies its write only among the last 10,000 writes to its dimmer. A missing level may come from
//! any change that forgot the dimmer, so an unanswered change can excuse the fault of another. Anything between two
//! positions that no client saw is not judged.

mod driver;
mod event;
mod judge;
mod law;
mod naive_replica;
mod report;
mod tolerates;
mod violation;

pub use driver::{Counts, Driver, Mark, Options, Pace, Progress, Running, StartError};
pub use event::{Event, News, Way, Who};
pub use judge::Judge;
pub use law::Law;
pub use naive_replica::NaiveReplica;
pub use report::Report;
pub use tolerates::Tolerates;
pub use violation::{Known, Named, Shown, Side, Violation};
