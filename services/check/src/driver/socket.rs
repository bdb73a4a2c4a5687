//! A WebSocket to a gateway.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use ghostlight_proto::{ClientMessage, SUBPROTOCOL, ServerMessage, Unread, decode};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// How long the closing handshake may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A WebSocket of the full protocol.
#[derive(Debug)]
pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What was received.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message.
    Message(Box<ServerMessage>),
    /// A message that cannot be read, and why.
    Unreadable(String),
    /// A ping, a pong, or a message of a type that only a newer version knows.
    SignOfLife,
}

/// Why a connection was lost.
pub(super) type Lost = String;

impl Socket {
    /// Opens a WebSocket.
    pub(super) async fn open(uri: &Uri, within: Duration) -> Result<Self, Lost> {
        let request = ClientRequestBuilder::new(uri.clone()).with_sub_protocol(SUBPROTOCOL);
        // Nagle's algorithm is off, because a change is small and must not wait for the next one.
        let connecting = connect_async_with_config(request, None, true);
        match tokio::time::timeout(within, connecting).await {
            Ok(Ok((socket, _))) => Ok(Self(socket)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {within:?}")),
        }
    }

    /// Sends a message. A gateway that does not accept it within this time is lost.
    pub(super) async fn say(&mut self, message: &ClientMessage, within: Duration) -> Result<(), Lost> {
        match tokio::time::timeout(within, self.0.send(Message::text(message.encode()))).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the gateway accepted nothing for {within:?}")),
        }
    }

    /// Waits for the next message. May be dropped and called again without losing anything.
    pub(super) async fn next(&mut self) -> Result<Heard, Lost> {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Ok(match decode(&Bytes::from(text)) {
                Ok(decoded) => Heard::Message(Box::new(decoded.message)),
                Err(Unread::UnknownType(_)) => Heard::SignOfLife,
                Err(Unread::Bad(error)) => Heard::Unreadable(error.to_string()),
            }),
            Some(Ok(Message::Binary(_))) => Ok(Heard::Unreadable("a binary message".to_owned())),
            Some(Ok(Message::Close(close))) => Err(close.map_or("closed".to_owned(), |close| close.to_string())),
            Some(Ok(_)) => Ok(Heard::SignOfLife),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("closed".to_owned()),
        }
    }

    /// Closes the connection.
    pub(super) async fn close(mut self) {
        // If the gateway does not take part in the closing handshake, the connection is dropped.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, async {
            if self.0.close(None).await.is_ok() {
                while let Some(Ok(_)) = self.0.next().await {}
            }
        })
        .await;
    }
}
