//! The store in an SQLite file.

pub(crate) mod backup;
mod connection;
mod load;
mod lock;
mod pending;
mod wal;

use std::sync::{Arc, Once};
use std::time::Duration;

use async_trait::async_trait;
use ghostlight_rig::{Image, LogPosition, Position, StoreId};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use tokio::sync::{Mutex, Notify};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

#[cfg(test)]
pub(crate) use self::connection::MIGRATIONS;
use self::connection::{Held, ReadCopy};
use self::lock::{Lock, lock};
use crate::rows::Rows;
use crate::{Durability, OpenError, Store, StoreError, rows};

/// How long a statement waits for another program that holds the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// SQLITE_IOERR_SHMSIZE: the file beside the write-ahead log cannot grow.
const NO_ROOM_FOR_SHARED_MEMORY: i32 = 4_874;

/// The save: the view's trigger, in the migrations, does all of it in one transaction. It is one statement, because a
/// small save costs mainly the way to the connection's thread and back, not the work in SQLite.
///
/// An image of an older position than the saved one has nothing new, and could bring rows of a removed rig back.
const SAVE: &str = "INSERT INTO save (epoch, revision, stamp, time, since_epoch, since_revision, rigs, items, keyed, \
                                      oldest_keys) \
                    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 \
                    WHERE NOT EXISTS (SELECT 1 FROM position WHERE epoch = ?1 AND revision > ?2)";

/// The save that also makes or removes rigs.
const SAVE_RIGS: &str = "INSERT INTO save_rigs (epoch, revision, stamp, time, since_epoch, since_revision, rigs, items, \
                                                keyed, oldest_keys, removed) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// The begin of an epoch: a compare-and-set of the position of the saved rigs.
const BEGIN: &str = "INSERT INTO position (id, epoch, revision, stamp) SELECT 1, ?1, ?2, ?3 \
                     WHERE EXISTS (SELECT 1 FROM position) OR (?4, ?5) = (0, 0) \
                     ON CONFLICT (id) DO UPDATE \
                     SET epoch = excluded.epoch, revision = excluded.revision, stamp = excluded.stamp \
                     WHERE (position.epoch, position.revision) = (?4, ?5)";

/// An SQLite database, and the lock that keeps a second Ghostlight out.
pub(crate) struct SqliteStore {
    id: StoreId,
    path: String,
    options: SqliteConnectOptions,
    held: Arc<Mutex<Held>>,
    /// Told of each save.
    saved: Arc<Notify>,
    checkpoints: AbortHandle,
    /// Told of each large save.
    added: Arc<Notify>,
    putting: AbortHandle,
    closed: CancellationToken,
    /// Whether rows of kinds that this version does not know have been logged: this is done once.
    unknown_logged: Once,
    lock: Lock,
}

impl SqliteStore {
    pub(crate) async fn open(path: &str, durability: Durability) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        let unusable = |cause| OpenError::Unusable { path: path.to_owned(), cause };
        let synchronous = match durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Relaxed => SqliteSynchronous::Normal,
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let mut held = connection::open(path, &options).await.map_err(unusable)?;
        if let Held::Copy(ReadCopy { cause, .. }) = &held {
            tracing::error!(
                "ALARM: {path}: {cause}. Levels are shown, and changes are refused until it can be written"
            );
        }
        let id = store_id(&mut held).await.map_err(unusable)?;
        let (held, saved) = (Arc::new(Mutex::new(held)), Arc::new(Notify::new()));
        let checkpoints = tokio::spawn(connection::checkpoint_when_idle(held.clone(), saved.clone())).abort_handle();
        let (added, closed) = (Arc::new(Notify::new()), CancellationToken::new());
        let putting = connection::put_between_saves(held.clone(), added.clone(), saved.clone(), closed.clone());
        let putting = tokio::spawn(putting).abort_handle();
        let (path, unknown_logged) = (path.to_owned(), Once::new());
        Ok(Self { id, path, options, held, saved, checkpoints, added, putting, closed, unknown_logged, lock })
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.checkpoints.abort();
        self.putting.abort();
    }
}

async fn store_id(held: &mut Held) -> Result<StoreId, StoreError> {
    let (Held::Database(Some(connection)) | Held::Copy(ReadCopy { connection, .. })) = held else {
        unreachable!("it was opened just now")
    };
    rows::store_id(&sqlx::query_scalar::<_, String>(rows::STORE_ID).fetch_one(connection).await?)
}

#[async_trait]
impl Store for SqliteStore {
    fn id(&self) -> StoreId {
        self.id
    }

