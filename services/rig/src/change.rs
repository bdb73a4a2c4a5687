//! What clients ask for, and how it travels through the log.

use crate::{ClientId, Key, Levels, Position, TraceContext, Update};

/// Who asked for a change: the client, and the number that it gave the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The client.
    pub client: ClientId,
    /// The client's own number for the change, below 2^53. 0 for what has no numbers.
    pub seq: u64,
}

/// What one client asked for at once. All of it happens or none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What to set.
    pub update: Update,
    /// Who asked, when the client wants to know its own echo.
    pub origin: Option<Origin>,
    /// Only if nothing that it sets has changed after this position.
    pub if_match: Option<Position>,
    /// Once: a repeat under the same key changes nothing and is answered as the first was.
    pub idempotency_key: Option<Key>,
    /// Where it stands in the trace that follows it, if that is recorded.
    pub trace: Option<TraceContext>,
}

impl From<Update> for Change {
    fn from(update: Update) -> Self {
        Self { update, ..Self::default() }
    }
}

impl From<Levels> for Change {
    fn from(levels: Levels) -> Self {
        Update::from(levels).into()
    }
}

/// One message in the log: the changes that one gateway gathered in one go, at least one.
///
/// A change with a key is the last of its entry. So the map at the entry's position holds exactly what that change
/// asked for, and a repeat can be answered from the request alone, however much later it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    changes: Vec<Change>,
}

impl Entry {
    /// An entry of one change.
    pub fn new(first: Change) -> Self {
        Self { changes: vec![first] }
    }

    /// Adds a change, or gives it back if the entry takes no more because a change with a key ends it.
    pub fn push(&mut self, change: Change) -> Result<(), Box<Change>> {
        if self.is_closed() {
            return Err(Box::new(change));
        }
        self.changes.push(change);
        Ok(())
    }

    /// Whether a change with a key ends the entry.
    pub fn is_closed(&self) -> bool {
        self.changes.last().is_some_and(|change| change.idempotency_key.is_some())
    }

    /// Its changes, in the order in which they happen.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}
