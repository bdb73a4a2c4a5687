//! The handshake of a WebSocket (RFC 6455, section 4.2).

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Request, header};
use axum::response::Response;
use data_encoding::BASE64;
use ghostlight_proto::{Code, SUBPROTOCOL};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::refusal::Refusal;
use crate::subscription::Protocol;

/// A WebSocket, on a connection that HTTP has given up.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The length of a decoded `Sec-WebSocket-Key`, in bytes.
const KEY_BYTES: usize = 16;

/// A request that asks for a WebSocket as it should.
pub(crate) struct Upgrade {
    accepted: Response,
    on_upgrade: OnUpgrade,
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let refused = |detail: String| Refusal::new(Code::UpgradeRequired, detail);
        check_key(&parts.headers)?;
        let on_upgrade = parts.extensions.remove::<OnUpgrade>();
        let accepted = create_response(&Request::from_parts(parts.clone(), ()));
        let accepted = accepted.map_err(|error| refused(error.to_string()))?;
        let on_upgrade = on_upgrade.ok_or_else(|| refused("the connection cannot be upgraded".to_owned()))?;
        Ok(Self { accepted: accepted.map(|()| Body::empty()), on_upgrade })
    }
}

/// Refuses a key that no client makes, so that its author learns of the fault. Without a key the handshake is refused anyway.
fn check_key(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else { return Ok(()) };
    if BASE64.decode(key.as_bytes()).is_ok_and(|key| key.len() == KEY_BYTES) {
        return Ok(());
    }
    Err(Refusal::bad_input(format!("Sec-WebSocket-Key is {KEY_BYTES} bytes in Base64")))
}

impl Upgrade {
    /// The response that accepts the WebSocket, and what becomes the connection once it is sent. The plain protocol has no
    /// subprotocol.
    pub(crate) fn response(mut self, protocol: Protocol) -> (Response, OnUpgrade) {
        if protocol != Protocol::Plain {
            self.accepted.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        }
        (self.accepted, self.on_upgrade)
    }
}

/// Waits until the response is sent and the connection is a WebSocket; `None` if the connection ended before.
pub(crate) async fn socket(on_upgrade: OnUpgrade, config: WebSocketConfig) -> Option<Socket> {
    let upgraded = TokioIo::new(on_upgrade.await.ok()?);
    Some(WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await)
}