    async fn load(&self) -> Result<Image, StoreError> {
        let mut held = self.held.lock().await;
        self.lock.check_in_place()?;
        if let Held::Copy(copy) = &mut *held {
            // It may be possible to write again.
            match connection::open_database(&self.path, &self.options).await {
                Ok(connection) => held.give_back(connection),
                Err(cause) if connection::is_unwritable(&cause) => {
                    copy.cause = cause;
                    return load::load(&mut copy.connection, &self.unknown_logged).await;
                }
                Err(cause) => return Err(cause),
            }
        }
        let mut connection = held.take(&self.options).await?;
        let image = load::load(&mut connection, &self.unknown_logged).await;
        held.give_back(connection);
        image
    }

    async fn begin(&self, stored: Position, start: LogPosition) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        self.lock.check_in_place()?;
        let mut connection = held.take(&self.options).await?;
        let begun = begin(&mut connection, stored, start).await;
        held.give_back(connection);
        begun
    }

    async fn save(&self, image: &Image) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        self.lock.check_in_place()?;
        let mut connection = held.take(&self.options).await?;
        let saved = save(&mut connection, image).await;
        held.give_back(connection);
        self.saved.notify_one();
        if saved == Ok(Size::Large) {
            self.added.notify_one();
        }
        // What went into a file without a name is lost with the process.
        saved.and_then(|_| self.lock.check_in_place())
    }

    async fn close(&self) {
        self.checkpoints.abort();
        self.closed.cancel();
        connection::close(&self.held).await;
    }
}

async fn begin(connection: &mut SqliteConnection, stored: Position, start: LogPosition) -> Result<(), StoreError> {
    let query = sqlx::query(BEGIN)
        .bind(start.position.epoch.0 as i64)
        .bind(start.position.revision.0 as i64)
        .bind(start.stamp.0 as i64)
        .bind(stored.epoch.0 as i64)
        .bind(stored.revision.0 as i64);
    let begun = query.execute(connection).await?.rows_affected() == 1;
    if begun { Ok(()) } else { Err(StoreError::Superseded) }
}

/// The size of a save.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    /// Its items are in parts, which are to be put into their table.
    Large,
}

async fn save(connection: &mut SqliteConnection, image: &Image) -> Result<Size, StoreError> {
    if !image.removed.is_empty() {
        // A removal deletes rows. It would leave those that are not in their table yet.
        pending::put_all(connection).await?;
    }
    let mut rows = Rows::of(image, pending::PART_ITEMS);
    let parts = std::mem::take(&mut rows.parts);
    if parts.is_empty() {
        save_rows(connection, image, rows).await?;
        return Ok(Size::Small);
    }
    let position = (image.position.epoch.0 as i64, image.position.revision.0 as i64);
    pending::transaction(connection, async |connection| {
        save_rows(connection, image, rows).await?;
        pending::add(connection, position, parts).await
    })
    .await?;
    Ok(Size::Large)
}

async fn save_rows(connection: &mut SqliteConnection, image: &Image, rows: Rows<'_>) -> Result<(), StoreError> {
    let query = sqlx::query(if rows.has_other_rigs { SAVE_RIGS } else { SAVE })
        .bind(image.position.epoch.0 as i64)
        .bind(image.position.revision.0 as i64)
        .bind(image.stamp.0 as i64)
        .bind(image.time.0 as i64)
        .bind(image.since.epoch.0 as i64)
        .bind(image.since.revision.0 as i64)
        .bind(rows.rigs)
        .bind(rows.items)
        .bind(rows.keyed)
        .bind(rows.oldest_keys);
    let query = if rows.has_other_rigs { query.bind(rows.removed) } else { query };
    query.execute(connection).await?;
    Ok(())
}

/// By the primary result codes of <https://www.sqlite.org/rescode.html>.
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // The messages with which the triggers in the migrations refuse.
        match error.as_database_error().map(sqlx::error::DatabaseError::message) {
            Some("superseded") => return Self::Superseded,
            Some("behind") => return Self::Behind,
            _ => {}
        }
        let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
        if code == Some(NO_ROOM_FOR_SHARED_MEMORY) {
            return Self::Full;
        }
        match code.map(|code| code & 0xff) {
            Some(5 | 6) => Self::Locked,
            Some(8) => Self::ReadOnly,
            Some(11 | 26) => Self::Corrupt(error.to_string()),
            Some(13) => Self::Full,
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::StorageFull => Self::Full,
            _ => Self::Other(error.to_string()),
        }
    }
}
