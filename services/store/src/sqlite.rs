//! The store in an SQLite file.

use std::fs::{File, Metadata, TryLockError};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Once};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use ghostlight_rig::{Image, LogPosition, Position, StoreId};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::sync::{Mutex, Notify};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::error::migration;
use crate::rows::{At, ItemRow, Loading, Rows};
use crate::tables::{self, migrations};
use crate::wal::{self, WalState};
use crate::{Durability, OpenError, Store, StoreError, rows};

pub(crate) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    migrations!(
        "sqlite":
        "0001_rigs.sql",
        "0002_labels_and_master.sql",
        "0003_many_services.sql",
        "0004_items.sql",
        "0005_store_id.sql",
        "0006_digests.sql",
    )
});

/// How long a statement waits for another program that holds the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// After this time without a save, the write-ahead log is taken into the database file. A small show never fills the log, and
/// would live in it alone: the file can be copied then, and a damaged log takes nothing with it.
const IDLE_BEFORE_CHECKPOINT: Duration = Duration::from_secs(1);

/// Takes the whole write-ahead log into the database file, and empties it. It answers whether a reader was in the way.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// The save: the view's trigger, in the migrations, does all of it in one transaction. It is one statement, because a
/// small save costs mainly the way to the connection's thread and back, not the work in SQLite.
const SAVE: &str = "INSERT INTO save (epoch, revision, stamp, time, since_epoch, since_revision, rigs, items, keyed, \
                                      oldest_keys) \
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// The begin of an epoch: a compare-and-set of the position of the saved rigs.
const BEGIN: &str = "INSERT INTO position (id, epoch, revision, stamp) SELECT 1, ?1, ?2, ?3 \
                     WHERE EXISTS (SELECT 1 FROM position) OR (?4, ?5) = (0, 0) \
                     ON CONFLICT (id) DO UPDATE \
                     SET epoch = excluded.epoch, revision = excluded.revision, stamp = excluded.stamp \
                     WHERE (position.epoch, position.revision) = (?4, ?5)";

/// An SQLite database, and the lock that keeps a second Ghostlight out.
pub(crate) struct SqliteStore {
    id: StoreId,
    options: SqliteConnectOptions,
    /// Taken out while it is used. If its user is dropped half-way, the connection is closed, and its transaction with
    /// it.
    connection: Arc<Mutex<Option<SqliteConnection>>>,
    saved: Arc<Notify>,
    checkpoints: AbortHandle,
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
        warn_of_broken_log(path, wal::inspect(path).map_err(|error| unusable(error.into()))?);
        let mut connection = options.connect().await.map_err(|error| unusable(error.into()))?;
        check(&mut connection).await.map_err(unusable)?;
        // `run_direct`, because the future of `run` is not `Send`.
        MIGRATIONS
            .run_direct(None, &mut connection, false)
            .await
            .map_err(|error| unusable(migration(error, Into::into)))?;
        check_tables(&mut connection).await.map_err(unusable)?;
        check_writable(&mut connection).await.map_err(unusable)?;
        let id = sqlx::query_scalar::<_, String>(rows::STORE_ID).fetch_one(&mut connection).await;
        let id = rows::store_id(&id.map_err(|error| unusable(error.into()))?).map_err(unusable)?;
        checkpoint(&mut connection).await;
        let (connection, saved) = (Arc::new(Mutex::new(Some(connection))), Arc::new(Notify::new()));
        let checkpoints = tokio::spawn(checkpoint_when_idle(connection.clone(), saved.clone())).abort_handle();
        Ok(Self { id, options, connection, saved, checkpoints, unknown_logged: Once::new(), lock })
    }
}

/// A locked file. It is unlocked explicitly, because a child process that is just starting may share it for a moment.
struct Lock {
    file: File,
    path: PathBuf,
    /// The device and the inode of the file.
    identity: (u64, u64),
}

impl Lock {
    /// Makes sure that the locked file is still the one at its path: a save into a file that was removed or replaced would be
    /// answered, and gone at the next start.
    fn check_in_place(&self) -> Result<(), StoreError> {
        match std::fs::metadata(&self.path) {
            Ok(there) if identity(&there) == self.identity => Ok(()),
            _ => Err(StoreError::Moved(self.path.display().to_string())),
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the database's lock cannot be released now; it ends with the process");
        }
    }
}

