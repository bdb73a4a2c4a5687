//! The pure core: what a rig is, how changes fold into it, and how replicas follow it.
//!
//! A [`Change`] is what one client asked for at once. Gateways gather changes into an [`Entry`] of the log. The state
//! service folds entries, in the log's order, into [`Rigs`]; each fold yields a [`Delta`]. Whoever holds a [`Replica`]
//! takes deltas, beacons and snapshots in, and learns what to do next from what [`Received`] says.
//!
//! Everything downstream is a cursor: [`RigMap::since`] answers what has changed after a revision, however long ago
//! that was, so catching up and conflating are one operation.
//!
//! There is no I/O here, no async, no clock, no randomness and no serialisation: what happened comes in, what to do
//! goes out.

#![allow(clippy::clone_on_copy, reason = "the keys of some kinds are Copy, those of others are not")]

mod attribution;
#[macro_use]
pub mod kinds;

mod change;
mod delta;
mod digest;
mod dimmer;
mod fnv;
mod idempotency;
mod image;
mod level;
mod map;
mod name;
mod partition;
mod position;
mod presence;
mod replica;
mod rig;
mod rigs;
mod store_id;
mod trace;

pub use attribution::Attribution;
pub use change::{Change, Entry, Origin};
pub use delta::{Beacon, Delta, Snapshot, Verdict};
pub use digest::{Digest, Digests};
pub use dimmer::Dimmer;
pub use idempotency::{Fingerprint, IdempotentChange, REMEMBERED_KEYS};
pub use image::{Image, RigImage};
pub use kinds::{
    Changed, Form, Interest, Item, ItemKey, KeyOf, Kind, KindId, KindVisitor, Labels, Levels, Listed, NoKey, Scalar,
    Shape, Slot, Slots, State, Update, visit_kinds,
};
pub use level::{Level, LevelError};
pub use map::RigMap;
pub use name::{ClientId, ConsoleKind, ConsoleName, ItemName, Key, Label, NameError, RigName};
pub use partition::{Partition, PartitionError, Partitions};
pub use position::{Epoch, LogPosition, LogTime, Position, Revision, Stamp};
pub use presence::{Console, MAX_GATEWAYS, MAX_LISTED, Presence, ROSTER_HOLDS_MS, Roster};
pub use replica::{Received, Replica};
pub use rig::Rig;
pub use rigs::Rigs;
pub use store_id::StoreId;
pub use trace::TraceContext;
