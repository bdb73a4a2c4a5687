//! How far the store is behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{Gauge, Meters, Observed, Of};

/// How far the store is behind the fold.
#[derive(Clone, Debug)]
pub struct Lag {
    revisions: Gauge,
    shared: Arc<LagShared>,
}

#[derive(Debug)]
struct LagShared {
    began: Instant,
    /// Since when a change has been waiting, in milliseconds after `began`; `u64::MAX` while none waits.
    since: AtomicU64,
}

impl Lag {
    pub(super) fn observed(meters: &mut Meters) -> Self {
        let shared = Arc::new(LagShared { began: Instant::now(), since: AtomicU64::new(u64::MAX) });
        let read = shared.clone();
        meters.observe(
            ("ghostlight_store_lag", "How long the oldest change that is not saved has been waiting"),
            (Observed::Gauge, Of::Seconds),
            move || read.waited().as_secs_f64(),
        );
        let revisions =
            meters.gauge("ghostlight_store_lag", "Entries that are folded and not saved yet", Of::Revisions);
        Self { revisions, shared }
    }

    /// Sets how many entries are not saved. The wait counts from when there was first one.
    pub fn set(&self, revisions: u64) {
        self.revisions.set(revisions);
        let now = u64::try_from(self.shared.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        if revisions == 0 {
            self.shared.since.store(u64::MAX, Ordering::Relaxed);
        } else {
            let _ = self.shared.since.compare_exchange(u64::MAX, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// How long the oldest unsaved change has been waiting; zero if none waits.
    pub fn waited(&self) -> Duration {
        self.shared.waited()
    }

    /// A save is done: everything folded before it is saved, and the wait counts from `waiting_since`.
    pub fn restart(&self, waiting_since: Instant) {
        let since = waiting_since.saturating_duration_since(self.shared.began);
        let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX - 1);
        self.shared.since.store(since, Ordering::Relaxed);
    }
}

impl LagShared {
    fn waited(&self) -> Duration {
        match self.since.load(Ordering::Relaxed) {
            u64::MAX => Duration::ZERO,
            since => self.began.elapsed().saturating_sub(Duration::from_millis(since)),
        }
    }
}
