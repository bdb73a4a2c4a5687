//! Speaks HTTP on one connection.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_io_timeout::TimeoutStream;

use crate::head_deadline::{REQUEST_HEAD_TIMEOUT, noted};

/// The most that hyper buffers of one connection's input and output: heads and small bodies. More than the largest body
/// is never needed, and idle connections keep less.
const BUFFER: usize = 64 << 10;

/// Serves a connection until it ends. Once `leave` resolves, it ends as soon as no request is under way. A client that
/// reads nothing for `stall` is disconnected.
pub(crate) async fn speak<A: Future<Output = Response>>(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    answer: impl Fn(Request<Incoming>) -> A,
    stall: Duration,
    leave: impl Future<Output = ()>,
) {
    let service = service_fn(|request| {
        let answer = answer(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(stall));
    let (stream, timer) = noted(stream);
    let connection = http1::Builder::new()
        .timer(timer)
        .header_read_timeout(REQUEST_HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        // A client that ends its sending side after its request still gets the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = leave => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    /// A client's side of a connection. The clock is the test's: it runs ahead while everything waits.
    fn connected() -> DuplexStream {
        let (client, server) = tokio::io::duplex(1 << 10);
        let answer = async |_| "here".into_response();
        tokio::spawn(speak(server, answer, Duration::from_secs(15), std::future::pending()));
        client
    }

    async fn is_answered(client: &mut DuplexStream) -> bool {
        client.write_all(REQUEST).await.is_ok() && has_answer(client).await
    }

    async fn has_answer(client: &mut DuplexStream) -> bool {
        let mut read = Vec::new();
        while !read.ends_with(b"here") {
            match client.read_u8().await {
                Ok(byte) => read.push(byte),
                Err(_) => return false,
            }
        }
        true
    }

    /// How many seconds pass until the server closes the connection.
    async fn closed_after(client: &mut DuplexStream) -> u64 {
        let began = tokio::time::Instant::now();
        let _ = client.read_to_end(&mut Vec::new()).await;
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_kept_alive_connection_outlives_the_patience_of_a_proxy() {
        let mut client = connected();
        for _ in 0..3 {
            assert!(is_answered(&mut client).await);
            tokio::time::sleep(Duration::from_secs(80)).await;
        }
        assert!(is_answered(&mut client).await);
        assert_eq!(closed_after(&mut client).await, 90);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_less_time_than_an_idle_connection() {
        assert_eq!(closed_after(&mut connected()).await, 30, "nothing was sent");

        let mut client = connected();
        assert!(is_answered(&mut client).await);
        tokio::time::sleep(Duration::from_secs(80)).await;
        client.write_all(&REQUEST[..10]).await.expect("the connection is open");
        tokio::time::sleep(Duration::from_secs(29)).await;
        client.write_all(&REQUEST[10..]).await.expect("the connection is open");
        assert!(has_answer(&mut client).await, "it came in time");

        client.write_all(&REQUEST[..10]).await.expect("the connection is open");
        assert_eq!(closed_after(&mut client).await, 30);
    }
}
