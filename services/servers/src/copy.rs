//! Copies of folders.

use std::path::Path;
use std::{fs, io};

use tempfile::TempDir;

/// A copy of a folder and its contents.
pub(crate) fn copy_of(folder: &Path) -> io::Result<TempDir> {
    let copy = TempDir::new()?;
    copy_into(folder, copy.path())?;
    Ok(copy)
}

/// Replaces the contents of a folder by those of another.
pub(crate) fn replace(folder: &Path, with: &Path) -> io::Result<()> {
    fs::remove_dir_all(folder)?;
    fs::create_dir(folder)?;
    copy_into(with, folder)
}

fn copy_into(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy_into(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
