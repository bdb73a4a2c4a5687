//! The store in an SQLite file.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use ghostlight_rig::{
    Dimmer, Epoch, Fingerprint, Image, Key, Keyed, Label, Level, Mark, Position, Revision, RigImage, RigName, Slot,
    Stamp,
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

/// The save: the view's trigger, in the migrations, does all of it in one transaction. One statement, because what costs
/// a small save is going to the connection's thread and back, not SQLite.
const SAVE: &str = "INSERT INTO save (epoch, revision, stamp, since_epoch, since_revision, rigs, levels, labels, \
                                      settings, keyed, oldest_keys) \
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// The beginning of an epoch: a compare-and-set of where the saved rigs stand.
const BEGIN: &str = "INSERT INTO position (id, epoch, revision, stamp) SELECT 1, ?1, ?2, ?3 \
                     WHERE EXISTS (SELECT 1 FROM position) OR (?4, ?5) = (0, 0) \
                     ON CONFLICT (id) DO UPDATE \
                     SET epoch = excluded.epoch, revision = excluded.revision, stamp = excluded.stamp \
                     WHERE (position.epoch, position.revision) = (?4, ?5)";

/// The names of settings in their table.
const MASTER: &str = "master";
const BLACKOUT: &str = "blackout";

/// An SQLite database, and the lock that keeps a second Ghostlight out.
pub(crate) struct SqliteStore {
    options: SqliteConnectOptions,
    /// Taken out while it is used: whoever gives up half-way gives the connection up, and what it had begun with it.
    connection: Mutex<Option<SqliteConnection>>,
    _lock: Lock,
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
        // Not `run`, whose future cannot be sent to another thread.
        MIGRATIONS.run_direct(None, &mut connection, false).await.map_err(|error| unusable(error.into()))?;
        check_writable(&mut connection).await.map_err(unusable)?;
        Ok(Self { options, connection: Mutex::new(Some(connection)), _lock: lock })
    }
}

/// A locked file. Unlocked rather than only closed: a child process that is just being started shares it for a moment.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the database's lock goes with the process");
        }
    }
}

