//! Where the servers' programs are, and what to do if they are not there.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The least version of nats-server that has what Ghostlight asks of it.
const LEAST_NATS: (u32, u32) = (2, 11);

/// A nats-server that is new enough.
pub(crate) fn nats_server() -> io::Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(find_nats_server).clone().map_err(io::Error::other)
}

/// The folder with the programs of PostgreSQL.
pub(crate) fn postgres() -> io::Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(find_postgres).clone().map_err(io::Error::other)
}

fn find_nats_server() -> Result<PathBuf, String> {
    const GET_IT: &str = "`cargo xtask test` installs it into target/tools; or install it from https://nats.io, and put \
                          it on the PATH";
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin");
    let mut too_old = None;
    for folder in std::iter::once(tools).chain(path()) {
        let program = folder.join("nats-server");
        let Some(version) = program.is_file().then(|| version_of(&program)).flatten() else { continue };
        if numbers(&version) >= Some(LEAST_NATS) {
            return Ok(program);
        }
        too_old.get_or_insert(format!("{} is {version}", program.display()));
    }
    let (major, minor) = LEAST_NATS;
    let found = too_old.unwrap_or_else(|| "there is none".to_owned());
    Err(format!("the tests need nats-server {major}.{minor} or later, and {found}: {GET_IT}"))
}

fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// `nats-server: v2.11.4` is (2, 11).
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.rsplit_once('v')?.1.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn find_postgres() -> Result<PathBuf, String> {
    // Debian keeps its versions apart, and off the PATH.
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
}
