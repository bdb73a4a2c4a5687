//! The real server, and what a script and a plain WebSocket client do with it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use futures_util::{FutureExt, SinkExt, StreamExt};
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::page::Page;
use crate::screen::Screen;
use crate::{Deployment, PATIENCE};

/// The server's process.
pub(crate) struct Server {
    process: Child,
    stdout: BufReader<ChildStdout>,
    /// Its address and port.
    pub(crate) address: String,
}

impl Server {
    /// Starts it on this address and store, and waits until it listens.
    pub(crate) async fn start(listen: &str, store: &Path) -> Self {
        Self::start_with(listen, store, &[]).await
    }

    /// Starts it with these further settings.
    pub(crate) async fn start_with(listen: &str, store: &Path, args: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_ghostlight"))
            .args(["serve", "--listen", listen, "--store", &format!("sqlite:{}", store.display())])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let mut stdout = BufReader::new(process.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        timeout(PATIENCE, stdout.read_line(&mut line)).await.expect("a first line in time").expect("its output");
        let address = line.trim_end().trim_end_matches('/').strip_prefix("Ghostlight listens on http://");
        let address = address.unwrap_or_else(|| panic!("the first line told no address: {line:?}")).to_owned();
        Self { process, stdout, address }
    }

    /// The address and port of its admin listener, which it prints after its own.
    pub(crate) async fn admin(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.stdout.read_line(&mut line)).await.expect("a line in time");
            assert_ne!(read.expect("its output"), 0, "it ended without naming the admin listener");
            if let Some((address, _)) = line.split_once("http://").and_then(|(_, rest)| rest.split_once("/metrics")) {
                return address.to_owned();
            }
        }
    }

    /// The page.
    pub(crate) fn page(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Kills it, without a chance to write or say anything.
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.expect("it was running");
    }

    /// Posts levels, as a script does.
    pub(crate) async fn post(&self, levels: impl Into<String>) {
        send(client().post(self.page()).header(CONTENT_TYPE, "application/json").body(levels.into())).await;
    }

    /// Changes anything of the rig, as a script of this name does.
    pub(crate) async fn patch(&self, script: &str, update: &Value) {
        let request = client().patch(format!("http://{}/v1/rigs/main", self.address));
        let request = request.header(CONTENT_TYPE, "application/json").header("ghostlight-client", script);
        send(request.body(update.to_string())).await;
    }

    /// Sets the look of a word, as a script does.
    pub(crate) async fn word(&self, word: &str, look: &Value) {
        let request = client().put(format!("http://{}/v1/rigs/main/words/{word}", self.address));
        send(request.header(CONTENT_TYPE, "application/json").body(look.to_string())).await;
    }

    /// The words of the rig, with their looks.
    pub(crate) async fn words(&self) -> Value {
        let answer = send(client().get(format!("http://{}/v1/rigs/main/words", self.address))).await;
        answer.json().await.expect("words")
    }

    /// All that the rig holds.
    pub(crate) async fn rig(&self) -> Value {
        let answer = send(client().get(format!("http://{}/v1/rigs/main", self.address))).await;
        answer.json().await.expect("a rig")
    }

    /// Stops it where it stands, as a machine that is overwhelmed does, or lets it go on: `STOP` or `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &pid]).status().expect("kill starts");
        assert!(sent.success(), "kill -s {name} {pid}");
    }

    /// The rig's map, and its position.
    pub(crate) async fn map(&self) -> (BTreeMap<u16, f64>, String) {
        let answer = send(client().get(self.page()).header(ACCEPT, "application/json")).await;
        let position = answer.headers()[ETAG].to_str().expect("an entity tag").trim_matches('"').to_owned();
        (answer.json().await.expect("a map"), position)
    }
}

fn client() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).build().expect("an HTTP client")
}

async fn send(request: RequestBuilder) -> Response {
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
    answer
}

