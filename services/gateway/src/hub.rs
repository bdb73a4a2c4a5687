//! The hub of a rig: its feed, the queue of its changes, and the tasks that serve them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ghostlight_bus::Echo;
use ghostlight_command::Dictionary;
use ghostlight_rig::{Position, RigName};
use parking_lot::{Mutex, MutexGuard, RwLockReadGuard};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::batcher::{Appending, Queue};
use crate::feed::{FeedState, Latest, RigFeed};
use crate::following::follow;
use crate::instruments::Instruments;
use crate::presence::{self, RigPresence};
use crate::subscribers::Subscribers;

/// The hub of a rig in this gateway.
pub(crate) struct Hub {
    /// The changes of this gateway to the rig, on their way to the log.
    pub(crate) queue: Queue,
    /// Which consoles are connected.
    pub(crate) presence: Arc<RigPresence>,
    /// Held while the body of a `GET` is encoded.
    pub(crate) encoding: tokio::sync::Mutex<()>,
    feed: Arc<RigFeed>,
    used: Mutex<Instant>,
    /// Ends the hub's tasks when the hub is dropped.
    _follows: DropGuard,
}

impl Hub {
    /// Makes a hub that follows its rig from now on.
    pub(crate) fn follow(rig: RigName, echo: Arc<dyn Echo>, appending: &Appending) -> Self {
        let presence = Arc::new(RigPresence::new(appending.gateway.clone()));
        let feed = Arc::new(RigFeed::new(presence.clone(), appending.instruments.clone()));
        let queue = Queue::start(rig.clone(), feed.clone(), appending);
        let ended = CancellationToken::new();
        let tells = presence::tell(rig.clone(), echo.clone(), presence.clone());
        tokio::spawn(ended.clone().run_until_cancelled_owned(tells));
        tokio::spawn(ended.clone().run_until_cancelled_owned(follow(rig, echo, feed.clone())));
        let used = Mutex::new(Instant::now());
        Self { queue, presence, encoding: tokio::sync::Mutex::default(), feed, used, _follows: ended.drop_guard() }
    }

    /// Records that the hub is in use.
    pub(crate) fn touch(&self) {
        *self.used.lock() = Instant::now();
    }

    /// How long ago the hub was last used.
    pub(crate) fn unused_for(&self) -> Duration {
        self.used.lock().elapsed()
    }

    /// Watches the newest state of the feed.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Latest>> {
        self.feed.latest.subscribe()
    }

    /// The readers of the rig.
    pub(crate) fn subscribers(&self) -> &Arc<Subscribers> {
        &self.feed.subscribers
    }

    /// The metrics and the tracer of the gateway.
    pub(crate) fn instruments(&self) -> &Instruments {
        &self.feed.instruments
    }

    /// The newest state of the feed.
    pub(crate) fn latest(&self) -> Arc<Latest> {
        self.feed.latest.borrow().clone()
    }

    /// The state of the feed, locked; not to be held across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, FeedState> {
        self.feed.state()
    }

    /// The rig's words; not to be held across an await.
    pub(crate) fn words(&self) -> RwLockReadGuard<'_, Dictionary> {
        self.feed.words()
    }

    /// Waits until the replica has reached a position.
    pub(crate) async fn reached(&self, position: Position) {
        self.feed.reached(position).await;
    }
}

#[cfg(test)]
impl Hub {
    /// The feed. A test announces to it what it wants.
    pub(crate) fn feed(&self) -> &RigFeed {
        &self.feed
    }
}
