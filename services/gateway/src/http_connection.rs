//! Speaks HTTP on one connection.

use std::time::Duration;

use axum::BoxError;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_io_timeout::TimeoutStream;
use tower::Service;

/// How long a client may take to send a request's head, and how long a kept-alive connection may stay idle.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most that hyper buffers of one connection's input and output: heads and small bodies. More than the largest body
/// is never needed, and idle connections keep less.
const BUFFER: usize = 64 << 10;

/// Serves a connection until it ends. Once `leave` resolves, it ends as soon as no request is under way. A client that
/// reads nothing for `stall` is disconnected.
pub(crate) async fn speak<S>(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    service: S,
    stall: Duration,
    leave: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Response, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static,
{
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(stall));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        // A client that ends its sending side after its request still gets the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(service))
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
