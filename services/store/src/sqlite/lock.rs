//! The lock of a database file, which keeps a second Ghostlight out.

use std::fs::{File, Metadata, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::{OpenError, StoreError};

/// A locked file. It is unlocked explicitly, because a child process that is just starting may share it for a moment.
pub(super) struct Lock {
    file: File,
    path: PathBuf,
    /// The device and the inode of the file.
    identity: (u64, u64),
}

impl Lock {
    /// Makes sure that the locked file is still the one at its path: a save into a file that was removed or replaced would be
    /// answered, and gone at the next start.
    pub(super) fn check_in_place(&self) -> Result<(), StoreError> {
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
pub(super) fn lock(path: &str) -> Result<Lock, OpenError> {
    let unusable = |cause| OpenError::Unusable { path: path.to_owned(), cause };
    if Path::new(path).is_dir() {
        return Err(unusable(StoreError::Other("it is a folder".to_owned())));
    }
    let file = open(path).map_err(|error| unusable(error.into()))?;
    let identity = identity(&file.metadata().map_err(|error| unusable(error.into()))?);
    match file.try_lock() {
        Ok(()) => Ok(Lock { file, path: path.into(), identity }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(unusable(error.into())),
    }
}

/// On a read-only disk, the lock is taken all the same.
fn open(path: &str) -> io::Result<File> {
    let file = File::options().create(true).append(true).mode(0o600).open(path);
    match file.as_ref().map_err(io::Error::kind) {
        Err(ErrorKind::ReadOnlyFilesystem | ErrorKind::StorageFull) => File::open(path).or(file),
        _ => file,
    }
}
