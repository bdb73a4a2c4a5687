//! The consistency checker: a judge of what consoles saw, and a driver that makes them see it.
//!
//! - [`Judge`] is pure: what clients lived through ([`Event`]) comes in, what is wrong with it ([`Violation`]) goes out. It
//!   knows nothing of servers, only what they promise ([`Law`]).
//! - [`Driver`] runs clients against gateways. They write, break off and come back, do literally what they are told
//!   ([`NaiveReplica`]), and tell the judge everything.
//! - [`Report`] is what a run came to.
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
//! It judges levels; that nobody touches labels, the grand master and blackout it takes from the digests. A level tells
//! which write it is from only among the last 10,000 writes to its dimmer. That a dimmer is without a level may be from
//! any change that forgot it, so an unanswered one can excuse what another did. And what happened between two positions
//! that nobody saw is nobody's fault.

mod driver;
mod event;
mod judge;
mod law;
mod naive_replica;
mod report;
mod violation;

pub use driver::{Counts, Driver, Mark, Options, Pace, Progress, Running, StartError};
pub use event::{Event, News, Way, Who};
pub use judge::{Judge, Tolerates};
pub use law::Law;
pub use naive_replica::NaiveReplica;
pub use report::Report;
pub use violation::{Known, Named, Shown, Side, Violation};
