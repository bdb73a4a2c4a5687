//! The changes that were sent and not yet answered.

use std::collections::BTreeMap;

use ghostlight_rig::{Position, Update};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::SetError;

/// A change on its way from who asked to the connection.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) update: Update,
    pub(crate) asker: Asker,
}

/// Who asked for a change, and waits for what becomes of it.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) answer: oneshot::Sender<Result<Position, SetError>>,
    /// Given back with the answer: so many changes are under way at most.
    pub(crate) permit: OwnedSemaphorePermit,
}

impl Asker {
    pub(crate) fn tell(self, answer: Result<Position, SetError>) {
        // Who has stopped waiting need not be told.
        let _ = self.answer.send(answer);
        drop(self.permit);
    }
}

/// The changes of one connection that are not yet answered, by their number. Dropping it leaves the rest unknown.
///
/// The writing half adds, the reading half takes. They are parts of one task, so nobody ever waits for this lock; it is
/// there because the compiler cannot know that.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<BTreeMap<u64, (Instant, Asker)>>);

impl Pending {
    pub(crate) fn add(&self, seq: u64, asker: Asker) {
        self.lock().insert(seq, (Instant::now(), asker));
    }

    pub(crate) fn answer(&self, seq: u64, answer: Result<Position, SetError>) {
        let asked = self.lock().remove(&seq);
        match asked {
            Some((_, asker)) => asker.tell(answer),
            None => tracing::warn!(seq, "an answer to a change that was not asked for"),
        }
    }

    /// When the one that waits longest was sent.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.lock().first_key_value().map(|(_, (sent, _))| *sent)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, (Instant, Asker)>> {
        self.0.lock()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        for (_, asker) in std::mem::take(&mut *self.lock()).into_values() {
            asker.tell(Err(SetError::Unknown));
        }
    }
}
