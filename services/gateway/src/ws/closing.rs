//! Closes a WebSocket so that the client can read why.

use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::Gateway;
use crate::ws::ending::Ending;
use crate::ws::upgrade::Socket;

/// How long a client may take to read a close frame and to close its side.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends a close frame, or the answer to the client's, ends the connection's sending side, and discards what the client still
/// sends. A connection that is dropped with unread bytes is reset, and a reset may discard the close frame on its way.
pub(crate) async fn close(gateway: &Gateway, socket: Socket, ending: Ending) {
    let limits = &gateway.limits;
    match ending {
        Ending::Gone => {}
        // The rest of a large message may take long, and the client reads nothing until it is sent.
        Ending::TooLarge => {
            let closed = tokio::time::timeout(limits.stall, closed(socket, ending));
            // A client that does not take the close frame in time has lost it.
            let _ = gateway.closing().run_until_cancelled(closed).await;
        }
        _ => {
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, closed(socket, ending)).await;
        }
    }
}

async fn closed(mut socket: Socket, ending: Ending) -> Result<(), Error> {
    match ending.frame() {
        Some(frame) => socket.send(Message::Close(Some(frame))).await?,
        // The answer was made when the client's close frame was read; it is only sent.
        None => socket.flush().await?,
    }
    let connection = socket.get_mut();
    connection.shutdown().await?;
    let mut discarded = [0; 4 << 10];
    while connection.read(&mut discarded).await? > 0 {}
    Ok(())
}
