//! The pure core: what a rig is, how changes fold into it, and how replicas follow it.
//!
//! A [`Change`] is what one client asked for at once. Gateways gather changes into an [`Entry`] of the log. The state
//! service folds entries, in the log's order, into [`Rigs`]; each fold yields a [`Delta`]. Whoever holds a [`Replica`]
//! takes deltas, beacons and snapshots in, and learns what to do next from what [`Received`] says.
//!
//! Everything downstream is a cursor: [`LevelMap::since`] answers what has changed after a revision, however long ago
//! that was, so catching up and conflating are one operation.
//!
//! There is no I/O here, no async, no clock, no randomness and no serialisation: what happened comes in, what to do
//! goes out.

mod change;
mod delta;
mod digest;
mod dimmer;
mod image;
mod keyed;
mod level;
mod map;
mod name;
mod position;
mod replica;
mod rig;
mod rigs;

pub use change::{Change, Entry, Levels, Origin};
pub use delta::{Beacon, Delta, Snapshot, Verdict};
pub use digest::Digest;
pub use dimmer::Dimmer;
pub use image::{Image, RigImage};
pub use keyed::{Fingerprint, Keyed, REMEMBERED_KEYS};
pub use level::Level;
pub use map::{LevelMap, Slot};
pub use name::{ClientId, Key, NameError, RigName};
pub use position::{Epoch, Position, Revision};
pub use replica::{Received, Replica};
pub use rig::Rig;
pub use rigs::Rigs;
