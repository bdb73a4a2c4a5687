//! The npm packages that the console's tests need: a compiler that checks types, a parser that compares programs, and
//! rules of accessibility. The console itself needs none.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, ensure};

use crate::steps::{Step, root};

/// The folder with the list of packages, from the root of the workspace.
const FOLDER: &str = "services/gateway/tests/js";

/// The lowest version of Node with the test runner that the console's tests use.
const LEAST_NODE: u32 = 18;

/// Installs the listed packages, if they are missing or the list has changed since they were installed.
///
/// # Errors
/// Node is too old, or npm failed.
pub(crate) fn install() -> anyhow::Result<()> {
    let version = Step::new("node").args(["--version"]).output().context("node does not tell its version")?;
    ensure!(major(&version) >= Some(LEAST_NODE), "node is {version}; the console's tests need {LEAST_NODE} or later");
    if is_current(&root().join(FOLDER)) {
        return Ok(());
    }
    Step::new("npm").args(["ci", "--no-audit", "--no-fund", "--prefix", FOLDER]).run()
}

/// `v20.11.1` is 20.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Whether the installed packages are those of the list. npm writes its own list last, when all packages are installed.
pub(crate) fn is_current(folder: &Path) -> bool {
    let written = |file: &str| -> Option<SystemTime> { folder.join(file).metadata().ok()?.modified().ok() };
    let installed = written("node_modules/.package-lock.json");
    installed.is_some() && installed >= written("package-lock.json") && installed >= written("package.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(major("v18.20.4"), Some(18));
        assert_eq!(major("v24.0.0-nightly"), Some(24));
        assert_eq!(major("command not found"), None);
    }

    #[test]
    fn packages_are_current_until_others_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, at_s: u64| {
            let file = std::fs::File::create(folder.path().join(file)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(at_s)).unwrap();
        };
        write("package.json", 1);
        write("package-lock.json", 1);
        assert!(!is_current(folder.path()), "nothing is installed");
        std::fs::create_dir(folder.path().join("node_modules")).unwrap();
        assert!(!is_current(folder.path()), "the installation was not finished");
        write("node_modules/.package-lock.json", 2);
        assert!(is_current(folder.path()));
        write("package-lock.json", 3);
        assert!(!is_current(folder.path()), "others are listed now");
    }

    #[test]
    fn the_list_names_no_place_where_packages_come_from() {
        let lock = std::fs::read_to_string(root().join(FOLDER).join("package-lock.json")).unwrap();
        assert!(lock.contains("\"integrity\"") && !lock.contains("\"resolved\"") && !lock.contains("://"), "{lock}");
    }
}
