//! A store that fails: at the start, and while it runs.

use std::path::Path;
use std::process::Stdio;

use ghostlight_servers::Postgres;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Map, PlainMap, Served, Socket, command, folder, until, within};

/// Starts the binary where it must fail, and answers its exit code and what it said.
async fn fails(folder: &Path) -> (Option<i32>, String) {
    let child = command(folder).args(["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
    let output = within("the failure", child.wait_with_output()).await.unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn a_second_server_on_one_file_is_refused() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let (code, said) = fails(&path).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("in use by another Ghostlight"), "{said}");
    served.kill().await;
    Served::start(&path, &[]).await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let (_folder, path) = folder();
    std::fs::write(path.join("rigs.db"), "this is not a database, and long enough to be looked at".repeat(100))
        .unwrap();
    let (code, said) = fails(&path).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("rigs.db") && said.contains("damaged"), "{said}");
}

/// A small file system of the test's own.
pub(crate) struct Tmpfs(pub(crate) tempfile::TempDir);

impl Tmpfs {
    pub(crate) fn mount(size: &str) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let mounted = Self::run("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], folder.path());
        assert!(mounted, "mounting a tmpfs takes root: run the tests as root, or in a user namespace (unshare -rm)");
        Self(folder)
    }

    /// Makes it read-only (`ro`) or writable (`rw`).
    fn remount(&self, mode: &str) {
        assert!(Self::run("mount", &["-o", &format!("remount,{mode}")], self.0.path()), "remounting takes root");
    }

    fn run(program: &str, args: &[&str], path: &Path) -> bool {
        std::process::Command::new(program).args(args).arg(path).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        Self::run("umount", &["-l"], self.0.path());
    }
}

const READ_ONLY: &str = "the database cannot be written: it, or its disk, is read-only";

/// What a refusal says to its client.
async fn why(refused: Response) -> String {
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "unavailable", "{problem}");
    problem["detail"].as_str().unwrap().to_owned()
}

