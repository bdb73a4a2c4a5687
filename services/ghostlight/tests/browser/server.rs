//! The real server, and what a script and a plain WebSocket client do with it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use futures_util::{SinkExt, StreamExt};
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::PATIENCE;

/// The server's process.
pub(crate) struct Server {
    process: Child,
    _stdout: BufReader<ChildStdout>,
    /// Its address and port.
    pub(crate) address: String,
}

impl Server {
    /// Starts it on this address and store, and waits until it listens.
    pub(crate) async fn start(listen: &str, store: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_ghostlight"))
            .args(["serve", "--listen", listen, "--store", &format!("sqlite:{}", store.display())])
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
        Self { process, _stdout: stdout, address }
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
    pub(crate) async fn post(&self, levels: &'static str) {
        send(client().post(self.page()).header(CONTENT_TYPE, "application/json").body(levels)).await;
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
