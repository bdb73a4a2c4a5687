//! The bus: the ordered log, to which gateways append changes, and the echo, which carries the results of the state
//! services back to every gateway.
//!
//! Two traits, [`Log`] and [`Echo`], with an adapter for each technology: [`memory`] serves one process, [`nats`] many.
//! Every adapter passes text, not values, so what works in one process works between many.

pub mod memory;
pub mod nats;

mod echo;
mod log;

pub use echo::{Announcement, Announcements, Echo, EchoError, Heard, Question, Request, Requests};
pub use log::{AppendError, DurableOnce, Entries, ForeignStore, Log, LogError, Logged, PassedOver, Read};
