//! What the tests are told with.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ghostlight_rig::RigName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Every wait ends here: far beyond what anything takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A map as the tests compare it: dimmer to level, as JSON has them.
pub(crate) type Map = BTreeMap<String, Value>;

/// The map that a JSON object is.
pub(crate) fn map(object: Value) -> Map {
    serde_json::from_value(object).unwrap()
}

/// What a process with the admin listener `admin` has counted.
pub(crate) async fn counted<const N: usize>(admin: &str, all: [&'static str; N]) -> BTreeMap<&'static str, u64> {
    let metrics = reqwest::get(format!("{admin}/metrics")).await.unwrap().text().await.unwrap();
    let value = |series: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {series} in {metrics}")).parse::<f64>().unwrap() as u64
    };
    all.map(|series| (series, value(series))).into()
}

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
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// A console of the full protocol.
pub(crate) struct Console(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Console {
    /// Connects to the rig `main` at a gateway and says hello.
    pub(crate) async fn open(address: SocketAddr, resume: Option<&str>) -> Self {
        Self::open_on(address, &RigName::default(), resume).await
    }

    /// Connects to a rig at a gateway and says hello.
    pub(crate) async fn open_on(address: SocketAddr, rig: &RigName, resume: Option<&str>) -> Self {
        let mut hello = serde_json::json!({"type": "hello", "client": "console"});
        if let Some(position) = resume {
            hello["resume"] = position.into();
        }
        Self::greet(address, rig, hello).await
    }

    /// Connects to a rig at a gateway and says this first.
    pub(crate) async fn greet(address: SocketAddr, rig: &RigName, hello: Value) -> Self {
        let mut request = format!("ws://{address}/v1/rigs/{rig}/ws?create=1").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "ghostlight.v1".parse().unwrap());
        let mut socket = connect_async(request).await.unwrap().0;
        socket.send(Message::text(hello.to_string())).await.unwrap();
        Self(socket)
    }

    /// Says something.
    #[allow(dead_code, reason = "not all tests that share this say anything")]
    pub(crate) async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                    Some(Ok(_)) => {}
                    other => panic!("the connection has ended: {other:?}"),
                }
            }
        };
        within("a message", next).await
    }

    /// The next message of this type; what comes before is passed over.
    pub(crate) async fn message(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }
}
