//! WebSocket clients that cost little: a read buffer of 4 KiB, and no write buffer.

use futures_util::{SinkExt, Stream, StreamExt, TryStreamExt, stream};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use crate::failure::Fault;
use crate::target::Target;

/// A client's WebSocket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// How many connections are opened at once: fewer than the backlog of any listener.
const OPENING: usize = 32;

/// Opens a WebSocket.
pub(crate) async fn connect(target: &Target, path: &str, subprotocol: Option<&'static str>) -> Result<Socket, Fault> {
    let mut request = format!("ws://{}{path}", target.authority).into_client_request()?;
    if let Some(name) = subprotocol {
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
    }
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(0);
    let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}

/// Opens a WebSocket of the plain protocol and waits for the map that the server sends first.
pub(crate) async fn follow(target: &Target, path: &str) -> Result<Socket, Fault> {
    let mut socket = connect(target, path, None).await?;
    let map = next_text(&mut socket).await?;
    crate::levels::scan(map.as_bytes(), |_, _| ())?;
    Ok(socket)
}

/// Opens many WebSockets of the plain protocol.
pub(crate) async fn follow_many(target: &Target, path: &str, clients: usize) -> Result<Vec<Socket>, Fault> {
    let opening = (0..clients).map(|_| follow(target, path));
    stream::iter(opening).buffer_unordered(OPENING).try_collect().await
}

/// The next text that the server sends.
pub(crate) async fn next_text(
    socket: &mut (impl Stream<Item = Result<Message, tungstenite::Error>> + Unpin),
) -> Result<Utf8Bytes, Fault> {
    loop {
        match socket.next().await.transpose()? {
            Some(Message::Text(text)) => return Ok(text),
            Some(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Some(Message::Binary(bytes)) => return Err(Fault::wrong("a binary message", &bytes)),
            Some(Message::Close(Some(close))) => return Err(Fault::Wrong(format!("the server closed: {close}"))),
            Some(Message::Close(None)) | None => return Err(Fault::Wrong("the server closed".into())),
        }
    }
}

/// Sends a text.
pub(crate) async fn send(
    socket: &mut (impl SinkExt<Message, Error = tungstenite::Error> + Unpin),
    text: String,
) -> Result<(), Fault> {
    Ok(socket.send(Message::text(text)).await?)
}

/// Closes the connections, so that the server logs no errors. Errors are ignored: the server may have closed already.
pub(crate) async fn close_all(sockets: Vec<Socket>) {
    stream::iter(sockets)
        .for_each_concurrent(OPENING, |mut socket| async move { drop(socket.close(None).await) })
        .await;
}
