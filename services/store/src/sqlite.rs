//! The store in an SQLite file.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use ghostlight_rig::{
    Dimmer, Epoch, Fingerprint, Image, Key, Keyed, Level, Position, Revision, RigImage, RigName, Slot,
};
use serde_json::json;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::sync::Mutex;

use crate::{Durability, OpenError, Store, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// How long a statement waits for another program that holds the database.
const BUSY_WITHIN: Duration = Duration::from_secs(1);

/// The save, all of it in one execution: what costs a small save is waking the connection's thread, not SQLite. Rows
/// come as JSON, so that any number of them is the same statement. A row gives way only to a newer one.
///
/// No `?1`: sqlx counts every number that a statement skips as one more argument, and binds NULL once it runs out.
static SAVE_LEVELS: LazyLock<String> = LazyLock::new(|| [LEVELS, COMMIT].concat());
static SAVE_ALL: LazyLock<String> = LazyLock::new(|| [LEVELS, KEYED, COMMIT].concat());

const LEVELS: &str = "
BEGIN IMMEDIATE;
INSERT INTO position (id, epoch, revision) VALUES (1, ?, ?)
    ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision
    WHERE (excluded.epoch, excluded.revision) > (position.epoch, position.revision);
INSERT INTO rig (name, epoch, revision)
    SELECT value ->> 0, ?, value ->> 1 FROM json_each(?) WHERE true
    ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision
    WHERE (excluded.epoch, excluded.revision) > (rig.epoch, rig.revision);
INSERT INTO level (rig, dimmer, level, epoch, revision)
    SELECT value ->> 0, value ->> 1, value ->> 2, ?, value ->> 3 FROM json_each(?) WHERE true
    ON CONFLICT (rig, dimmer) DO UPDATE SET level = excluded.level, epoch = excluded.epoch, revision = excluded.revision
    WHERE (excluded.epoch, excluded.revision) > (level.epoch, level.revision);
";

const KEYED: &str = "
INSERT INTO keyed (rig, key, epoch, revision, fingerprint, applied)
    SELECT value ->> 0, value ->> 1, ?, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) WHERE true
    ON CONFLICT (rig, key) DO UPDATE
    SET epoch = excluded.epoch, revision = excluded.revision, fingerprint = excluded.fingerprint, applied = excluded.applied
    WHERE (excluded.epoch, excluded.revision) > (keyed.epoch, keyed.revision);
DELETE FROM keyed WHERE (rig, key) IN (
    SELECT old.rig, old.key FROM json_each(?) AS oldest CROSS JOIN keyed AS old
    ON old.rig = oldest.value ->> 0 AND (old.epoch, old.revision) < (oldest.value ->> 1, oldest.value ->> 2));
";

const COMMIT: &str = "COMMIT;";

/// An SQLite database, and the lock that keeps a second Ghostlight out.
pub(crate) struct SqliteStore {
    options: SqliteConnectOptions,
    /// `None` after it failed in a way that only a new one mends.
    connection: Mutex<Option<SqliteConnection>>,
    _lock: File,
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
            .busy_timeout(BUSY_WITHIN)
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(|error| unusable(error.into()))?;
        check(&mut connection).await.map_err(unusable)?;
        MIGRATIONS.run(&mut connection).await.map_err(|error| unusable(error.into()))?;
        check_writable(&mut connection).await.map_err(unusable)?;
        Ok(Self { options, connection: Mutex::new(Some(connection)), _lock: lock })
    }
}

