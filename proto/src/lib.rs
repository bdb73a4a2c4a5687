//! The wire: every message that enters or leaves Ghostlight, and the way between text and domain.
//!
//! All parsing of outside input lives here, so that inside nothing is checked twice. Everything is JSON. What has no
//! serialisation of its own ([`ghostlight_rig`] knows none) gets it here.

mod attribution;
mod client;
mod entry;
mod fault;
mod levels;
mod number;
mod presence;
mod problem;
mod rigs;
mod server;
pub mod subjects;
mod text;
mod trace;
mod update;

pub use client::{ClientMessage, Hello, Set, Wants};
pub use entry::{decode_entry, encode_entry};
pub use fault::{BadInput, Fault, MAX_FAULTS, Unread};
pub use levels::{LevelsText, parse_dimmer, parse_levels};
pub use number::{LevelError, parse_level};
pub use presence::encode_consoles;
pub use problem::Problem;
pub use rigs::{RigSummary, encode_rigs, join_rigs, lists_rig};
pub use server::{Ack, Decoded, ErrorMessage, ServerMessage, Timing, decode, with_output};
pub use text::{etag, parse_etag, parse_position};
pub use trace::{TRACEPARENT, parse_traceparent, traceparent};
pub use update::{StateText, UpdateText, parse_update};

/// The OpenAPI description of the HTTP interface, as JSON.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// The WebSocket subprotocol of the full protocol.
pub const SUBPROTOCOL: &str = "ghostlight.v1";

/// The largest number that a browser holds exactly, and so the largest `seq`.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
