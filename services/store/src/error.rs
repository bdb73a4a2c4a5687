//! What can be wrong with a store, in words that say what to do.

/// The store cannot be read or written now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another program holds it.
    #[error("the database is locked by another program")]
    Locked,
    /// No space.
    #[error("the disk is full")]
    Full,
    /// No right to write.
    #[error("the database cannot be written: it, or its folder, is read-only")]
    ReadOnly,
    /// Damaged.
    #[error("the file is damaged, or is no database of Ghostlight's: {0}")]
    Corrupt(String),
    /// Another state service has begun a newer order.
    #[error("another state service has begun anew")]
    Superseded,
    /// It holds less than what was saved there before: somebody has put it back.
    #[error("the database has been put back to an older state")]
    Behind,
    /// Anything else.
    #[error("the database cannot be used: {0}")]
    Other(String),
}

/// The store cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A URL of a kind that is not known.
    #[error("{0:?} is no store: write sqlite:PATH")]
    Url(String),
    /// Another Ghostlight has it.
    #[error("{path} is in use by another Ghostlight: stop that one first, or choose another --store")]
    InUse {
        /// The database.
        path: String,
    },
    /// The database is there, and cannot be used.
    #[error("{path}: {cause}")]
    Unusable {
        /// The database.
        path: String,
        /// Why.
        cause: StoreError,
    },
}