/// Takes the lock of the database at `path`: a file beside it, so that other tools may still read the database.
fn lock(path: &str) -> Result<File, OpenError> {
    let unusable = |cause| OpenError::Unusable { path: path.to_owned(), cause };
    if Path::new(path).is_dir() {
        return Err(unusable(StoreError::Other("it is a folder".to_owned())));
    }
    let file = File::options().create(true).append(true).open(format!("{path}.lock"));
    let file = file.map_err(|error| unusable(error.into()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(unusable(error.into())),
    }
}

/// Finds damage now, rather than in the middle of a show.
async fn check(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let answer: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await?;
    if answer == "ok" { Ok(()) } else { Err(StoreError::Corrupt(answer)) }
}

/// Writes nothing, which fails as any other write does.
async fn check_writable(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM position WHERE false").execute(connection).await?;
    Ok(())
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self) -> Result<Image, StoreError> {
        let mut held = self.connection.lock().await;
        let mut connection = taken_or_new(&mut held, &self.options).await?;
        let image = load(&mut connection).await;
        *held = Some(connection);
        image
    }

    async fn save(&self, image: &Image) -> Result<(), StoreError> {
        let mut held = self.connection.lock().await;
        // Taken out: if this future is dropped half-way, so is the connection, and with it the open transaction.
        let mut connection = taken_or_new(&mut held, &self.options).await?;
        let saved = save(&mut connection, image).await;
        let rolled_back = match &saved {
            Ok(()) => true,
            Err(_) => roll_back(&mut connection).await,
        };
        if rolled_back {
            *held = Some(connection);
        }
        saved
    }

    async fn close(&self) {
        if let Some(connection) = self.connection.lock().await.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database did not close in good order; nothing is lost");
        }
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

/// Leaves the failed transaction; some errors have ended it already. Whether the connection may be used again.
async fn roll_back(connection: &mut SqliteConnection) -> bool {
    match sqlx::query("ROLLBACK").execute(connection).await {
        Ok(_) => true,
        Err(error) => error.to_string().contains("no transaction is active"),
    }
}

async fn save(connection: &mut SqliteConnection, image: &Image) -> Result<(), StoreError> {
    let rows = Rows::of(image);
    let (epoch, revision) = (image.position.epoch.0 as i64, image.position.revision.0 as i64);
    let keyed = !rows.keyed.is_empty();
    let sql: &'static str = if keyed { &SAVE_ALL } else { &SAVE_LEVELS };
    let mut query = sqlx::query(sql).bind(epoch).bind(revision);
    query = query.bind(epoch).bind(json!(rows.rigs).to_string());
    query = query.bind(epoch).bind(json!(rows.levels).to_string());
    if keyed {
        query = query.bind(epoch).bind(json!(rows.keyed).to_string()).bind(json!(rows.oldest_keys).to_string());
    }
    query.execute(connection).await?;
    Ok(())
}

/// An image as the rows of its tables.
#[derive(Default)]
struct Rows<'a> {
    rigs: Vec<(&'a str, u64)>,
    levels: Vec<(&'a str, u16, Option<u16>, u64)>,
    keyed: Vec<(&'a str, &'a str, u64, String, u8)>,
    oldest_keys: Vec<(&'a str, u64, u64)>,
}

impl<'a> Rows<'a> {
    fn of(image: &'a Image) -> Self {
        let mut rows = Self::default();
        for (name, rig) in &image.rigs {
            let name = name.as_str();
            rows.rigs.push((name, rig.position.revision.0));
            rows.levels.extend(
                rig.slots
                    .iter()
                    .map(|(dimmer, slot)| (name, dimmer.get(), slot.level.map(Level::hundredths), slot.revision.0)),
            );
            rows.keyed.extend(rig.keyed.iter().map(|(key, keyed)| {
                let fingerprint = format!("{:016x}", keyed.fingerprint.0);
                (name, key.as_str(), keyed.position.revision.0, fingerprint, u8::from(keyed.applied))
            }));
            rows.oldest_keys.extend(rig.oldest_key.map(|oldest| (name, oldest.epoch.0, oldest.revision.0)));
        }
        rows
    }
}

async fn load(connection: &mut SqliteConnection) -> Result<Image, StoreError> {
    let mut image = Image::default();
    // One transaction, so that all of it is of one moment.
    let mut reading = connection.begin().await?;
    let position = sqlx::query("SELECT epoch, revision FROM position").fetch_optional(&mut *reading).await?;
    if let Some(row) = position {
        image.position = position_of(&row)?;
    }
    for row in sqlx::query("SELECT name, epoch, revision FROM rig").fetch_all(&mut *reading).await? {
        rig_of(&mut image, &row, "name")?.position = position_of(&row)?;
    }
    for row in sqlx::query("SELECT rig, dimmer, level, epoch, revision FROM level").fetch_all(&mut *reading).await? {
        let (dimmer, slot) = slot_of(&row, image.position.epoch)?;
        rig_of(&mut image, &row, "rig")?.slots.insert(dimmer, slot);
    }
    let keyed = "SELECT rig, key, epoch, revision, fingerprint, applied FROM keyed ORDER BY epoch, revision";
    for row in sqlx::query(keyed).fetch_all(&mut *reading).await? {
        let keyed = keyed_of(&row)?;
        let rig = rig_of(&mut image, &row, "rig")?;
        rig.oldest_key.get_or_insert(keyed.1.position);
        rig.keyed.push(keyed);
    }
    reading.commit().await?;
    Ok(image)
}

fn rig_of<'a>(image: &'a mut Image, row: &SqliteRow, column: &str) -> Result<&'a mut RigImage, StoreError> {
    let name = RigName::new(row.try_get(column)?).map_err(|error| corrupt(&error))?;
    Ok(image.rigs.entry(name).or_default())
}

fn position_of(row: &SqliteRow) -> Result<Position, StoreError> {
    let (epoch, revision): (i64, i64) = (row.try_get("epoch")?, row.try_get("revision")?);
    Ok(Position::new(epoch as u64, revision as u64))
}

/// A level of an older epoch counts as older than everything in this one.
fn slot_of(row: &SqliteRow, epoch: Epoch) -> Result<(Dimmer, Slot), StoreError> {
    let dimmer = Dimmer::new(row.try_get("dimmer")?).ok_or_else(|| corrupt(&"dimmer 0"))?;
    let hundredths: Option<u16> = row.try_get("level")?;
    let level = hundredths.map(|h| Level::from_hundredths(h).ok_or_else(|| corrupt(&"a level above 100 %")));
    let position = position_of(row)?;
    let revision = if position.epoch == epoch { position.revision } else { Revision(0) };
    Ok((dimmer, Slot { level: level.transpose()?, revision }))
}

fn keyed_of(row: &SqliteRow) -> Result<(Key, Keyed), StoreError> {
    let key = Key::new(row.try_get("key")?).map_err(|error| corrupt(&error))?;
    let fingerprint = u64::from_str_radix(row.try_get("fingerprint")?, 16).map_err(|error| corrupt(&error))?;
    let fingerprint = Fingerprint(fingerprint);
    Ok((key, Keyed { position: position_of(row)?, fingerprint, applied: row.try_get("applied")? }))
}

fn corrupt(what: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt(what.to_string())
}

/// The primary result codes of <https://www.sqlite.org/rescode.html>.
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
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

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(version) => {
                Self::Other(format!("it was written by a newer Ghostlight (its tables are at version {version})"))
            }
            error => Self::Other(error.to_string()),
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
