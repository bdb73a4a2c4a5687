//! Finds the servers' programs, and says how to get them if they are missing.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The lowest version of nats-server with what Ghostlight needs.
const LEAST_NATS: (u32, u32) = (2, 11);

/// The lowest version of Prometheus with what the tests need.
const LEAST_PROMETHEUS: (u32, u32) = (2, 42);

/// The path of a nats-server that is new enough.
pub(crate) fn nats_server() -> io::Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(find_nats_server).clone().map_err(io::Error::other)
}

/// The folder with `initdb`, `postgres`, `psql` and their like.
///
/// # Errors
/// The programs are not installed; the error says how to get them.
pub fn postgres() -> io::Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(find_postgres).clone().map_err(io::Error::other)
}

/// The path of a Prometheus that is new enough.
pub(crate) fn prometheus() -> io::Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(|| find_of_prometheus("prometheus")).clone().map_err(io::Error::other)
}

/// The path of the promtool of a Prometheus that is new enough.
pub(crate) fn promtool() -> io::Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(|| find_of_prometheus("promtool")).clone().map_err(io::Error::other)
}

fn find_nats_server() -> Result<PathBuf, String> {
    const GET_IT: &str = "`cargo xtask test` installs it into target/tools; or install it from https://nats.io, and put \
                          it on the PATH";
    find("nats-server", "target/tools/bin", LEAST_NATS).map_err(|why| format!("{why}: {GET_IT}"))
}

fn find_of_prometheus(program: &str) -> Result<PathBuf, String> {
    const GET_IT: &str = "`cargo xtask test` unpacks it into target/prometheus; or install Prometheus from \
                          https://prometheus.io/download, and put it on the PATH";
    find(program, "target/prometheus/usr/bin", LEAST_PROMETHEUS).map_err(|why| format!("{why}: {GET_IT}"))
}

/// The path of a program that is new enough: first where xtask installs it, then on the PATH.
fn find(name: &str, ours: &str, least: (u32, u32)) -> Result<PathBuf, String> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(ours);
    let mut too_old = None;
    for folder in std::iter::once(ours).chain(path()) {
        let program = folder.join(name);
        let Some(version) = program.is_file().then(|| version_of(&program)).flatten() else { continue };
        if numbers(&version) >= Some(least) {
            return Ok(program);
        }
        too_old.get_or_insert(format!("{} is {version}", program.display()));
    }
    let (major, minor) = least;
    let found = too_old.unwrap_or_else(|| "there is none".to_owned());
    Err(format!("the tests need {name} {major}.{minor} or later, and {found}"))
}

fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// `nats-server: v2.11.4` is (2, 11), and `promtool, version 2.42.0 (branch: …` is (2, 42).
fn numbers(version: &str) -> Option<(u32, u32)> {
    let numbers = version.split_once("version ").or_else(|| version.rsplit_once('v'))?.1;
    let mut parts = numbers.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn find_postgres() -> Result<PathBuf, String> {
    // Debian has a folder for each version, and does not put it on the PATH.
    let mut debian: Vec<_> = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().collect();
    debian.sort_by_key(|version| version.file_name().to_string_lossy().parse().unwrap_or(0_u32));
    let debian = debian.into_iter().rev().map(|version| version.path().join("bin"));
    let complete = |folder: &PathBuf| ["initdb", "postgres", "createdb"].iter().all(|p| folder.join(p).is_file());
    debian.chain(path()).find(complete).ok_or_else(|| {
        "the tests need PostgreSQL (initdb, postgres, createdb), on the PATH or where Debian has it: `cargo xtask test` \
         installs it on Debian, as does `apt-get install postgresql`; elsewhere see https://www.postgresql.org/download"
            .to_owned()
    })
}

fn path() -> Vec<PathBuf> {
    std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_nats_server_is_read() {
        assert_eq!(numbers("nats-server: v2.11.4"), Some((2, 11)));
        assert_eq!(numbers("nats-server: v2.9.10-beta"), Some((2, 9)));
        assert_eq!(numbers("command not found"), None);
        assert!(numbers("nats-server: v2.9.10") < Some(LEAST_NATS));
    }

    #[test]
    fn the_version_of_prometheus_is_read() {
        let debian =
            "prometheus, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5)\n  go version: go1.19.8";
        assert_eq!(numbers(debian), Some((2, 42)));
        assert_eq!(numbers("promtool, version 3.13.1 (branch: HEAD, revision: abc)"), Some((3, 13)));
        assert!(numbers("prometheus, version 2.33.5") < Some(LEAST_PROMETHEUS));
    }
}
