//! Backups of a database file: made while a server uses it, and put back while none does.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ghostlight_rig::{Image, KindId, RigName};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::SqliteStore;
use super::lock::lock;
use crate::{Durability, OpenError, Store as _, StoreError};

/// A backup was not made, or not restored. The store is as before.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store or the backup cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store is not a file.
    #[error("only a store in a file is backed up so: for PostgreSQL, use pg_dump and pg_restore")]
    NotAFile,
    /// There is a file of that name.
    #[error("{} is there already: name a file that is not", .0.display())]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {cause}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// A database cannot be read, or a copy of it written.
    #[error("{}: {cause}", .path.display())]
    Database {
        /// The file of the database.
        path: PathBuf,
        /// Why not.
        cause: StoreError,
    },
    /// The items of a rig are not those that were saved.
    #[error("{}: the {} of the rig {rig} are not those that were saved", .path.display(), .kind.name())]
    Changed {
        /// The file of the copy.
        path: PathBuf,
        /// The rig.
        rig: RigName,
        /// The kind of the items.
        kind: KindId,
    },
}

impl BackupError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::File { path: path.to_owned(), cause }
    }

    fn database(path: &Path) -> impl Fn(sqlx::Error) -> Self {
        move |error| Self::Database { path: path.to_owned(), cause: error.into() }
    }
}

/// Copies the database at `path` into a new file, of one moment, and reads the copy to its end. Returns what the copy has.
pub(crate) async fn backup(path: &Path, file: &Path) -> Result<Image, BackupError> {
    File::open(path).map_err(BackupError::file(path))?;
    let copied = copy(path, file).await;
    if copied.is_err() && !matches!(copied, Err(BackupError::Exists(_))) {
        let _ = fs::remove_file(file);
    }
    copied
}

/// Copies the database at `path`, of one moment, into a file beside it that has no name any more.
pub(crate) async fn nameless(path: &Path) -> Result<(File, Image), BackupError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let file = with_suffix(path, &format!(".backup-{}", now.as_nanos()));
    let image = backup(path, &file).await?;
    let opened = File::open(&file).map_err(BackupError::file(&file));
    fs::remove_file(&file).map_err(BackupError::file(&file))?;
    Ok((opened?, image))
}

async fn copy(path: &Path, file: &Path) -> Result<Image, BackupError> {
    match File::options().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(BackupError::Exists(file.to_owned())),
        Err(error) => return Err(BackupError::file(file)(error)),
    }
    let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    let mut connection = options.connect().await.map_err(BackupError::database(path))?;
    // SQLite writes into an empty file as into none.
    let written = sqlx::query("VACUUM INTO ?1").bind(file.to_string_lossy()).execute(&mut connection).await;
    let closed = connection.close().await;
    written.and(closed).map_err(BackupError::database(path))?;
    not_in_use(file).await.map_err(BackupError::database(file))?;
    let image = read(file).await?;
    File::open(file).and_then(|file| file.sync_all()).map_err(BackupError::file(file))?;
    Ok(image)
}

/// Takes the mark of a server out of a copy: it is whole without a write-ahead log.
async fn not_in_use(file: &Path) -> Result<(), sqlx::Error> {
    const HAS_MARK: &str = "SELECT count(*) FROM pragma_table_info('store') WHERE name = 'in_use'";
    let mut connection = SqliteConnectOptions::new().filename(file).disable_statement_logging().connect().await?;
    // A database of an older version has none.
    if sqlx::query_scalar::<_, i64>(HAS_MARK).fetch_one(&mut connection).await? > 0 {
        sqlx::query("UPDATE store SET in_use = 0").execute(&mut connection).await?;
    }
    connection.close().await
}

/// Opens a copy as a server would, and reads all of it.
async fn read(file: &Path) -> Result<Image, BackupError> {
    let store = SqliteStore::open(&file.to_string_lossy(), Durability::Full).await?;
    let loaded = store.load().await;
    store.close().await;
    let image = loaded.map_err(|cause| BackupError::Database { path: file.to_owned(), cause })?;
    for (rig, content) in &image.rigs {
        if let Some(kind) = content.changed_kinds().first() {
            return Err(BackupError::Changed { path: file.to_owned(), rig: rig.clone(), kind: *kind });
        }
    }
    Ok(image)
}

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    /// What the store has now.
    pub image: Image,
    /// Where the database is that was there before; `None` if there was none.
    pub before: Option<PathBuf>,
}

/// Puts a copy of a backup in the place of the database at `path`, which no server may use. The database that was there keeps
/// another name.
pub(crate) async fn restore(file: &Path, path: &Path) -> Result<Restored, BackupError> {
    let text = path.to_string_lossy();
    let is_new = !path.exists();
    let _lock = lock(&text)?;
    let restoring = with_suffix(path, ".restoring");
    let image = match backup(file, &restoring).await {
        Ok(image) => image,
        Err(error) => {
            // The lock made it.
            if is_new {
                let _ = fs::remove_file(path);
            }
            return Err(error);
        }
    };
    let before = if is_new { None } else { Some(move_away(path)?) };
    fs::rename(&restoring, path).map_err(BackupError::file(path))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackupError::file(folder))?;
    Ok(Restored { image, before })
}

/// Gives a database another name, with its write-ahead log.
fn move_away(path: &Path) -> Result<PathBuf, BackupError> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let before = with_suffix(path, &format!(".before-restore-{seconds}"));
    if before.exists() {
        return Err(BackupError::Exists(before));
    }
    for suffix in ["-wal", "-shm", ""] {
        let (from, to) = (with_suffix(path, suffix), with_suffix(&before, suffix));
        match fs::rename(&from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed.map_err(BackupError::file(&from))?,
        }
    }
    Ok(before)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
