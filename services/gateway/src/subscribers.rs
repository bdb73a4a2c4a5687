//! The readers of a rig's map, and the revision that each has reached.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ghostlight_rig::Revision;
use parking_lot::{Mutex, MutexGuard};

/// The readers of one rig.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    seats: Mutex<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    taken: HashMap<u64, Arc<AtomicU64>>,
    next: u64,
}

/// The registration of one reader, for as long as it reads.
#[derive(Debug)]
pub(crate) struct Registration {
    subscribers: Arc<Subscribers>,
    number: u64,
    revision: Arc<AtomicU64>,
}

impl Subscribers {
    /// Registers a reader that has been sent nothing yet.
    pub(crate) fn enter(self: &Arc<Self>) -> Registration {
        let revision = Arc::new(AtomicU64::new(u64::MAX));
        let mut seats = self.seats();
        let number = seats.next;
        seats.next += 1;
        seats.taken.insert(number, revision.clone());
        Registration { subscribers: self.clone(), number, revision }
    }

    /// The number of readers.
    pub(crate) fn count(&self) -> usize {
        self.seats().taken.len()
    }

    /// How many revisions each reader is behind. A reader that was sent nothing yet counts as 0 behind.
    pub(crate) fn lags(&self, newest: Revision) -> Vec<u64> {
        let seats = self.seats();
        let revisions = seats.taken.values().map(|revision| revision.load(Ordering::Relaxed));
        revisions.map(|revision| newest.0.saturating_sub(revision)).collect()
    }

    // Held for a look-up, never across an await.
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock()
    }
}

impl Registration {
    /// Records that the reader was sent everything up to this revision.
    pub(crate) fn reached(&self, revision: Revision) {
        self.revision.store(revision.0, Ordering::Relaxed);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.subscribers.seats().taken.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_as_far_behind_as_what_it_was_sent_last() {
        let subscribers = Arc::new(Subscribers::default());
        let (first, second, _nothing_yet) = (subscribers.enter(), subscribers.enter(), subscribers.enter());
        first.reached(Revision(7));
        second.reached(Revision(10));
        let mut lags = subscribers.lags(Revision(10));
        lags.sort_unstable();
        assert_eq!((lags, subscribers.count()), (vec![0, 0, 3], 3));
        drop(first);
        assert_eq!((subscribers.lags(Revision(12)).into_iter().max(), subscribers.count()), (Some(2), 2));
    }
}