/// Takes the lock of the database at `path`: a file beside it, so that other tools may still read the database.
fn lock(path: &str) -> Result<Lock, OpenError> {
    let unusable = |cause| OpenError::Unusable { path: path.to_owned(), cause };
    if Path::new(path).is_dir() {
        return Err(unusable(StoreError::Other("it is a folder".to_owned())));
    }
    let file = File::options().create(true).append(true).open(format!("{path}.lock"));
    let file = file.map_err(|error| unusable(error.into()))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
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

    async fn begin(&self, stored: Position, start: Mark) -> Result<(), StoreError> {
        let mut held = self.connection.lock().await;
        let mut connection = taken_or_new(&mut held, &self.options).await?;
        let begun = begin(&mut connection, stored, start).await;
        *held = Some(connection);
        begun
    }

    async fn save(&self, image: &Image) -> Result<(), StoreError> {
        let mut held = self.connection.lock().await;
        let mut connection = taken_or_new(&mut held, &self.options).await?;
        let saved = save(&mut connection, image).await;
        *held = Some(connection);
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

async fn begin(connection: &mut SqliteConnection, stored: Position, start: Mark) -> Result<(), StoreError> {
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
        .bind(image.since.epoch.0 as i64)
        .bind(image.since.revision.0 as i64)
        .bind(json!(rows.rigs).to_string())
        .bind(json!(rows.levels).to_string())
        .bind(json!(rows.labels).to_string())
        .bind(json!(rows.settings).to_string())
        .bind(json!(rows.keyed).to_string())
        .bind(json!(rows.oldest_keys).to_string());
    query.execute(connection).await?;
    Ok(())
}

/// An image as the rows of its tables.
#[derive(Default)]
struct Rows<'a> {
    rigs: Vec<(&'a str, u64)>,
    levels: Vec<(&'a str, u16, Option<u16>, u64)>,
    labels: Vec<(&'a str, u16, Option<&'a str>, u64)>,
    settings: Vec<(&'a str, &'static str, u16, u64)>,
    keyed: Vec<(&'a str, &'a str, u64, String, u8)>,
    oldest_keys: Vec<(&'a str, u64, u64)>,
}

impl<'a> Rows<'a> {
    fn of(image: &'a Image) -> Self {
        let mut rows = Self::default();
        for (name, rig) in &image.rigs {
            let name = name.as_str();
            rows.rigs.push((name, rig.position.revision.0));
            let slots = &rig.slots;
            rows.levels.extend(slots.levels.iter().map(|(dimmer, slot)| {
                let hundredths = slot.value.map(Level::hundredths);
                (name, dimmer.get(), hundredths, slot.revision.0)
            }));
            rows.labels.extend(slots.labels.iter().map(|(dimmer, slot)| {
                let label = slot.value.as_ref().map(Label::as_str);
                (name, dimmer.get(), label, slot.revision.0)
            }));
            let master = slots.master.iter().filter_map(|slot| Some((slot.value?.hundredths(), slot.revision.0)));
            rows.settings.extend(master.map(|(value, revision)| (name, MASTER, value, revision)));
            let blackout = slots.blackout.iter().filter_map(|slot| Some((u16::from(slot.value?), slot.revision.0)));
            rows.settings.extend(blackout.map(|(value, revision)| (name, BLACKOUT, value, revision)));
            rows.keyed.extend(rig.keyed.iter().map(|(key, keyed)| {
                let fingerprint = format!("{:016x}", keyed.fingerprint.0);
                (name, key.as_str(), keyed.position.revision.0, fingerprint, u8::from(keyed.applied))
            }));
            if !rig.keyed.is_empty() {
                rows.oldest_keys.extend(rig.oldest_key.map(|oldest| (name, oldest.epoch.0, oldest.revision.0)));
            }
        }
        rows
    }
}

async fn load(connection: &mut SqliteConnection) -> Result<Image, StoreError> {
    let mut image = Image::default();
    // One transaction, so that all of it is of one moment.
    let mut reading = connection.begin().await?;
    let position = sqlx::query("SELECT epoch, revision, stamp FROM position").fetch_optional(&mut *reading).await?;
    if let Some(row) = position {
        let stamp: i64 = row.try_get("stamp")?;
        (image.position, image.stamp) = (position_of(&row)?, Stamp(stamp as u64));
    }
    for row in sqlx::query("SELECT name, epoch, revision FROM rig").fetch_all(&mut *reading).await? {
        rig_of(&mut image, &row, "name")?.position = position_of(&row)?;
    }
    for row in sqlx::query("SELECT rig, dimmer, level, epoch, revision FROM level").fetch_all(&mut *reading).await? {
        let slot = Slot { value: level_of(&row, "level")?, revision: revision_of(&row, image.position.epoch)? };
        rig_of(&mut image, &row, "rig")?.slots.levels.insert(dimmer_of(&row)?, slot);
    }
    for row in sqlx::query("SELECT rig, dimmer, label, epoch, revision FROM label").fetch_all(&mut *reading).await? {
        let slot = Slot { value: label_of(&row)?, revision: revision_of(&row, image.position.epoch)? };
        rig_of(&mut image, &row, "rig")?.slots.labels.insert(dimmer_of(&row)?, slot);
    }
    for row in sqlx::query("SELECT rig, name, value, epoch, revision FROM setting").fetch_all(&mut *reading).await? {
        let revision = revision_of(&row, image.position.epoch)?;
        let slots = &mut rig_of(&mut image, &row, "rig")?.slots;
        match row.try_get("name")? {
            MASTER => slots.master = Some(Slot { value: level_of(&row, "value")?, revision }),
            BLACKOUT => slots.blackout = Some(Slot { value: row.try_get("value")?, revision }),
            other => return Err(corrupt(&format_args!("a setting {other:?}"))),
        }
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

/// What was set in an older epoch counts as older than everything in this one.
fn revision_of(row: &SqliteRow, epoch: Epoch) -> Result<Revision, StoreError> {
    let position = position_of(row)?;
    Ok(if position.epoch == epoch { position.revision } else { Revision(0) })
}

fn dimmer_of(row: &SqliteRow) -> Result<Dimmer, StoreError> {
    Dimmer::new(row.try_get("dimmer")?).ok_or_else(|| corrupt(&"dimmer 0"))
}

fn level_of(row: &SqliteRow, column: &str) -> Result<Option<Level>, StoreError> {
    let hundredths: Option<u16> = row.try_get(column)?;
    hundredths.map(|h| Level::from_hundredths(h).ok_or_else(|| corrupt(&"a level above 100 %"))).transpose()
}

fn label_of(row: &SqliteRow) -> Result<Option<Label>, StoreError> {
    let label: Option<&str> = row.try_get("label")?;
    label.map(Label::new).transpose().map_err(|error| corrupt(&error))
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
        // What the migrations' own refusals say.
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