/// Takes the lock of the database at `path`, which is made if it is not there, for nobody else to read.
///
/// The lock is that of `flock`, on the file itself: it holds under every name that the file has, and SQLite's own locks,
/// which are those of `fcntl`, do not meet it. The file stays open for as long as SQLite uses it: a file that is closed
/// takes all locks of `fcntl` with it that the process has on it.
fn lock(path: &str) -> Result<Lock, OpenError> {
    let unusable = |cause| OpenError::Unusable { path: path.to_owned(), cause };
    if Path::new(path).is_dir() {
        return Err(unusable(StoreError::Other("it is a folder".to_owned())));
    }
    let file = File::options().create(true).append(true).mode(0o600).open(path);
    let file = file.map_err(|error| unusable(error.into()))?;
    let identity = identity(&file.metadata().map_err(|error| unusable(error.into()))?);
    match file.try_lock() {
        Ok(()) => Ok(Lock { file, path: path.into(), identity }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(unusable(error.into())),
    }
}

/// Finds damage at the start, not in the middle of a show.
async fn check(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let answer: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await?;
    if answer == "ok" { Ok(()) } else { Err(StoreError::Corrupt(answer)) }
}

/// Refuses tables that only a newer version can use.
async fn check_tables(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    tables::check(sqlx::query_scalar(tables::NEWEST).fetch_one(connection).await?, &MIGRATIONS)
}

/// Runs a write that changes nothing, to fail now if writing fails.
async fn check_writable(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM position WHERE false").execute(connection).await?;
    Ok(())
}

#[async_trait]
impl Store for SqliteStore {
    fn id(&self) -> StoreId {
        self.id
    }

    async fn load(&self) -> Result<Image, StoreError> {
        let mut held = self.connection.lock().await;
        self.lock.check_in_place()?;
        let mut connection = taken_or_new(&mut held, &self.options).await?;
        let image = load(&mut connection, &self.unknown_logged).await;
        *held = Some(connection);
        image
    }

    async fn begin(&self, stored: Position, start: LogPosition) -> Result<(), StoreError> {
        let mut held = self.connection.lock().await;
        self.lock.check_in_place()?;
        let mut connection = taken_or_new(&mut held, &self.options).await?;
        let begun = begin(&mut connection, stored, start).await;
        *held = Some(connection);
        begun
    }

    async fn save(&self, image: &Image) -> Result<(), StoreError> {
        let mut held = self.connection.lock().await;
        self.lock.check_in_place()?;
        let mut connection = taken_or_new(&mut held, &self.options).await?;
        let saved = save(&mut connection, image).await;
        *held = Some(connection);
        self.saved.notify_one();
        // What went into a file without a name is lost with the process.
        saved.and_then(|()| self.lock.check_in_place())
    }

    async fn close(&self) {
        self.checkpoints.abort();
        if let Some(connection) = self.connection.lock().await.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database did not close in good order; nothing is lost");
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.checkpoints.abort();
    }
}

/// Checkpoints each time that saves have come, and none for a while.
async fn checkpoint_when_idle(connection: Arc<Mutex<Option<SqliteConnection>>>, saved: Arc<Notify>) {
    loop {
        saved.notified().await;
        while timeout(IDLE_BEFORE_CHECKPOINT, saved.notified()).await.is_ok() {}
        let mut held = connection.lock().await;
        if let Some(mut taken) = held.take() {
            checkpoint(&mut taken).await;
            *held = Some(taken);
        }
    }
}

/// A log that stays is no failure: SQLite reads it at the next start.
async fn checkpoint(connection: &mut SqliteConnection) {
    if let Err(error) = sqlx::query(CHECKPOINT).execute(connection).await {
        tracing::warn!(%error, "the write-ahead log could not be taken into the database file");
    }
}

/// SQLite says nothing about the part of its log that it cannot read, and starts without it.
fn warn_of_broken_log(path: &str, state: WalState) {
    if let WalState::Broken { readable } = state {
        tracing::error!(
            "ALARM: the end of {path}-wal cannot be read, so that what was saved last may be missing: {readable} pages of it \
             can be read. After a power cut, only a change that was not answered is missing. Otherwise the disk is damaged: \
             look at the rig before the show, or restore a backup"
        );
    }
}

async fn taken_or_new(
    held: &mut Option<SqliteConnection>,
    options: &SqliteConnectOptions,
) -> Result<SqliteConnection, StoreError> {
    match held.take() {
        Some(connection) => Ok(connection),
        None => Ok(options.connect().await?),
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

async fn save(connection: &mut SqliteConnection, image: &Image) -> Result<(), StoreError> {
    let rows = Rows::of(image);
    let query = sqlx::query(SAVE)
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
    query.execute(connection).await?;
    Ok(())
}

async fn load(connection: &mut SqliteConnection, unknown_logged: &Once) -> Result<Image, StoreError> {
    let mut loading = Loading::default();
    // One transaction, so that all tables are read as of one moment.
    let mut reading = connection.begin().await?;
    each(&mut reading, "SELECT epoch, revision, stamp, time FROM position", |row| {
        loading.position(at(row, 0)?, row.try_get(2)?, row.try_get(3)?);
        Ok(())
    })
    .await?;
    each(&mut reading, rows::RIGS, |row| loading.rig(row.try_get(0)?, at(row, 1)?, row.try_get(3)?, row.try_get(4)?))
        .await?;
    each(&mut reading, rows::ITEMS, |row| {
        loading.item(&ItemRow {
            rig: row.try_get(0)?,
            kind: row.try_get(1)?,
            key: row.try_get(2)?,
            value: row.try_get(3)?,
            at: at(row, 4)?,
            changed_by: row.try_get(6)?,
            changed_at: row.try_get(7)?,
        })
    })
    .await?;
    each(&mut reading, rows::KEYED, |row| {
        loading.keyed(row.try_get(0)?, row.try_get(1)?, at(row, 2)?, row.try_get(4)?, row.try_get(5)?)
    })
    .await?;
    reading.commit().await?;
    Ok(loading.image(unknown_logged))
}

/// Calls `take` with each row of a query.
async fn each(
    connection: &mut SqliteConnection,
    query: &'static str,
    mut take: impl FnMut(&SqliteRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut rows = sqlx::query(query).fetch(connection);
    while let Some(row) = rows.next().await.transpose()? {
        take(&row)?;
    }
    Ok(())
}

fn at(row: &SqliteRow, first: usize) -> Result<At, sqlx::Error> {
    Ok((row.try_get(first)?, row.try_get(first + 1)?))
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
