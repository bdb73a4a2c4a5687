//! The Prometheus of the tests, with promtool. Debian's package would start a server of this machine, now and after
//! every restart. So it is only unpacked, into a folder under `target`: the two programs need nothing else from it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::apt;
use crate::steps::{Step, root};

/// The folder where `services/servers` looks first, before the PATH.
const FOLDER: &str = "target/prometheus";

/// The folder of the programs in the package.
const PROGRAMS: &str = "usr/bin";

/// The lowest version with what the tests need. `services/servers` has the same number.
const LEAST: (u32, u32) = (2, 42);

/// What to do if it cannot be unpacked.
const ELSEWHERE: &str = "install Prometheus 2.42 or later from https://prometheus.io/download; `prometheus` and `promtool` \
                         must be on the PATH";

/// Unpacks a Prometheus that is new enough, unless there is one.
///
/// # Errors
/// It could not be unpacked; the error says what to do.
pub(crate) fn install() -> anyhow::Result<()> {
    let path = std::env::var_os("PATH");
    let places: Vec<_> =
        path.iter().flat_map(std::env::split_paths).chain([root().join(FOLDER).join(PROGRAMS)]).collect();
    if ["prometheus", "promtool"].iter().all(|program| is_there(program, &places)) {
        return Ok(());
    }
    println!("Missing: Prometheus 2.42 or later, for the tests of alerts and dashboards. Unpacking it.");
    let unpacked = unpack(&root().join(FOLDER));
    unpacked.with_context(|| format!("the tests need Prometheus, and it could not be unpacked. Else {ELSEWHERE}"))
}

fn unpack(folder: &Path) -> anyhow::Result<()> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    let package = apt::download("prometheus", folder)?;
    Step::new("dpkg-deb").args(["--extract", &package.display().to_string(), &folder.display().to_string()]).run()?;
    fs::remove_file(&package)?;
    Ok(())
}

fn is_there(program: &str, places: &[PathBuf]) -> bool {
    let version = |place: &PathBuf| {
        let program = place.join(program);
        program.is_file().then(|| Step::new(program).args(["--version"]).output()).flatten()
    };
    places.iter().filter_map(version).any(|version| numbers(&version) >= Some(LEAST))
}

/// `promtool, version 2.42.0+ds (branch: …` is (2, 42).
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split_once("version ")?.1.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_prometheus_is_read() {
        assert_eq!(
            numbers("prometheus, version 2.42.0+ds (branch: debian/sid, revision: 1)\n  build user: x"),
            Some((2, 42))
        );
        assert_eq!(numbers("promtool, version 3.13.1 (branch: HEAD)"), Some((3, 13)));
        assert_eq!(numbers("command not found"), None);
        assert!(numbers("prometheus, version 2.33.5") < Some(LEAST));
    }

    #[test]
    fn the_servers_of_the_tests_look_where_it_is_unpacked_and_ask_for_the_same_version() {
        let servers = fs::read_to_string(root().join("services/servers/src/programs.rs")).unwrap();
        assert!(servers.contains(&format!("{FOLDER}/{PROGRAMS}")));
        assert!(servers.contains(&format!("LEAST_PROMETHEUS: (u32, u32) = {LEAST:?}")));
    }
}
