//! A server that does what the test says, on a free port.

#![allow(dead_code, reason = "every test binary compiles this module and uses a part of it")]

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use ghostlight_client::{Change, Client, Follower, News, Options, Pace, State};
use ghostlight_proto::{Ack, ClientMessage, ErrorMessage, Hello, SUBPROTOCOL, ServerMessage, Set, parse_levels};
use ghostlight_rig::{
    Beacon, Change as Asked, ClientId, Delta, Entry, Epoch, Levels, LogTime, Origin, Position, Revision, Rig, Snapshot,
    State as RigState, StoreId,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// How long a test waits for anything.
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for something that must happen.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Levels, from their JSON text.
pub(crate) fn levels(json: &str) -> Levels {
    parse_levels(json.as_bytes()).unwrap()
}

/// A rig as the server holds it.
pub(crate) struct Script {
    pub(crate) rig: Rig,
    /// The store that keeps it; none is told by default.
    pub(crate) store: StoreId,
    revision: u64,
}

impl Script {
    pub(crate) fn new(epoch: u64) -> Self {
        Self { rig: Rig::new(Epoch(epoch)), store: StoreId::default(), revision: 0 }
    }

    /// Folds a change in.
    pub(crate) fn change(&mut self, json: &str) -> Delta {
        self.change_by(json, None)
    }

    pub(crate) fn change_by(&mut self, json: &str, origin: Option<Origin>) -> Delta {
        self.revision += 1;
        let change = Asked { origin, ..Asked::from(levels(json)) };
        self.rig.apply(Revision(self.revision), LogTime(self.revision), &Entry::new(change))
    }

    /// All that has changed after a revision, as a server answers who resumes.
    pub(crate) fn rest(&self, prev: Revision) -> ServerMessage {
        let update = self.rig.map().since(prev).unwrap();
        ServerMessage::Delta(Delta { position: self.rig.position(), prev, update, ..Delta::default() })
    }

    pub(crate) fn snapshot(&self) -> ServerMessage {
        ServerMessage::Snapshot(Snapshot { store: self.store, ..self.rig.snapshot() })
    }

    pub(crate) fn beacon(&self) -> ServerMessage {
        ServerMessage::Beacon(Beacon { store: self.store, ..self.rig.beacon() })
    }

    pub(crate) fn position(&self) -> Position {
        self.rig.position()
    }
}

/// The server.
pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) async fn bind() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    /// The next connection, as TCP has it.
    pub(crate) async fn accept_tcp(&self) -> TcpStream {
        let (socket, _) = soon("a connection", self.listener.accept()).await.unwrap();
        socket.set_nodelay(true).unwrap();
        socket
    }

    /// The next connection, with its hello.
    pub(crate) async fn accept(&self) -> (Connection, Hello) {
        let socket = soon("a handshake", accept_hdr_async(self.accept_tcp().await, agree)).await.unwrap();
        let mut connection = Connection { socket };
        match connection.hear().await {
            ClientMessage::Hello(hello) => (connection, hello),
            other => panic!("a client says hello first, not {other:?}"),
        }
    }

    /// A client with these options that is live on this script's map.
    pub(crate) async fn live(&self, script: &Script, options: Options) -> (Client, Connection) {
        let url = self.url();
        let serve = async {
            let (mut connection, hello) = self.accept().await;
            assert_eq!(hello.resume, None, "a new client has nothing to resume");
            connection.say(script.snapshot()).await;
            connection
        };
        let (client, connection) = tokio::join!(Client::connect(&url, options), serve);
        (client.unwrap(), connection)
    }
}

#[allow(clippy::result_large_err, reason = "the signature is tungstenite's")]
fn agree(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    assert_eq!(request.uri().path(), "/v1/rigs/main/ws");
    let asked = request.headers().get("sec-websocket-protocol").unwrap();
    assert_eq!(asked, SUBPROTOCOL);
    response.headers_mut().insert("sec-websocket-protocol", asked.clone());
    Ok(response)
}

/// One connection of the server.
pub(crate) struct Connection {
    socket: WebSocketStream<TcpStream>,
}

impl Connection {
    pub(crate) async fn say(&mut self, message: ServerMessage) {
        self.say_text(message.encode()).await;
    }

    pub(crate) async fn say_text(&mut self, text: impl Into<Bytes>) {
        let text = Utf8Bytes::try_from(text.into()).unwrap();
        soon("the client to read", self.socket.send(Message::Text(text))).await.unwrap();
    }

    pub(crate) async fn ack(&mut self, seq: u64, position: Position) {
        self.say(ServerMessage::Ack(Ack { seq, position, timing: None, trace: None })).await;
    }

    pub(crate) async fn refuse(&mut self, seq: u64, code: &str) {
        let error = ErrorMessage { seq: Some(seq), code: code.to_owned(), message: "no".to_owned(), traceparent: None };
        self.say(ServerMessage::Error(error)).await;
    }

    /// Says that the server stops, and that others are to be connected to.
    pub(crate) async fn send_on(&mut self) {
        let close = CloseFrame { code: CloseCode::Restart, reason: "the server stops; connect again".into() };
        soon("the client to read", self.socket.close(Some(close))).await.unwrap();
    }

    /// The next frame; `None` at the end.
    pub(crate) async fn frame(&mut self) -> Option<Message> {
        soon("a frame", self.socket.next()).await.and_then(Result::ok)
    }

    pub(crate) async fn hear(&mut self) -> ClientMessage {
        match self.frame().await {
            Some(Message::Text(text)) => ClientMessage::parse(&text).unwrap(),
            other => panic!("a client sends text, not {other:?}"),
        }
    }

    pub(crate) async fn hear_set(&mut self) -> Set {
        match self.hear().await {
            ClientMessage::Set(set) => set,
            other => panic!("expected a set, not {other:?}"),
        }
    }
}

/// Options with a known name, and a backoff that does not slow the tests down.
pub(crate) fn options() -> Options {
    let pace = Pace { backoff_first: Duration::from_millis(10), ..Pace::default() };
    Options { client_id: ClientId::new("desk-1").unwrap(), pace, ..Options::default() }
}

/// Waits until the client is in a state.
pub(crate) async fn reaches(client: &Client, state: State) {
    let mut status = client.status();
    soon(&format!("{state:?}"), status.wait_for(|status| status.state == state)).await.unwrap();
}

/// Waits until the client's map is the script's.
pub(crate) async fn converges(client: &Client, script: &Script) {
    let mut follower = client.follow();
    while client.position() != Some(script.position()) {
        soon("the client to converge", follower.changed()).await.unwrap();
    }
    assert_eq!(client.rig(), script.rig.snapshot().state);
}

pub(crate) async fn next(follower: &mut Follower) -> Change {
    soon("a change", follower.changed()).await.unwrap()
}

pub(crate) fn news(json: &str) -> News {
    News::Update(levels(json).into())
}

pub(crate) fn map(json: &str) -> News {
    let levels = levels(json).into_iter().map(|(dimmer, level)| (dimmer, level.unwrap())).collect();
    News::State(RigState { levels, ..RigState::default() })
}

pub(crate) fn origin(client: &str, seq: u64) -> Option<Origin> {
    Some(Origin { client: ClientId::new(client).unwrap(), seq })
}
