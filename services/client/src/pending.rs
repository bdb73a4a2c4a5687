//! The changes that were sent but not yet answered.

use std::collections::BTreeMap;

use ghostlight_rig::{Position, Update};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::SetError;

/// A change on its way from the caller to the connection.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) update: Update,
    pub(crate) asker: Asker,
}

/// The caller of a change, which waits for the answer.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) answer: oneshot::Sender<Result<Position, SetError>>,
    /// Given back with the answer: limits how many changes are under way.
    pub(crate) permit: OwnedSemaphorePermit,
}

impl Asker {
    pub(crate) fn tell(self, answer: Result<Position, SetError>) {
        // The caller may have stopped waiting.
        let _ = self.answer.send(answer);
        drop(self.permit);
    }
}

/// The unanswered changes of one connection, by their number. When this is dropped, their outcome is unknown.
///
/// The writing half adds changes, the reading half removes them. Both halves are parts of one task, so the lock is
/// never contended; it is there because the compiler cannot know that.
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

    /// When the oldest unanswered change was sent.
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
