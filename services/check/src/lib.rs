//! The consistency checker: a judge of what consoles saw, and a driver that makes them see it.
//!
//! - [`Judge`] is pure: events of clients come in, violations of laws go out.
//! - [`Driver`] runs clients against gateways, which write, break off and come back, and tell the judge everything.
//! - [`Report`] is what a run came to.

mod driver;
mod event;
mod judge;
mod law;
mod literal;
mod report;
mod violation;

pub use driver::{Counts, Driver, Mark, Options, Pace, Progress, Running, StartError};
pub use event::{Event, News, Way, Who};
pub use judge::{Judge, Tolerates};
pub use law::Law;
pub use literal::Literal;
pub use report::Report;
pub use violation::{Known, Named, Shown, Side, Violation};