/// When the disk is full, changes are refused with 503 and have not happened for anyone; when there is room again, the
/// server takes them again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_changes_until_there_is_room() {
    let disk = Tmpfs::mount("2m");
    let path = disk.0.path();
    let served = Served::start(path, &[]).await;
    let mut watcher = Socket::plain(&served).await;
    let http = Client::new();
    let post = async |body: Value| http.post(served.url("/")).json(&body).send().await.unwrap();
    assert_eq!(post(json!({"1": 1})).await.status(), 200);
    std::fs::write(path.join("ballast"), vec![0; 4 << 20]).expect_err("the disk is full now");

    let mut kept: Map = serde_json::from_value(json!({"1": 1})).unwrap();
    let refused = until("a change is refused", async || {
        // SQLite's own files have some room left at first.
        let level = json!(kept.len() % 100);
        let change: Map = (0..500).map(|n| ((kept.len() + n + 1).to_string(), level.clone())).collect();
        let response = post(serde_json::to_value(&change).unwrap()).await;
        if response.status() == 200 {
            kept.extend(change);
            return None;
        }
        Some(response)
    })
    .await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    const WHY: &str = "the database cannot be written: its disk is full";
    assert_eq!(why(refused).await, WHY);
    let ready = http.get(served.url("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    assert_eq!(why(ready).await, WHY);

    // Reads go on, and show what is kept: who had seen more is brought back to it.
    until("the map is what is kept", async || (served.map().await == kept).then_some(())).await;
    let mut seen = PlainMap::default();
    seen.follow_to(&mut watcher, &kept).await;

    std::fs::remove_file(path.join("ballast")).unwrap();
    until("changes are taken again", async || (post(json!({"9": 99})).await.status() == 200).then_some(())).await;
    assert_eq!(http.get(served.url("/readyz")).send().await.unwrap().status(), 200);
    kept.insert("9".to_owned(), json!(99));
    assert_eq!(served.map().await, kept);
    seen.follow_to(&mut watcher, &kept).await;
    served.kill().await;
    let served = Served::start(path, &[]).await;
    assert_eq!(served.map().await, kept);
}

/// The levels are at least seen, and changes are taken without a restart once the disk can be written.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_on_a_read_only_disk_and_shows_the_levels() {
    let disk = Tmpfs::mount("2m");
    let path = disk.0.path();
    let served = Served::start(path, &[]).await;
    let http = Client::new();
    let post = async |served: &Served, body: Value| http.post(served.url("/")).json(&body).send().await.unwrap();
    assert_eq!(post(&served, json!({"1": 10})).await.status(), 200);
    served.kill().await;
    disk.remount("ro");

    let served = Served::start(path, &[]).await;
    assert_eq!(json!(served.map().await), json!({"1": 10}));
    let refused = post(&served, json!({"1": 20})).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(why(refused).await, READ_ONLY);
    let mut socket = Socket::full(&served, "desk", None).await;
    socket.send(r#"{"type": "set", "levels": {"1": 20}, "seq": 1}"#).await;
    let error = socket.message("error").await;
    assert!(error["message"].as_str().unwrap().ends_with(READ_ONLY), "{error}");
    let ready = http.get(served.url("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    assert_eq!(why(ready).await, READ_ONLY);
    disk.remount("rw");
    until("changes are taken", async || (post(&served, json!({"1": 30})).await.status() == 200).then_some(())).await;
    served.kill().await;
    assert_eq!(json!(Served::start(path, &[]).await.map().await), json!({"1": 30}));
}

/// As on a read-only disk: a standby of PostgreSQL becomes a server that can be written.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_on_a_read_only_postgresql_and_shows_the_levels() {
    let mut postgres = within("PostgreSQL", Postgres::start()).await.unwrap();
    let store = within("the database", postgres.database("show")).await.unwrap();
    let serve = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ghostlight"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--store", &store]);
        command.stdout(Stdio::piped()).stdin(Stdio::null()).kill_on_drop(true);
        Served::spawn(command)
    };
    let served = serve().await;
    let http = Client::new();
    let post = async |served: &Served, body: Value| http.post(served.url("/")).json(&body).send().await.unwrap();
    assert_eq!(post(&served, json!({"1": 10})).await.status(), 200);
    served.kill().await;
    within("the standby", postgres.restart_as_standby()).await.unwrap();

    let served = serve().await;
    assert_eq!(json!(served.map().await), json!({"1": 10}));
    let refused = post(&served, json!({"1": 20})).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(why(refused).await, READ_ONLY);
    assert_eq!(why(http.get(served.url("/readyz")).send().await.unwrap()).await, READ_ONLY);
    within("the promotion", postgres.promote()).await.unwrap();
    until("changes are taken", async || (post(&served, json!({"1": 30})).await.status() == 200).then_some(())).await;
    served.kill().await;
    assert_eq!(json!(serve().await.map().await), json!({"1": 30}));
}

/// A process that is killed leaves its last saves in the write-ahead log.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_write_ahead_log_is_an_alarm() {
    let (_folder, path) = folder();
    let log = path.join("rigs.db-wal");
    let damaged = until("a log that a killed server left", async || {
        let served = Served::start(&path, &[]).await;
        for level in 1..=20 {
            Client::new().post(served.url("/")).json(&json!({"1": level})).send().await.unwrap();
        }
        served.kill().await;
        let bytes = std::fs::read(&log).unwrap();
        (bytes.len() > 32 + 20 * 4_120).then_some(bytes)
    });
    let mut damaged = damaged.await;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&log, damaged).unwrap();
    let mut command = command(&path);
    let said = path.join("said");
    command.args(["--listen", "127.0.0.1:0"]).stderr(std::fs::File::create(&said).unwrap());
    let _served = Served::spawn(command).await;
    let is_told = async || std::fs::read_to_string(&said).unwrap().contains("rigs.db-wal cannot be read").then_some(());
    until("the alarm", is_told).await;
}
