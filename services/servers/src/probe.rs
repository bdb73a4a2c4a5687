//! Asks a server again and again until a condition is met.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// How long any wait here may take: far longer than it needs, even on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// How long one request may take. A server that hangs is asked again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The pause between two requests.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer.
///
/// # Errors
/// The error of a request, or a time-out after [`DEADLINE`].
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if Instant::now() > deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("not within {DEADLINE:?}: {what}")));
        }
        sleep(PAUSE).await;
    }
}

/// The body of the answer to `GET path`, if its status is 200.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Option<String> {
    answer(address, path).await.filter(|(status, _)| *status == 200).map(|(_, body)| body)
}

/// The status and the body of the answer to `GET path`.
pub(crate) async fn answer(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let asking = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    };
    timeout(ANSWER_TIMEOUT, asking).await.ok().flatten()
}

/// The first bytes that a server sends, after we have sent `greeting`.
pub(crate) async fn first_words<const N: usize>(address: SocketAddr, greeting: &[u8]) -> Option<[u8; N]> {
    let asking = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(greeting).await.ok()?;
        let mut words = [0; N];
        stream.read_exact(&mut words).await.ok()?;
        Some(words)
    };
    timeout(ANSWER_TIMEOUT, asking).await.ok().flatten()
}
