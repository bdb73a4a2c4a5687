//! A server in a process of its own, and clients that wait for conditions, never for time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ghostlight_bus::memory::{MemoryEcho, MemoryLog};
use ghostlight_rig::Partition;
use ghostlight_state::{Instruments, Parts};
use ghostlight_store::Store;
use ghostlight_telemetry::Telemetry;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Every wait ends here: far beyond what anything takes, even on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A map as the tests compare it: dimmer to level, as JSON has them.
pub(crate) type Map = BTreeMap<String, Value>;

/// Waits for something, but not for ever.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// Asks again until the answer is good.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(good) = ask().await {
                return good;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}

/// What a state service in this process works with, on this bus.
pub(crate) fn parts(log: &Arc<MemoryLog>, echo: &Arc<MemoryEcho>, store: Arc<dyn Store>) -> Parts {
    let instruments = Instruments::new(&Telemetry::default(), "sqlite");
    Parts { log: log.clone(), echo: echo.clone(), store, most_rigs: 10, partition: Partition::default(), instruments }
}

/// A running server.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    child: Child,
    /// Where its admin listener is, once it has said so.
    admin: watch::Receiver<Option<String>>,
}

impl Served {
    /// Starts the binary on a free port, with the store in this folder.
    pub(crate) async fn start(folder: &Path, args: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", folder, args).await
    }

    /// Starts the binary at an address.
    pub(crate) async fn start_at(listen: &str, folder: &Path, args: &[&str]) -> Self {
        let mut command = command(folder);
        command.args(["--listen", listen]).args(args);
        Self::spawn(command).await
    }

    /// Starts what becomes the binary.
    pub(crate) async fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = within("the first line", lines.next_line()).await.unwrap();
        let first = first.unwrap_or_else(|| panic!("the server did not start"));
        let address = first.split("http://").nth(1).and_then(|rest| rest.trim_end_matches('/').parse().ok());
        let (tell, admin) = watch::channel(None);
        // All of the rest is read, so that the pipe stays open.
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((before, _)) = line.split_once("/metrics") {
                    tell.send_replace(before.split_once("http://").map(|(_, address)| format!("http://{address}")));
                }
            }
        });
        Self { address: address.unwrap_or_else(|| panic!("no address in {first:?}")), child, admin }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where its admin listener is.
    pub(crate) async fn admin(&self) -> String {
        let mut admin = self.admin.clone();
        let told = within("the admin listener", admin.wait_for(Option::is_some)).await.unwrap();
        told.clone().unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Its resident memory, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Ends it as a power cut would, as far as the process is concerned.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        within("the end of the server", self.child.wait()).await.unwrap()
    }

    /// What its process does, for a test that has waited in vain: whether it has ended, or where each of its threads waits.
    pub(crate) fn standing(&mut self) -> String {
        let Ok(None) = self.child.try_wait() else { return "the server has ended".to_owned() };
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.pid())).into_iter().flatten().flatten();
        let threads = threads.map(|thread| {
            let [name, call, place] = ["comm", "syscall", "wchan"].map(|file| read(thread.path().join(file)));
            format!("{name}: {call} {place}")
        });
        format!("the server runs: {}", threads.collect::<Vec<_>>().join("; "))
    }

    /// The map that it answers.
    pub(crate) async fn map(&self) -> Map {
        let response = reqwest::Client::new().get(self.url("/v1/rigs/main/levels")).send().await.unwrap();
        response.json().await.unwrap()
    }
}

/// The binary, with its store in this folder.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ghostlight"));
    let store = format!("sqlite:{}", folder.join("rigs.db").display());
    command.args(["serve", "--store", &store]).stdout(Stdio::piped()).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The binary on a free port, started by a shell that runs this before.
