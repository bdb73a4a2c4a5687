//! Outputs that take nothing: a terminal that was stopped with Ctrl-S, a pipe that nobody reads, a full disk.

use std::fs::File;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};

use ghostlight_servers::Port;
use reqwest::Client;
use rustix::fs::OFlags;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr};

use crate::support::{command, folder, until, within};

/// A server whose outputs are not read, so that its ports have to be known before.
struct Unread {
    child: Child,
    listen: Port,
    admin: Port,
}

impl Unread {
    /// Starts the binary.
    fn start(folder: &std::path::Path, stdout: Stdio, stderr: Stdio) -> Self {
        let (listen, admin) = (Port::reserve().unwrap(), Port::reserve().unwrap());
        let mut command = command(folder);
        command.args(["--listen", &listen.address().to_string(), "--admin", &admin.address().to_string()]);
        command.stdout(stdout).stderr(stderr);
        Self { child: command.spawn().unwrap(), listen, admin }
    }

    fn address(&self) -> SocketAddr {
        self.listen.address()
    }

    /// Sets a level; whether it was answered.
    async fn set(&self, level: u32) -> Option<()> {
        let change = Client::new().post(format!("http://{}/", self.address())).json(&json!({"1": level}));
        (change.send().await.ok()?.status() == 200).then_some(())
    }

    /// How many lines of the log were dropped.
    async fn dropped(&self) -> u64 {
        let url = format!("http://{}/metrics", self.admin.address());
        let metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix("ghostlight_dropped_log_lines_total "));
        line.unwrap_or_else(|| panic!("no count in {metrics}")).parse::<f64>().unwrap() as u64
    }

    /// Makes it log until lines of the log are dropped: that is more than the output and the queue hold. Then sets a level.
    async fn floods_its_log(&self) {
        until("it runs", async || self.set(0).await).await;
        // Each change of the filter is logged.
        let filter = format!("info,{}=info", "x".repeat(100_000));
        until("lines of the log are dropped", async || {
            let change = Client::new().put(format!("http://{}/log", self.admin.address())).body(filter.clone());
            assert_eq!(within("an answer", change.send()).await.unwrap().status(), 200);
            (self.dropped().await > 0).then_some(())
        })
        .await;
        within("an answer", self.set(50)).await.unwrap();
    }

    /// Asks it to end, and waits until it has.
    async fn terminated(&mut self) -> ExitStatus {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
        within("its end", self.child.wait()).await.unwrap()
    }
}

/// A pipe that is full and that nobody reads, and the end that keeps it open.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'\n'; 4096]).is_ok() {}
    rustix::fs::fcntl_setfl(&writer, flags).unwrap();
    (reader, writer)
}

#[tokio::test]
async fn an_unread_standard_error_holds_nothing_up_and_what_was_dropped_is_told() {
    let (_folder, path) = folder();
    let mut server = Unread::start(&path, Stdio::null(), Stdio::piped());
    let err = server.child.stderr.take().unwrap();
    server.floods_its_log().await;

    let mut lines = BufReader::new(err).lines();
    let told = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("log lines were dropped") {
                return line;
            }
        }
        panic!("the log ended");
    };
    let told = within("the log says that lines are missing", told).await;
    assert!(serde_json::from_str::<Value>(&told).unwrap()["lines"].as_u64() > Some(0), "{told}");
    // Nobody reads it any more, and nobody has to.
    let err: ChildStderr = lines.into_inner().into_inner();
    server.floods_its_log().await;
    assert!(server.terminated().await.success());
    drop(err);
}

#[tokio::test]
async fn an_unread_standard_output_holds_nothing_up() {
    let (_folder, path) = folder();
    let (reader, writer) = full_pipe();
    let mut server = Unread::start(&path, writer.into(), Stdio::null());
    until("it runs", async || server.set(50).await).await;
    assert!(server.terminated().await.success());
    drop(reader);
}

#[tokio::test]
async fn a_terminal_that_was_stopped_holds_nothing_up() {
    let (_folder, path) = folder();
    let flags = rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY;
    let controller = rustix::pty::openpt(flags).unwrap();
    rustix::pty::grantpt(&controller).unwrap();
    rustix::pty::unlockpt(&controller).unwrap();
    let name = rustix::pty::ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
    let terminal = File::options().read(true).write(true).open(name).unwrap();
    let mut server = Unread::start(&path, terminal.try_clone().unwrap().into(), terminal.into());
    let mut screen = File::from(controller);
    let mut shown = [0];
    screen.read_exact(&mut shown).unwrap();
    // Ctrl-S.
    screen.write_all(&[0x13]).unwrap();
    server.floods_its_log().await;
    assert!(server.terminated().await.success());
}

#[tokio::test]
async fn outputs_on_a_full_disk_hold_nothing_up() {
    let (_folder, path) = folder();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let mut server = Unread::start(&path, full().into(), full().into());
    server.floods_its_log().await;
    assert!(server.terminated().await.success());
}
