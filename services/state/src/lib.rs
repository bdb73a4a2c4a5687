//! The state service: folds the log into the rigs, announces what that did, and saves it.
//!
//! One task owns the rigs. Each entry is folded and announced at once; the store is a cursor behind that, and takes
//! everything that has changed since its last save in one transaction. When a save fails, the service starts over from
//! what the store holds, as it would after a crash: what was not saved has then not happened, for everyone alike.

mod beacon_schedule;
mod fold;
mod instruments;
mod phase;
mod recovery;
mod requested;
mod service;

use std::sync::Arc;

use ghostlight_bus::{Echo, EchoError, Log, LogError};
use ghostlight_rig::{Partition, RigName};
use ghostlight_store::{Store, StoreError};

pub use instruments::Instruments;
pub use service::StateService;

/// What a state service works with.
#[derive(Clone)]
pub struct Parts {
    /// Where changes come from.
    pub log: Arc<dyn Log>,
    /// Where they are announced.
    pub echo: Arc<dyn Echo>,
    /// Where they are saved.
    pub store: Arc<dyn Store>,
    /// How many rigs may be made. State services of one log must agree on it.
    pub most_rigs: usize,
    /// Which rigs it keeps: those of its log.
    pub partition: Partition,
    /// What can be seen of it.
    pub instruments: Instruments,
}

/// Another server, which this one knows nothing of, keeps the rigs in the same store now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another server keeps its rigs there now")]
pub struct Superseded;

/// A state service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store is another partition's.
    #[error(
        "the store has the rig {rig}, which is in partition {its}, and this state service keeps {ours}. Give each partition \
         a store of its own; rigs move into another number of partitions over HTTP, through the gateways of both"
    )]
    Foreign {
        /// A rig that does not belong there.
        rig: RigName,
        /// Where it belongs, among as many partitions.
        its: Partition,
        /// What is kept here.
        ours: Partition,
    },
    /// The log cannot be reached.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The echo cannot be reached.
    #[error(transparent)]
    Echo(#[from] EchoError),
}
