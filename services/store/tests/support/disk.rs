//! A disk of a test's own, so small that it can be filled, and that can be made read-only.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A tmpfs, unmounted when it is dropped.
pub(crate) struct Disk(TempDir);

impl Disk {
    /// Mounts a disk of this many KiB.
    pub(crate) fn new(kib: u32) -> Self {
        let folder = TempDir::new().unwrap();
        as_root(&["mount", "-t", "tmpfs", "-o", &format!("size={kib}k,mode=0777"), "tmpfs"], folder.path());
        Self(folder)
    }

    /// A file on it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Fills it to the last byte with a file, which gives the space back when it is removed.
    pub(crate) fn fill(&self) -> PathBuf {
        let path = self.file("ballast");
        let mut ballast = File::create(&path).unwrap();
        for chunk in [&[0_u8; 4_096][..], &[0_u8; 1][..]] {
            while let Err(error) = write_until_full(&mut ballast, chunk) {
                assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
            }
        }
        path
    }

    /// From now on nothing can be written. No file on it is open for writing.
    pub(crate) fn make_read_only(&self) {
        as_root(&["mount", "-o", "remount,ro"], self.0.path());
    }
}

fn write_until_full(file: &mut File, chunk: &[u8]) -> std::io::Result<()> {
    loop {
        match file.write_all(chunk) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        as_root(&["umount", "-l"], self.0.path());
    }
}

/// Makes one file read-only, by mounting it over itself. Root may write any other.
pub(crate) struct ReadOnly(PathBuf);

impl ReadOnly {
    pub(crate) fn new(path: &Path) -> Self {
        assert!(fs::metadata(path).unwrap().is_file());
        let itself = path.display().to_string();
        as_root(&["mount", "--bind", &itself], path);
        let mounted = Self(path.to_owned());
        as_root(&["mount", "-o", "remount,bind,ro"], path);
        mounted
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        as_root(&["umount", "-l"], &self.0);
    }
}

/// Runs a command on a path as root, by itself or through sudo.
fn as_root(command: &[&str], path: &Path) {
    let run = |words: &[&str]| {
        let output = Command::new(words[0]).args(&words[1..]).arg(path).output();
        output.map_err(|error| error.to_string()).and_then(|output| {
            if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
        })
    };
    let with_sudo = [&["sudo", "-n"], command].concat();
    if let Err(error) = run(command)
        && let Err(with_sudo) = run(&with_sudo)
    {
        panic!(
            "{command:?} takes root, sudo without a password, or a user namespace (unshare -rm): {error} {with_sudo}"
        );
    }
}