pub(crate) fn command_after(shell: &str, folder: &Path) -> Command {
    let binary = command(folder);
    let mut command = Command::new("sh");
    command.args(["-c", &format!(r#"{shell} && exec "$0" "$@""#)]).arg(binary.as_std().get_program());
    command.args(binary.as_std().get_args()).args(["--listen", "127.0.0.1:0"]);
    command.stdout(Stdio::piped()).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// A folder of the test's own.
pub(crate) fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

/// An address at which nothing listens. Servers of other tests take free ports of 127.0.0.1, so this is another one.
pub(crate) async fn unused_address() -> SocketAddr {
    TcpListener::bind("127.77.0.1:0").await.unwrap().local_addr().unwrap()
}

/// A WebSocket client.
pub(crate) struct Socket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens `/ws` without a subprotocol.
    pub(crate) async fn plain(served: &Served) -> Self {
        Self::open(served.address, "/ws", None).await.unwrap()
    }

    /// Opens the full protocol on `main` and says hello.
    pub(crate) async fn full(served: &Served, client: &str, resume: Option<&str>) -> Self {
        let path = "/v1/rigs/main/ws";
        let mut socket = Self::open(served.address, path, Some("ghostlight.v1")).await.unwrap();
        let resume = resume.map(|position| format!(r#","resume":"{position}""#)).unwrap_or_default();
        socket.send(format!(r#"{{"type":"hello","client":"{client}"{resume}}}"#)).await;
        socket
    }

    pub(crate) async fn open(address: SocketAddr, path: &str, subprotocol: Option<&str>) -> Result<Self, Error> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        if let Some(name) = subprotocol {
            request.headers_mut().insert("sec-websocket-protocol", name.parse().unwrap());
        }
        Ok(Self(connect_async(request).await?.0))
    }

    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    /// The next text, or the close frame, or nothing if the connection just ended.
    pub(crate) async fn next(&mut self) -> Result<String, Option<CloseFrame>> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                    Some(Ok(Message::Close(frame))) => return Err(frame),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(None),
                }
            }
        };
        // The server's pings do not count.
        within("a message", next).await
    }

    /// The next text as JSON.
    pub(crate) async fn json(&mut self) -> Value {
        let text = self.next().await.unwrap_or_else(|frame| panic!("the connection was closed: {frame:?}"));
        serde_json::from_str(&text).unwrap()
    }

    /// The next message of this type; what comes before is passed over.
    pub(crate) async fn message(&mut self, kind: &str) -> Value {
        loop {
            let message = self.json().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Reads until the connection is closed, and answers the code.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.next().await {
                Ok(_) => {}
                Err(frame) => return frame.map(|frame| frame.code.into()),
            }
        }
    }
}

/// The map that a client of the plain protocol holds: `Object.assign`, and `null` for what is forgotten.
#[derive(Default, Debug)]
pub(crate) struct PlainMap(pub(crate) Map);

impl PlainMap {
    pub(crate) fn assign(&mut self, message: Value) {
        let Value::Object(message) = message else { panic!("not an object: {message}") };
        assert!(!message.contains_key("error"), "{message:?}");
        self.0.extend(message);
        self.0.retain(|_, level| !level.is_null());
    }

    /// Reads until the map is this one, and answers how many messages that took.
    pub(crate) async fn follow_to(&mut self, socket: &mut Socket, map: &Map) -> usize {
        let mut messages = 0;
        while self.0 != *map {
            let message = socket.json().await;
            self.assign(message);
            messages += 1;
        }
        messages
    }
}

/// How many connections to a port are open on the server's side.
pub(crate) fn open_connections(pid: u32, port: u16) -> usize {
    // Of the table in proc(5): the local address is the second column, the state (1: established) the fourth.
    let table = std::fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
    let local = format!(":{port:04X}");
    let established = table.lines().filter(|line| {
        let columns: Vec<_> = line.split_whitespace().collect();
        columns.get(1).is_some_and(|address| address.ends_with(&local)) && columns.get(3) == Some(&"01")
    });
    established.count()
}
