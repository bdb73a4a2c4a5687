//! A log that keeps what the store does not hold yet, as one between processes does.

use std::sync::Arc;

use async_trait::async_trait;
use ghostlight_bus::memory::MemoryLog;
use ghostlight_bus::{AppendError, DurableOnce, Entries, Log, LogError};
use ghostlight_rig::{Entry, LogPosition, Position, RigName, StoreId};

/// The log of one process, which says that it keeps its entries.
pub(crate) struct Keeping(pub(crate) Arc<MemoryLog>);

#[async_trait]
impl Log for Keeping {
    async fn claim(&self, store: StoreId, stored: LogPosition) -> Result<(), LogError> {
        self.0.claim(store, stored).await
    }

    async fn begin(&self, stored: LogPosition) -> Result<LogPosition, LogError> {
        self.0.begin(stored).await
    }

    async fn read(&self, after: LogPosition) -> Result<Box<dyn Entries>, LogError> {
        self.0.read(after).await
    }

    async fn append(&self, rig: &RigName, entry: &Entry, seen: Position) -> Result<Position, AppendError> {
        self.0.append(rig, entry, seen).await
    }

    fn checkpoint(&self, position: Position) {
        self.0.checkpoint(position);
    }

    fn store_fails(&self, why: &'static str) {
        self.0.store_fails(why);
    }

    fn durable_once(&self) -> DurableOnce {
        DurableOnce::Appended
    }
}
