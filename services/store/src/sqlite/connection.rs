//! The connection to a database file, or to a copy of one that cannot be written now.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::pending;
use super::wal::{self, WalState};
use crate::StoreError;
use crate::error::migration;
use crate::tables::{self, migrations};

pub(crate) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    migrations!(
        "sqlite":
        "0001_rigs.sql",
        "0002_labels_and_master.sql",
        "0003_many_services.sql",
        "0004_items.sql",
        "0005_store_id.sql",
        "0006_digests.sql",
        "0007_in_use.sql",
        "0008_removed_rigs.sql",
        "0009_pending.sql",
    )
});

/// After this time without a save, the write-ahead log is taken into the database file. A small show never fills the log, and
/// would live in it alone: the file can be copied then, and a damaged log takes nothing with it.
const IDLE_BEFORE_CHECKPOINT: Duration = Duration::from_secs(1);

/// Pending parts are put into their table after this time without a large save: of several with the same items, only the last
/// is written.
const QUIET: Duration = Duration::from_millis(250);

/// Takes the whole write-ahead log into the database file, and empties it. It answers whether a reader was in the way.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// The folder for the copy of a database that cannot be written. It is in memory, where there is such a folder: the disk may be
/// full.
const MEMORY_FOLDER: &str = "/dev/shm";

/// What a store reads and writes.
pub(super) enum Held {
    /// The database. The connection is taken out while it is used. If its user is dropped half-way, the connection is closed,
    /// and its transaction with it.
    Database(Option<SqliteConnection>),
    /// A copy, because the disk of the database is full or read-only.
    Copy(ReadCopy),
}

/// A copy of a database that cannot be written. It can be read, so that a show is at least seen.
pub(super) struct ReadCopy {
    pub(super) connection: SqliteConnection,
    /// Why the database itself is not used.
    pub(super) cause: StoreError,
    _folder: TempDir,
}

impl Held {
    /// The connection to the database; a new one if there is none.
    ///
    /// # Errors
    /// Why the database cannot be written, if a copy of it is read.
    pub(super) async fn take(&mut self, options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
        match self {
            Self::Database(held) => match held.take() {
                Some(connection) => Ok(connection),
                None => Ok(options.connect().await?),
            },
            Self::Copy(copy) => Err(copy.cause.clone()),
        }
    }

    pub(super) fn give_back(&mut self, connection: SqliteConnection) {
        *self = Self::Database(Some(connection));
    }
}

/// Opens the database at `path`, or a copy if it is there and its disk is full or read-only.
pub(super) async fn open(path: &str, options: &SqliteConnectOptions) -> Result<Held, StoreError> {
    warn_of_broken_log(path, wal::inspect(path)?);
    let cause = match open_database(path, options).await {
        Ok(connection) => return Ok(Held::Database(Some(connection))),
        Err(cause) => cause,
    };
    let is_new = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
    if is_new || !is_unwritable(&cause) {
        return Err(cause);
    }
    match copy(path, options, cause.clone()).await {
        Ok(copy) => Ok(Held::Copy(copy)),
        Err(error) => {
            tracing::error!(%error, "no copy of the database can be made to read from");
            Err(cause)
        }
    }
}

/// Whether a database that cannot be opened for this reason can still be read.
pub(super) fn is_unwritable(cause: &StoreError) -> bool {
    matches!(cause, StoreError::Full | StoreError::ReadOnly)
}

async fn copy(path: &str, options: &SqliteConnectOptions, cause: StoreError) -> Result<ReadCopy, StoreError> {
    let memory = Path::new(MEMORY_FOLDER);
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::Builder::new().prefix("ghostlight-").tempdir_in(parent)?;
    let file = folder.path().join("copy.db");
    std::fs::copy(path, &file)?;
    let log = format!("{path}-wal");
    if Path::new(&log).exists() {
        std::fs::copy(log, folder.path().join("copy.db-wal"))?;
    }
    let connection = open_database(&file.display().to_string(), &options.clone().filename(&file)).await?;
    Ok(ReadCopy { connection, cause, _folder: folder })
}

