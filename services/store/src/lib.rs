//! The store, which keeps the rigs across restarts.
//!
//! One trait, [`Store`], with an adapter for each database; the URL's scheme selects one. A store is a cursor
//! downstream of the fold: each save brings it what has changed since its last save.

mod error;
mod postgres;
mod rows;
mod sqlite;
mod tables;

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use ghostlight_rig::{Image, LogPosition, Position, StoreId};
use ghostlight_url::redacted;

pub use error::{OpenError, StoreError};
pub use sqlite::backup::{BackupError, Restored};

/// A store of the rigs.
///
/// Its contract, which `tests/contract.rs` runs on every adapter:
/// - what was saved is loaded, also by the next process after this one was killed;
/// - all of an image is saved, or none of it;
/// - saving is guarded by epoch and revision: saving an older image again, or two services saving at once, changes
///   nothing that is newer;
/// - a new epoch begins once, whoever tries: what is saved of an older one is refused from then on;
/// - a store has one identity, from when it is made;
/// - each item keeps which client changed it last, and when;
/// - rows of kinds that this version does not know are not loaded, and stay as they are.
#[async_trait]
pub trait Store: Send + Sync {
    /// Which store this is.
    fn id(&self) -> StoreId;

    /// Everything that is saved.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read now.
    async fn load(&self) -> Result<Image, StoreError>;

    /// Begins an epoch that goes on from the saved rigs, if their position is still `stored`. The saved rigs then count
    /// as the map at `start`, and saves of older epochs are refused.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Superseded`] if the position is not `stored`, because another service has saved or
    /// begun an epoch. The caller then loads again.
    async fn begin(&self, stored: Position, start: LogPosition) -> Result<(), StoreError>;

    /// Saves what has changed, and returns when it is durable.
    ///
    /// # Errors
    /// [`StoreError`]; then either nothing was saved, or everything was and only the answer was lost. A load tells
    /// which. [`StoreError::Superseded`] if a newer epoch has begun, [`StoreError::Behind`] if the store lacks what the
    /// image builds on.
    async fn save(&self, image: &Image) -> Result<(), StoreError>;

    /// Closes the store's connections and waits for that.
    async fn close(&self);
}

/// What a save must survive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: every commit is synced to the disk.
    #[default]
    Full,
    /// A killed process, but not a power cut, which may lose the newest commits. The database stays consistent.
    Relaxed,
}

impl FromStr for Durability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "full" => Ok(Self::Full),
            "relaxed" => Ok(Self::Relaxed),
            _ => Err("durability is full or relaxed".to_owned()),
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Relaxed => "relaxed",
        })
    }
}

/// Opens the store at a URL, creates it if it is not there, and brings its tables up to date.
///
/// # Errors
/// [`OpenError`], which says what to do about it and does not show the URL's password.
pub async fn open(url: &str, durability: Durability) -> Result<Arc<dyn Store>, OpenError> {
    match Place::of(url)? {
        Place::File(path) => Ok(Arc::new(sqlite::SqliteStore::open(path, durability).await?)),
        Place::Server => Ok(Arc::new(postgres::PostgresStore::open(url, durability).await?)),
    }
}

/// Copies the store at a URL, which must be a file, into a new file. A server may use the store meanwhile: the copy is of one
/// moment. The copy is read to its end. Returns what it has.
///
/// # Errors
/// [`BackupError`]; there is then no new file.
pub async fn backup(url: &str, file: &Path) -> Result<Image, BackupError> {
    match Place::of(url)? {
        Place::File(path) => sqlite::backup::backup(Path::new(path), file).await,
        Place::Server => Err(BackupError::NotAFile),
    }
}

/// A copy of the store at a URL, which must be a file, of one moment. It is made beside the store, read to its end, and has no
/// name any more. Changes go on meanwhile. Returns the file, at its beginning, and what it has.
///
/// # Errors
/// [`BackupError`]; there is then no new file.
pub async fn copy_of(url: &str) -> Result<(std::fs::File, Image), BackupError> {
    match Place::of(url)? {
        Place::File(path) => sqlite::backup::nameless(Path::new(path)).await,
        Place::Server => Err(BackupError::NotAFile),
    }
}

/// Puts a copy of a backup in the place of the store at a URL, which must be a file that no server uses. The database that was
/// there keeps another name.
///
/// # Errors
/// [`BackupError`]; the store is then as before.
pub async fn restore(file: &Path, url: &str) -> Result<Restored, BackupError> {
    match Place::of(url)? {
        Place::File(path) => sqlite::backup::restore(file, Path::new(path)).await,
        Place::Server => Err(BackupError::NotAFile),
    }
}

/// Where the URL of a store leads.
enum Place<'a> {
    /// To an SQLite file at this path.
    File(&'a str),
    /// To a PostgreSQL server.
    Server,
}

impl<'a> Place<'a> {
    fn of(url: &'a str) -> Result<Self, OpenError> {
        let settings = |why: &str| Err(OpenError::Settings { url: url.to_owned(), why: why.to_owned() });
        match url.split_once(':') {
            Some(("sqlite", path)) if path.starts_with("//") => settings(
                "write sqlite:PATH for a file, such as sqlite:show.db in this folder, or sqlite:/var/lib/show.db",
            ),
            Some(("sqlite", path)) if path.starts_with(':') || path.starts_with("file:") => {
                settings("a store is a file, so that levels outlive a restart")
            }
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::File(path)),
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Ok(Self::Server),
            _ => Err(OpenError::Url(redacted(url))),
        }
    }
}
