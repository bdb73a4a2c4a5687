//! The bus: the ordered log that gateways append changes to, and the echo that carries what the state services made of
//! them back to every gateway.
//!
//! Two seams, [`Log`] and [`Echo`]; an adapter for each technology. [`memory`] serves one process, [`nats`] many. Texts cross the
//! seams, not values, in every adapter: what works in one process works between many.

pub mod memory;
pub mod nats;

mod echo;
mod log;

pub use echo::{Announcement, Announcements, Echo, EchoError, Heard, Question, Request, Requests};
pub use log::{AppendError, DurableOnce, Entries, ForeignStore, Log, LogError, Logged, PassedOver, Read};
