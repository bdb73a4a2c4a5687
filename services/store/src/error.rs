//! What can be wrong with a store, in words that say what to do.

use std::time::Duration;

use sqlx::migrate::MigrateError;

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
    #[error("the database is damaged, or is not one of Ghostlight's: {0}")]
    Corrupt(String),
    /// Nobody answers there, or no longer.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// It answers, and does not let us do what we must.
    #[error("the database refuses us: {0}")]
    Refused(String),
    /// It hangs, or somebody holds what we need.
    #[error("the database did not answer within {0:?}")]
    Late(Duration),
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
    #[error("{0:?} is no store: write sqlite:PATH or postgres://USER@HOST/DATABASE")]
    Url(String),
    /// A URL of a kind that is known, with something in it that is not.
    #[error("{url:?}: {why}")]
    Settings {
        /// The URL, without its password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
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

/// What a failed migration means, if `cause` tells what the driver's errors mean.
pub(crate) fn migration(error: MigrateError, cause: impl FnOnce(sqlx::Error) -> StoreError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => cause(error),
        error => StoreError::Other(error.to_string()),
    }
}
