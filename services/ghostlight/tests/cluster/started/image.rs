//! What the images bring along.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ghostlight_servers::{User, nats_server, not_root, postgres_programs};
use serde_json::Value;

use super::render::Places;
use crate::files::{list, said};

/// What the entrypoint of the official image does, to a PostgreSQL that is not told where to listen: here there is one
/// host for all pods. Nobody comes over the network without a password.
const POSTGRES: &str = r#"
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    printf '%s\n' "$POSTGRES_PASSWORD" >password
    initdb --no-sync --encoding UTF8 --locale C --username "$POSTGRES_USER" --pwfile password \
        --auth-local trust --auth-host scram-sha-256
    rm password
    printf 'CREATE DATABASE "%s"\n' "$POSTGRES_DB" | postgres --single postgres
fi
exec postgres "$@" -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$PGHOST"
"#;

/// What an image brings along, beside files.
pub(crate) struct Image {
    /// What is started, unless the container names a command.
    entrypoint: Vec<String>,
    environment: BTreeMap<String, String>,
    /// What asks it to end.
    pub(crate) stop_signal: &'static str,
    refuses_root: bool,
}

impl Image {
    /// The image of a container that listens there.
    pub(crate) fn of(container: &Value, places: &Places) -> Self {
        let (name, _) = said(container, "image").split_once(':').unwrap();
        match name {
            "ghostlight" => Self::new(&[env!("CARGO_BIN_EXE_ghostlight")], None),
            "nats" => {
                let program = nats_server().unwrap().get_program().to_owned();
                Self::new(&[], Path::new(&program).parent())
            }
            "postgres" => {
                let programs = postgres_programs().unwrap();
                let mut image = Self::new(&["sh", "-c", POSTGRES, "postgres"], Some(&programs));
                let port = places.address(5432).port().to_string();
                let data = "/var/lib/postgresql/18/docker".to_owned();
                let socket = "/var/run/postgresql".to_owned();
                image.environment.extend([("PGDATA", data), ("PGHOST", socket), ("PGPORT", port)].map(named));
                Self { stop_signal: "INT", refuses_root: true, ..image }
            }
            other => panic!("nothing is known of {other}"),
        }
    }

    fn new(entrypoint: &[&str], programs: Option<&Path>) -> Self {
        let ours = std::env::var_os("PATH").unwrap_or_default();
        let folders = programs.map(PathBuf::from).into_iter().chain(std::env::split_paths(&ours));
        let path = std::env::join_paths(folders).unwrap().into_string().unwrap();
        Self {
            entrypoint: entrypoint.iter().map(|&word| word.to_owned()).collect(),
            environment: BTreeMap::from([named(("PATH", path))]),
            stop_signal: "TERM",
            refuses_root: false,
        }
    }

    /// What a container is started with.
    pub(crate) fn command(&self, container: &Value) -> Vec<String> {
        let (command, args) = (words(container, "command"), words(container, "args"));
        let command = if command.is_empty() { self.entrypoint.clone() } else { command };
        assert!(!command.is_empty(), "{} is to start by itself, which is not known here", said(container, "image"));
        [command, args].concat()
    }

    /// What a container finds in its environment, beside what it is given.
    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// As whom it runs, if not as us: a pod whose folder is theirs from now on.
    pub(crate) fn user(&self, folder: &Path) -> Option<User> {
        if self.refuses_root { not_root(folder).unwrap() } else { None }
    }
}

/// The words of a command.
pub(crate) fn words(of: &Value, key: &str) -> Vec<String> {
    list(of, key).iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn named((name, value): (&str, String)) -> (String, String) {
    (name.to_owned(), value)
}
