//! The store: what outlives a restart.
//!
//! One seam, [`Store`]; an adapter for each technology, which the URL's scheme selects. A store is a cursor downstream
//! of the fold: what it is given to save is what has changed since it last saved.

mod error;
mod postgres;
mod rows;
mod scalar;
mod sqlite;
mod tables;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use ghostlight_rig::{Image, LogPosition, Position, StoreId};
use ghostlight_url::redacted;

pub use error::{OpenError, StoreError};

/// Keeps the rigs.
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
    /// [`StoreError`] if it cannot be read now.
    async fn load(&self) -> Result<Image, StoreError>;

    /// Begins an order that goes on from what is saved, if that still stands at `stored`. What is saved then counts as
    /// the map at `start`, and nothing of an older epoch is saved any more.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Superseded`] if it stands elsewhere: another service has saved, or begun anew. Load
    /// again.
    async fn begin(&self, stored: Position, start: LogPosition) -> Result<(), StoreError>;

    /// Saves what has changed, and resolves when it is durable.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of it was saved, or all was and only the answer was lost. A load tells.
    /// [`StoreError::Superseded`] if a newer epoch has begun, [`StoreError::Behind`] if the image is an increment to more
    /// than is there.
    async fn save(&self, image: &Image) -> Result<(), StoreError>;

    /// Lets go of the store in good order.
    async fn close(&self);
}

/// What a save must survive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: every commit is synced to the disk.
    #[default]
    Full,
    /// A killed process, not a power cut: the newest commits may be lost then, but what is there is whole.
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

/// Opens the store at a URL, makes it if it is not there, and brings its tables up to date.
///
/// # Errors
/// [`OpenError`], with what to do about it, and without the password that the URL may hold.
pub async fn open(url: &str, durability: Durability) -> Result<Arc<dyn Store>, OpenError> {
    match url.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => Ok(Arc::new(sqlite::SqliteStore::open(path, durability).await?)),
        Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
            Ok(Arc::new(postgres::PostgresStore::open(url, durability).await?))
        }
        _ => Err(OpenError::Url(redacted(url))),
    }
}
