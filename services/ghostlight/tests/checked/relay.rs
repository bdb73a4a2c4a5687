//! A relay between the checker's clients and a gateway, which spoils what the gateway tells.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use ghostlight_proto::SUBPROTOCOL;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async, connect_async};

/// What a relay does to one in so many deltas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoils {
    Nothing,
    Drops,
    Doubles,
    /// Lets the next one go first.
    Reorders,
    /// Tells another level.
    Alters,
}

const ONE_IN: usize = 20;

/// A relay. Dropped, it is gone, and its connections with it.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Relay {
    pub(crate) async fn start(gateway: SocketAddr, spoils: Spoils) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(carry(stream, gateway, spoils));
            }
        });
        Self { address, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Carries one connection: HTTP as it comes, WebSockets message by message.
async fn carry(mut stream: TcpStream, gateway: SocketAddr, spoils: Spoils) {
    let mut begins = [0; 4];
    // Without a byte there is nothing to carry.
    let Ok(1..) = stream.peek(&mut begins).await else { return };
    let mut head = vec![0; 2_048];
    let Ok(length) = stream.peek(&mut head).await else { return };
    let is_socket = String::from_utf8_lossy(&head[..length]).to_ascii_lowercase().contains("upgrade: websocket");
    if !is_socket {
        let Ok(mut upstream) = TcpStream::connect(gateway).await else { return };
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut upstream).await;
        return;
    }
    let mut path = String::new();
    // The handshake of the library wants an answer of this very type.
    #[allow(clippy::result_large_err, reason = "the library's callback is of this type")]
    let accept = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        path = request.uri().path().to_owned();
        let subprotocol = HeaderValue::from_static(SUBPROTOCOL);
        response.headers_mut().insert("sec-websocket-protocol", subprotocol);
        Ok(response)
    };
    let Ok(client) = accept_hdr_async(stream, accept).await else { return };
    let request = ClientRequestBuilder::new(format!("ws://{gateway}{path}").parse().unwrap());
    let Ok((upstream, _)) = connect_async(request.with_sub_protocol(SUBPROTOCOL)).await else { return };
    relay(client, upstream, spoils).await;
}

async fn relay<C, G>(client: WebSocketStream<C>, gateway: WebSocketStream<G>, spoils: Spoils)
where
    C: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    G: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let (mut to_client, mut from_client) = client.split();
    let (mut to_gateway, mut from_gateway) = gateway.split();
    let up = async {
        while let Some(Ok(message)) = from_client.next().await {
            if to_gateway.send(message).await.is_err() {
                return;
            }
        }
    };
    let down = async {
        let mut spoiler = Spoiler { spoils, deltas: 0, held: None };
        while let Some(Ok(message)) = from_gateway.next().await {
            for message in spoiler.spoil(message) {
                if to_client.send(message).await.is_err() {
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

struct Spoiler {
    spoils: Spoils,
    deltas: usize,
    held: Option<Message>,
}

impl Spoiler {
    /// What is told instead of a message.
    fn spoil(&mut self, message: Message) -> Vec<Message> {
        let is_delta = matches!(&message, Message::Text(text) if text.contains(r#""type":"delta""#));
        if !is_delta {
            return vec![message];
        }
        if let Some(held) = self.held.take() {
            return vec![message, held];
        }
        self.deltas += 1;
        if !self.deltas.is_multiple_of(ONE_IN) {
            return vec![message];
        }
        match self.spoils {
            Spoils::Nothing => vec![message],
            Spoils::Drops => vec![],
            Spoils::Doubles => vec![message.clone(), message],
            Spoils::Reorders => {
                self.held = Some(message);
                vec![]
            }
            Spoils::Alters => vec![altered(message)],
        }
    }
}

/// A delta in which dimmer 1 is at a level that no run gets to.
fn altered(message: Message) -> Message {
    let Message::Text(text) = message else { return message };
    let mut delta: serde_json::Value = serde_json::from_str(&text).unwrap();
    delta["levels"]["1"] = serde_json::json!(99.99);
    Message::Text(Utf8Bytes::from(delta.to_string()))
}
