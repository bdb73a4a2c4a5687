//! The log within one process: a bounded queue that is as durable as the store behind its one reader.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use ghostlight_proto::{decode_entry, encode_entry};
use ghostlight_rig::{Entry, Epoch, LogPosition, Position, Revision, RigName, Stamp, StoreId};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, oneshot};

use crate::{AppendError, DurableOnce, Entries, Log, LogError, Logged, Read};

/// The most entries that may wait to become durable. Gateways keep few in flight, each with many changes, so this is
/// far above.
const MAX_WAITING: usize = 4_096;

/// A log in memory.
///
/// An entry is durable once [`checkpoint`](Log::checkpoint) tells that the store holds it; its append resolves then.
/// Entries that the store does not hold when a new order begins have not happened. Every order is a new epoch, because
/// followers may have seen entries that were lost.
#[derive(Debug, Default)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

/// A clock that returns the time since 1970.
type Clock = Box<dyn Fn() -> Duration + Send + Sync>;

impl MemoryLog {
    /// Makes a log whose entries are stamped by a clock that returns the time since 1970.
    pub fn with_clock(clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { shared: Arc::new(Shared { clock: Some(Box::new(clock)), ..Shared::default() }) }
    }
}

#[derive(Default)]
struct Shared {
    /// `None`: the machine's clock.
    clock: Option<Clock>,
    order: Mutex<Order>,
    appended: Notify,
}

#[derive(Debug, Default)]
struct Order {
    position: Position,
    /// Entries that the reader has not taken yet.
    unread: VecDeque<Unread>,
    /// Appends that wait for a checkpoint, the oldest first.
    waiting: VecDeque<(Revision, oneshot::Sender<Result<Position, AppendError>>)>,
    reader: Reader,
    /// Why the store took nothing last. It is the reason of refusals until this order is read.
    store_failure: Option<&'static str>,
}

/// An entry that the reader has not taken yet.
#[derive(Debug)]
struct Unread {
    revision: Revision,
    stamp: Stamp,
    rig: RigName,
    text: Bytes,
}

/// The one reader of an order. Without it, appends are refused; a second one could not get the entries that it took.
#[derive(Debug, Default, PartialEq, Eq)]
enum Reader {
    #[default]
    Awaited,
    Reads,
    Gone,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("order", &self.order).finish_non_exhaustive()
    }
}

impl Shared {
    /// The time since 1970; 0 if the machine's clock is before that.
    fn now(&self) -> Duration {
        match &self.clock {
            Some(clock) => clock(),
            None => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
        }
    }

    // Held for a few pushes and pops, never across an await.
    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock()
    }
}

impl Order {
    /// Resolves the appends up to `revision`.
    fn release(&mut self, revision: Revision) {
        let epoch = self.position.epoch;
        while self.waiting.front().is_some_and(|(waiting, _)| *waiting <= revision) {
            let Some((revision, reply)) = self.waiting.pop_front() else { return };
            // The caller may have stopped waiting; the entry is durable all the same.
            let _ = reply.send(Ok(Position { epoch, revision }));
        }
    }

    fn push(
        &mut self,
        rig: &RigName,
        text: Bytes,
        now: Duration,
    ) -> Result<oneshot::Receiver<Result<Position, AppendError>>, AppendError> {
        let refuse = |why: &str| Err(AppendError::Unavailable(why.to_owned()));
        if self.reader != Reader::Reads {
            return refuse(self.store_failure.unwrap_or("no state service saves changes at the moment"));
        }
        if self.waiting.len() >= MAX_WAITING {
            return refuse("too many changes are waiting to be saved");
        }
        let revision = Revision(self.position.revision.0 + 1);
        self.position.revision = revision;
        let (reply, durable) = oneshot::channel();
        let stamp = Stamp(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX));
        self.unread.push_back(Unread { revision, stamp, rig: rig.clone(), text });
        self.waiting.push_back((revision, reply));
        Ok(durable)
    }
}

#[async_trait]
impl Log for MemoryLog {
    /// The log of one process has no changes but those of its own store.
    async fn claim(&self, _store: StoreId, _stored: LogPosition) -> Result<(), LogError> {
        Ok(())
    }

    async fn begin(&self, stored: LogPosition) -> Result<LogPosition, LogError> {
        let stored = stored.position;
        let now = self.shared.now().as_secs();
        let mut order = self.shared.order();
        if stored.epoch == order.position.epoch {
            order.release(stored.revision);
        }
        let store_failure = order.store_failure;
        for (_, reply) in order.waiting.drain(..) {
            let why = store_failure.unwrap_or("it could not be saved");
            let _ = reply.send(Err(AppendError::Unavailable(why.to_owned())));
        }
        let epoch = now.max(stored.epoch.0 + 1).max(order.position.epoch.0 + 1);
        let position = Position { epoch: Epoch(epoch), revision: Revision(0) };
        *order = Order { position, store_failure, ..Order::default() };
        // Wakes readers of the old order, so that they learn of its end and take no wake-up of the new order.
        self.shared.appended.notify_waiters();
        Ok(order.position.into())
    }

    async fn read(&self, after: LogPosition) -> Result<Box<dyn Entries>, LogError> {
        let after = after.position;
        let mut order = self.shared.order();
        if after != order.position {
            return Err(LogError::Lost(format!("the log is at {}, not at {after}", order.position)));
        }
        if order.reader != Reader::Awaited {
            return Err(LogError::Lost("the log has had its one reader: begin again".to_owned()));
        }
        order.reader = Reader::Reads;
        order.store_failure = None;
        Ok(Box::new(MemoryEntries { start: after, shared: self.shared.clone() }))
    }

    async fn append(&self, rig: &RigName, entry: &Entry, _seen: Position) -> Result<Position, AppendError> {
        let text = encode_entry(entry);
        let durable = self.shared.order().push(rig, text, self.shared.now())?;
        self.shared.appended.notify_one();
        durable.await.unwrap_or(Err(AppendError::Unknown))
    }

    fn checkpoint(&self, position: Position) {
        let mut order = self.shared.order();
        if position.epoch == order.position.epoch {
            order.release(position.revision);
        }
    }

    fn store_fails(&self, why: &'static str) {
        self.shared.order().store_failure = Some(why);
    }

    fn durable_once(&self) -> DurableOnce {
        DurableOnce::Saved
    }
}

struct MemoryEntries {
    start: Position,
    shared: Arc<Shared>,
}

impl MemoryEntries {
    fn take(&self) -> Result<Option<Unread>, LogError> {
        let mut order = self.shared.order();
        if order.position.epoch != self.start.epoch {
            return Err(LogError::Lost("a new order has begun".to_owned()));
        }
        Ok(order.unread.pop_front())
    }
}

#[async_trait]
impl Entries for MemoryEntries {
    fn end(&self) -> Revision {
        self.start.revision
    }

    fn behind(&self) -> u64 {
        self.shared.order().unread.len() as u64
    }

    async fn next(&mut self) -> Result<Read, LogError> {
        loop {
            // Created before the check, so that a new order between the two is not missed.
            let appended = self.shared.appended.notified();
            if let Some(Unread { revision, stamp, rig, text }) = self.take()? {
                let entry = decode_entry(&text).map_err(|error| LogError::Lost(error.to_string()))?;
                return Ok(Read::Entry(Logged { revision, stamp, rig, entry, size: text.len() }));
            }
            appended.await;
        }
    }
}

impl Drop for MemoryEntries {
    fn drop(&mut self) {
        let mut order = self.shared.order();
        if order.position.epoch == self.start.epoch {
            order.reader = Reader::Gone;
        }
    }
}
