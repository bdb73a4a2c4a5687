//! Who reads a rig's map, and how far each has got.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ghostlight_rig::Revision;

/// The readers of one rig.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    seats: Mutex<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    taken: HashMap<u64, Arc<AtomicU64>>,
    next: u64,
}

/// The place of one reader among the others, for as long as it reads.
#[derive(Debug)]
pub(crate) struct Seat {
    readers: Arc<Readers>,
    number: u64,
    revision: Arc<AtomicU64>,
}

impl Readers {
    /// One more, who has nothing yet.
    pub(crate) fn enter(self: &Arc<Self>) -> Seat {
        let revision = Arc::new(AtomicU64::new(u64::MAX));
        let mut seats = self.seats();
        let number = seats.next;
        seats.next += 1;
        seats.taken.insert(number, revision.clone());
        Seat { readers: self.clone(), number, revision }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.seats().taken.len()
    }

    /// How many revisions each is behind. One who has nothing yet is behind by nothing that it knows of.
    pub(crate) fn lags(&self, newest: Revision) -> Vec<u64> {
        let seats = self.seats();
        let revisions = seats.taken.values().map(|revision| revision.load(Ordering::Relaxed));
        revisions.map(|revision| newest.0.saturating_sub(revision)).collect()
    }

    // Held to look a place up, never across an await.
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// It was sent everything up to here.
    pub(crate) fn reached(&self, revision: Revision) {
        self.revision.store(revision.0, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.readers.seats().taken.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_as_far_behind_as_what_it_was_sent_last() {
        let readers = Arc::new(Readers::default());
        let (first, second, _nothing_yet) = (readers.enter(), readers.enter(), readers.enter());
        first.reached(Revision(7));
        second.reached(Revision(10));
        let mut lags = readers.lags(Revision(10));
        lags.sort_unstable();
        assert_eq!((lags, readers.count()), (vec![0, 0, 3], 3));
        drop(first);
        assert_eq!((readers.lags(Revision(12)).into_iter().max(), readers.count()), (Some(2), 2));
    }
}
