//! No server outlives its owner, however that ends.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use ghostlight_servers::{NatsOptions, NatsServer, Postgres};

use crate::support::{children, is_alive, until, within};

/// Tells a second run of this test binary to be the owner, and how to end.
const OWNER: &str = "GHOSTLIGHT_SERVERS_OWNER";

/// A second run of this test binary, and the servers that it owns.
struct Owner {
    process: Child,
    /// Kept open, so that it may go on to talk.
    _output: BufReader<ChildStdout>,
    /// Each server's process and folder.
    servers: Vec<(u32, PathBuf)>,
}

impl Owner {
    /// Runs the named test of this binary, which calls [`own`], in a process of its own.
    fn start(test: &str, ending: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap());
        process.args(["--exact", test, "--nocapture"]).env(OWNER, ending);
        let mut process = process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let lines = output.by_ref().lines().map(Result::unwrap);
        let told = lines.filter_map(|line| line.split_once("server: ").map(|(_, told)| told.to_owned()));
        let servers = told.take(2).map(|told| {
            let (pid, folder) = told.split_once(' ').unwrap();
            (pid.parse().unwrap(), folder.into())
        });
        let servers = servers.collect();
        Self { process, _output: output, servers }
    }
}

/// What the owner does: it starts servers, tells of them, and waits to be ended.
#[allow(clippy::print_stdout, reason = "who runs it reads it")]
async fn own(ending: &str) {
    let nats = within("a server", NatsServer::start(&NatsOptions::default())).await.unwrap();
    let postgres = within("a server", Postgres::shared()).await.unwrap();
    if ending == "killed while they are held" {
        nats.pause().unwrap();
        postgres.pause().unwrap();
    }
    let nats_folder = nats.folder().parent().unwrap().to_owned();
    let postgres_folder = std::fs::read_link(format!("/proc/{}/cwd", postgres.pid().unwrap())).unwrap();
    println!("\nserver: {} {}", nats.pid().unwrap(), nats_folder.display());
    println!("\nserver: {} {}", postgres.pid().unwrap(), postgres_folder.parent().unwrap().display());
    if ending == "returns" {
        return;
    }
    // Nobody writes: this waits for the end of the test that runs us, should it come first.
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await.unwrap().unwrap();
}

async fn all_end(servers: &[(u32, PathBuf)], family: &[u32]) {
    assert_eq!(servers.len(), 2);
    until("the servers and their folders are gone", async || {
        servers.iter().all(|(pid, folder)| !is_alive(*pid) && !folder.exists())
            && family.iter().all(|pid| !is_alive(*pid))
    })
    .await;
}

#[tokio::test]
async fn servers_end_with_a_process_that_is_killed() {
    if let Ok(ending) = std::env::var(OWNER) {
        return own(&ending).await;
    }
    for ending in ["killed", "killed while they are held"] {
        let mut owner = Owner::start("ending::servers_end_with_a_process_that_is_killed", ending);
        let servers = &owner.servers;
        assert!(servers.iter().all(|(pid, folder)| is_alive(*pid) && folder.is_dir()), "{servers:?}");
        let family: Vec<u32> = servers.iter().flat_map(|(pid, _)| children(*pid)).collect();
        assert!(family.len() > 1, "{family:?}");
        owner.process.kill().unwrap();
        owner.process.wait().unwrap();
        all_end(servers, &family).await;
    }
}

#[tokio::test]
async fn servers_end_with_a_process_that_returns() {
    if let Ok(ending) = std::env::var(OWNER) {
        return own(&ending).await;
    }
    let mut owner = Owner::start("ending::servers_end_with_a_process_that_returns", "returns");
    assert!(owner.process.wait().unwrap().success());
    all_end(&owner.servers, &[]).await;
}
