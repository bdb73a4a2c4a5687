//! What a map knows of one item.

use crate::{ClientId, LogTime, Revision};

/// What a map knows of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot<T> {
    /// The item's value; `None` if it was forgotten, which readers behind that revision must still be told.
    pub value: Option<T>,
    /// The revision that last changed the item; 0 if none in this epoch did.
    pub revision: Revision,
    /// Who last changed the item, and when.
    pub changed: Changed,
}

/// Who last changed an item, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Changed {
    /// The client; `None` if it gave no name.
    pub by: Option<ClientId>,
    /// The log time of the entry; 0 if not known.
    pub at: LogTime,
}
