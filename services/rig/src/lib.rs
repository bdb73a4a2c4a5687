//! The pure core: the contents of a rig, the fold of changes into it, and the replicas that follow it.
//!
//! A [`Change`] is what one client asked for in one request. Gateways gather changes into an [`Entry`] of the log. The
//! state service folds entries, in the log's order, into [`Rigs`]; each fold yields a [`Delta`]. A [`Replica`] takes
//! in deltas, beacons and snapshots. Each returns a [`Received`], which says what the replica's owner must do next.
//!
//! Every reader downstream is a cursor: [`RigMap::since`] returns what has changed after a revision, however old the
//! revision is. So catching up and conflating are one operation.
//!
//! The core has no I/O, no async, no clock, no randomness and no serialisation: its callers pass events in, and carry
//! out what it returns.

#![allow(clippy::clone_on_copy, reason = "the keys of some kinds are Copy, those of others are not")]

mod attribution;
#[macro_use]
pub mod kinds;

mod change;
mod delta;
mod digest;
mod digests;
mod dimmer;
mod fnv;
mod held;
mod history;
mod idempotency;
mod image;
mod level;
mod look;
mod map;
mod name;
mod partition;
mod position;
mod presence;
mod replica;
mod reversal;
mod rig;
mod rigs;
mod store_id;
mod trace;
mod upload;
pub mod word;
mod word_part;

pub use attribution::Attribution;
pub use change::{Action, Change, Entry, Origin, Said};
pub use delta::{Beacon, Delta, Snapshot, Verdict};
pub use digest::Digest;
pub use digests::Digests;
pub use dimmer::Dimmer;
pub use history::{History, MAX_UNDO, Reversed};
pub use idempotency::{Fingerprint, IdempotentChange, REMEMBERED_KEYS};
pub use image::{Image, RigImage};
pub use kinds::{
    Bound, Changed, Form, Interest, Item, ItemKey, KeyOf, Kind, KindId, KindVisitor, Labels, Levels, Listed, NoKey,
    Scalar, Shape, Slot, Slots, State, Update, visit_kinds,
};
pub use level::{Level, LevelError, write_percent};
pub use look::Look;
pub use map::RigMap;
pub use name::{ClientId, ConsoleKind, ConsoleName, ItemName, Key, Label, NameError, RigName};
pub use partition::{Partition, PartitionError, Partitions};
pub use position::{Epoch, LogPosition, LogTime, Position, Revision, Stamp};
pub use presence::{Console, MAX_GATEWAYS, MAX_LISTED, Presence, ROSTER_HOLDS_MS, Roster};
pub use replica::{Received, Replica};
pub use reversal::{Reversal, Reverse};
pub use rig::Rig;
pub use rigs::{MAX_ITEMS, Rigs};
pub use store_id::StoreId;
pub use trace::TraceContext;
pub use upload::Upload;
pub use word::{MAX_WORD_CHARS, Word, WordError};
pub use word_part::{PartNumber, WordPart};