/// Whether the file system of a file is read-only. SQLite only says that it cannot open the file.
fn is_on_read_only_disk(path: &str) -> bool {
    let opened = File::options().append(true).open(path);
    opened.is_err_and(|error| error.kind() == ErrorKind::ReadOnlyFilesystem)
}

/// Opens a database, and finds out now, and not in the middle of a show, whether it is damaged or cannot be written.
pub(super) async fn open_database(path: &str, options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    if is_on_read_only_disk(path) {
        return Err(StoreError::ReadOnly);
    }
    let has_log = Path::new(&format!("{path}-wal")).exists();
    let mut connection = options.connect().await?;
    check(&mut connection).await?;
    // `run_direct`, because the future of `run` is not `Send`.
    MIGRATIONS.run_direct(None, &mut connection, false).await.map_err(|error| migration(error, Into::into))?;
    tables::check(sqlx::query_scalar(tables::NEWEST).fetch_one(&mut connection).await?, &MIGRATIONS)?;
    let was_in_use: bool = sqlx::query_scalar("SELECT in_use FROM store").fetch_one(&mut connection).await?;
    if was_in_use && !has_log {
        tracing::warn!(
            "{path} was copied while a server used it, without {path}-wal: what was saved last may be missing. \
             `ghostlight backup` makes whole copies"
        );
    }
    // This fails now if writing fails.
    sqlx::query("UPDATE store SET in_use = 1").execute(&mut connection).await?;
    checkpoint(&mut connection).await;
    Ok(connection)
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

async fn check(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let answer: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await?;
    if answer == "ok" { Ok(()) } else { Err(StoreError::Corrupt(answer)) }
}

/// Checkpoints each time that saves have come, and none for a while.
pub(super) async fn checkpoint_when_idle(held: Arc<Mutex<Held>>, saved: Arc<Notify>) {
    loop {
        saved.notified().await;
        while timeout(IDLE_BEFORE_CHECKPOINT, saved.notified()).await.is_ok() {}
        if let Held::Database(held) = &mut *held.lock().await
            && let Some(mut connection) = held.take()
        {
            checkpoint(&mut connection).await;
            *held = Some(connection);
        }
    }
}

/// Puts parts into the table one by one whenever there are some. Other saves come in between: the lock lets those who wait for
/// it have it in turn. `saved` is told of each part, and `closed` ends this.
pub(super) async fn put_between_saves(
    held: Arc<Mutex<Held>>,
    added: Arc<Notify>,
    saved: Arc<Notify>,
    closed: CancellationToken,
) {
    loop {
        added.notified().await;
        while timeout(QUIET, added.notified()).await.is_ok() {}
        loop {
            let mut held = held.lock().await;
            let Held::Database(database) = &mut *held else { break };
            if closed.is_cancelled() {
                return;
            }
            let Some(mut connection) = database.take() else { break };
            let put =
                pending::transaction(&mut connection, async |connection| pending::put_one(connection).await).await;
            *database = Some(connection);
            match put {
                Ok(true) => saved.notify_one(),
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "items of a large change stay where they were saved; the next start reads them");
                    break;
                }
            }
        }
    }
}

/// A log that stays is no failure: SQLite reads it at the next start.
async fn checkpoint(connection: &mut SqliteConnection) {
    if let Err(error) = sqlx::query(CHECKPOINT).execute(connection).await {
        tracing::warn!(%error, "the write-ahead log could not be taken into the database file");
    }
}

/// Closes the connection in good order.
pub(super) async fn close(held: &Mutex<Held>) {
    let mut held = held.lock().await;
    if let Held::Database(held) = &mut *held
        && let Some(mut connection) = held.take()
        && let Err(error) = end(&mut connection).await.and(connection.close().await.map_err(StoreError::from))
    {
        tracing::warn!(%error, "the database did not close in good order; nothing is lost");
    }
}

/// The last that is written: then the file alone has everything.
async fn end(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    pending::put_all(connection).await?;
    sqlx::query("UPDATE store SET in_use = 0").execute(connection).await?;
    Ok(())
}
