//! The errors of a store, in words that say what to do.

use std::time::Duration;

use sqlx::migrate::MigrateError;

/// Why the store cannot be read or written now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another program holds a lock on the database.
    #[error("the database is locked by another program")]
    Locked,
    /// The disk has no space left.
    #[error("the disk is full")]
    Full,
    /// The process may not write the database.
    #[error("the database cannot be written: it, or its folder, is read-only")]
    ReadOnly,
    /// The database is damaged, or is not Ghostlight's.
    #[error("the database is damaged, or is not one of Ghostlight's: {0}")]
    Corrupt(String),
    /// No server answers, or the connection was lost.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The server answers, but refuses the login or a statement.
    #[error("the database refuses the connection or a statement: {0}")]
    Refused(String),
    /// The server hangs, or another program holds a lock that is needed.
    #[error("the database did not answer within {0:?}")]
    Late(Duration),
    /// Another state service has begun a newer epoch.
    #[error("another state service has begun a newer epoch")]
    Superseded,
    /// The database holds less than what was saved before: somebody has restored a backup.
    #[error("the database has been put back to an older state")]
    Behind,
    /// The file of the database is not at its path any more.
    #[error(
        "{0} was removed or replaced while this server used it, and what is saved would be lost: put it back, or restart"
    )]
    Moved(String),
    /// Anything else.
    #[error("the database cannot be used: {0}")]
    Other(String),
}

impl StoreError {
    /// The reason for clients whose changes are refused. It is a fixed text, so that it tells no path, address or user.
    pub fn for_clients(&self) -> &'static str {
        match self {
            Self::Locked => "the database cannot be written: another program has locked it",
            Self::Full => "the database cannot be written: its disk is full",
            Self::ReadOnly => "the database cannot be written: it, or its disk, is read-only",
            Self::Corrupt(_) => "the database is damaged, or is not one of Ghostlight's",
            Self::Unreachable(_) => "the database cannot be reached",
            Self::Refused(_) => "the database refuses the server's login or its statements",
            Self::Late(_) => "the database does not answer in time",
            Self::Superseded => "another server has taken over the database",
            Self::Behind => "the database has been put back to an older state",
            Self::Moved(_) => "the file of the database was removed or replaced",
            Self::Other(_) => "the database cannot be used; the server's log says why",
        }
    }
}

/// Why the store cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The URL's scheme is not known.
    #[error("{0:?} is not a store: write sqlite:PATH or postgres://USER@HOST/DATABASE")]
    Url(String),
    /// The URL's scheme is known, but something else in the URL is wrong.
    #[error("{url:?}: {why}")]
    Settings {
        /// The URL, without its password.
        url: String,
        /// What is wrong with the URL.
        why: String,
    },
    /// Another Ghostlight holds the lock of the database.
    #[error("{path} is in use by another Ghostlight: stop that one first, or choose another --store")]
    InUse {
        /// The path of the database.
        path: String,
    },
    /// The database is there, but cannot be used.
    #[error("{path}: {cause}")]
    Unusable {
        /// The path or the URL of the database, without its password.
        path: String,
        /// Why it cannot be used.
        cause: StoreError,
    },
}

/// The error of a failed migration. `cause` converts the driver's errors.
pub(crate) fn migration(error: MigrateError, cause: impl FnOnce(sqlx::Error) -> StoreError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => cause(error),
        error => StoreError::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_are_told_names_nothing_of_the_machine() {
        let secret = || "postgres://user@host/srv/show.db".to_owned();
        let errors = [
            (StoreError::Locked, "another program has locked it"),
            (StoreError::Full, "its disk is full"),
            (StoreError::ReadOnly, "read-only"),
            (StoreError::Corrupt(secret()), "damaged"),
            (StoreError::Unreachable(secret()), "cannot be reached"),
            (StoreError::Refused(secret()), "refuses the server's login"),
            (StoreError::Late(Duration::from_secs(5)), "does not answer in time"),
            (StoreError::Superseded, "another server has taken over"),
            (StoreError::Behind, "put back to an older state"),
            (StoreError::Moved(secret()), "removed or replaced"),
            (StoreError::Other(secret()), "the server's log says why"),
        ];
        for (error, why) in errors {
            let told = error.for_clients();
            assert!(told.contains("database") && told.contains(why) && !told.contains("show.db"), "{told}");
        }
    }
}
