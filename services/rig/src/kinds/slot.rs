//! What is known of one item.

use crate::{ClientId, LogTime, Revision};

/// What is known of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot<T> {
    /// Its value; `None` if it was forgotten, which a reader behind that must still be told.
    pub value: Option<T>,
    /// The revision that last changed it; 0 if nothing has in this epoch.
    pub revision: Revision,
    /// Who changed it last, and when.
    pub changed: Changed,
}

/// Who changed an item last, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Changed {
    /// The client; `None` if it gave no name.
    pub by: Option<ClientId>,
    /// The log time of the entry; 0 if that is not known.
    pub at: LogTime,
}
