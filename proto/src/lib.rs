//! The wire: every message that enters or leaves Ghostlight, and the conversion between text and domain types.
//!
//! All outside input is parsed here, so that nothing has to be checked again inside. Everything is JSON.
//! [`ghostlight_rig`] has no serialisation; its types get theirs here.

#[macro_use]
mod envelope;

mod code;
mod details;
mod fault;
mod items;
mod members;
mod messages;
mod problem;
mod rigs;
mod say;
mod scalar;
pub mod subjects;
mod text;
mod trace;
mod update;
mod words;

use std::time::Duration;

pub use code::Code;
pub use details::LevelDetails;
pub use fault::{BadInput, Fault, MAX_FAULTS, Unread};
pub use items::ItemsText;
pub use members::{ChangeText, LevelsText, StateText, UpdateText, parse_levels};
pub use messages::ack::{Ack, Timing};
pub use messages::client::ClientMessage;
pub use messages::entry::{EntryError, decode_entry, encode_entry};
pub use messages::error::ErrorMessage;
pub use messages::hello::{Hello, Wants};
pub use messages::presence::encode_consoles;
pub use messages::server::{Decoded, ServerMessage, decode, with_output};
pub use messages::set::Set;
pub use messages::snapshot::{decode_snapshot_request, encode_snapshot_request};
pub use problem::{Problem, TextError};
pub use rigs::{RigSummary, encode_rigs, join_rigs, listed_rigs, lists_rig};
pub use say::{Say, SayAnswer};
pub use scalar::{ScalarText, parse_scalar};
pub use text::{etag, parse_etag, parse_position, without_byte_order_mark};
pub use trace::{TRACEPARENT, parse_traceparent, traceparent};
pub use update::{parse_state, parse_update};
pub use words::{LookText, LookupText, MAX_LOOKUP_BYTES, WordsText, parse_look, parse_text, parse_words};

/// The OpenAPI description of the HTTP interface, as JSON.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// The WebSocket subprotocol of the full protocol.
pub const SUBPROTOCOL: &str = "ghostlight.v1";

/// How often a state service announces every rig, whether or not it changed.
pub const BEACON_INTERVAL: Duration = Duration::from_secs(1);

/// A reader that receives no beacon and no delta for this long (three beacons are missing) treats its map as stale.
pub const STALE_AFTER: Duration = Duration::from_secs(3);

/// The largest number that a browser holds exactly, and so the largest `seq`.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