/// A client of the plain protocol.
pub(crate) struct Plain(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Plain {
    /// Connects.
    pub(crate) async fn connect(server: &Server) -> Self {
        let (socket, _) =
            tokio_tungstenite::connect_async(format!("ws://{}/ws", server.address)).await.expect("a WebSocket");
        Self(socket)
    }

    /// Asks for levels.
    pub(crate) async fn say(&mut self, levels: &str) {
        self.0.send(Message::text(levels)).await.expect("the socket takes it");
    }

    /// Takes what has come so far: a client that takes nothing is let go.
    pub(crate) fn skip(&mut self) {
        while let Some(Some(message)) = self.0.next().now_or_never() {
            message.expect("a message");
        }
    }

    /// Listens until the dimmer is at `level`; all levels that it had on the way.
    pub(crate) async fn until_level(&mut self, dimmer: u16, level: f64) -> Vec<f64> {
        let mut heard = Vec::new();
        let arrived = async {
            while heard.last() != Some(&level) {
                let message = self.0.next().await.expect("the socket is open").expect("a message");
                let Message::Text(text) = message else { continue };
                let levels: Value = serde_json::from_str(&text).expect("JSON");
                heard.extend(levels[dimmer.to_string()].as_f64());
            }
        };
        let arrived = timeout(PATIENCE, arrived).await;
        assert!(arrived.is_ok(), "dimmer {dimmer} never came to {level}: {heard:?}");
        heard
    }
}

/// A network between pages and a server, which can be cut and held. Dropped, it is gone.
pub(crate) struct Wire {
    /// Where the pages connect.
    pub(crate) address: SocketAddr,
    state: watch::Sender<WireState>,
    accepting: JoinHandle<()>,
}

/// What a wire does with what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WireState {
    Carries,
    /// Keeps it for later.
    Holds,
    /// Ends all connections.
    IsCut,
}

impl Wire {
    /// A wire to this server.
    pub(crate) async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (state, seen) = watch::channel(WireState::Carries);
        let server = server.address.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((page, _)) = listener.accept().await {
                tokio::spawn(carry(page, server.clone(), seen.clone()));
            }
        });
        Self { address, state, accepting }
    }

    /// Opens the console through it, and waits until it is live.
    pub(crate) async fn open(&self, deployment: &Deployment, screen: Screen) -> Page {
        let page = deployment.driver.open(&format!("http://{}/", self.address), screen).await;
        page.until_live().await;
        page
    }

    /// Cuts it: what is connected is so no more, and nothing gets through.
    pub(crate) fn cut(&self) {
        self.state.send_replace(WireState::IsCut);
    }

    /// Holds back what is sent: nothing gets through, and connections stay.
    pub(crate) fn hold(&self) {
        self.state.send_replace(WireState::Holds);
    }

    /// Mends it: what was held back gets through first.
    pub(crate) fn mend(&self) {
        self.state.send_replace(WireState::Carries);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

/// Carries one connection until both sides have ended it, or the wire is cut.
async fn carry(mut page: TcpStream, server: String, mut state: watch::Receiver<WireState>) {
    if *state.borrow() == WireState::IsCut {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let ((page_sends, page_gets), (server_sends, server_gets)) = (page.split(), server.split());
    let both = futures_util::future::join(
        carry_one_way(page_sends, server_gets, state.clone()),
        carry_one_way(server_sends, page_gets, state.clone()),
    );
    tokio::select! {
        _ = both => {}
        _ = state.wait_for(|state| *state == WireState::IsCut) => {}
    }
}

async fn carry_one_way(
    mut from: tcp::ReadHalf<'_>,
    mut to: tcp::WriteHalf<'_>,
    mut state: watch::Receiver<WireState>,
) -> io::Result<()> {
    let mut bytes = vec![0; 16 << 10];
    loop {
        let length = from.read(&mut bytes).await?;
        let _ = state.wait_for(|state| *state != WireState::Holds).await;
        match length {
            0 => return to.shutdown().await,
            _ => to.write_all(&bytes[..length]).await?,
        }
    }
}
