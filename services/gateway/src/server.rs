//! Accepts, limits and ends connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Router;
use ghostlight_telemetry::metrics::Held;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::util::MapResponse;

use crate::drain::Stopping;
use crate::{Gateway, Limits, tcp};

/// How long a client may take to send a request's head, and how long a kept-alive connection may stay idle.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most that hyper buffers of one connection's input and output: heads and small bodies. More than the largest body
/// is never needed, and idle connections keep less.
const BUFFER: usize = 64 << 10;

/// The most connections above the limit that are answered with a refusal at once; the rest are just closed.
const MAX_REFUSED: usize = 64;

/// How long refusing one of them may take.
const REFUSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How often unused hubs are dropped.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The pause after an accept that failed for want of resources.
const BREATH: Duration = Duration::from_millis(50);

/// A connection's place under the limit; a WebSocket keeps it beyond its request.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _counted: Held,
}

impl Gateway {
    /// Serves a listener until shutdown. With a drain, connections are then closed one by one until none is left. After
    /// that nothing more is accepted, and work under way is finished. Returns when all of it is done.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) {
        tokio::select! {
            // Connections that are already waiting are accepted before the drain counts as over.
            biased;
            () = self.accept(&listener) => {}
            () = self.drained(shutdown) => {}
        }
        drop(listener);
        self.stopping.over().cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Resolves when the drain after a shutdown is over or was cut short.
    async fn drained(&self, shutdown: CancellationToken) {
        let over = self.stopping.over();
        if over.run_until_cancelled(shutdown.cancelled()).await.is_none() || self.limits.drain.is_zero() {
            return;
        }
        let drained = self.stopping.begin();
        // Connections that are accepted later are tracked all the same.
        self.tasks.close();
        let all_gone = tokio::time::timeout_at(drained, self.tasks.wait());
        let _ = over.run_until_cancelled(all_gone).await;
    }

    /// Accepts connections forever.
    async fn accept(&self, listener: &TcpListener) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let refusals = Arc::new(Semaphore::new(MAX_REFUSED));
        let router = self.router();
        let mut sweeps = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = sweeps.tick() => {
                    self.hubs.let_go();
                    continue;
                }
            };
            match (stream, places.clone().try_acquire_owned()) {
                (Ok((stream, _)), Ok(permit)) => {
                    let place = Place { _permit: permit, _counted: self.instruments.metrics.sockets.hold() };
                    let connection =
                        connection(stream, place, router.clone(), self.limits.clone(), self.stopping.clone());
                    self.tasks.spawn(connection);
                }
                (Ok((stream, _)), Err(_)) => {
                    if let Ok(permit) = refusals.clone().try_acquire_owned() {
                        self.tasks.spawn(refuse(stream, permit));
                    }
                }
                (Err(error), _) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, place: Place, router: Router, limits: Arc<Limits>, stopping: Stopping) {
    if let Err(error) = tcp::set_up(&stream, limits.stall) {
        return tracing::debug!(%error, "a connection was gone at once");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.stall));
    let router = router.layer(Extension(Arc::new(place)));
    let leave = leave(&stopping);
    let router = MapResponse::new(router, move |response| stopping.mark(response));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        // A client that ends its sending side after its request still gets the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router))
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

/// Resolves when a connection has to end as soon as no request is under way on it.
fn leave(stopping: &Stopping) -> impl Future<Output = ()> + Send + use<> {
    // A connection that is accepted during the drain has not sent a request yet; the response to its first one closes
    // it.
    let is_new = stopping.has_begun();
    let (over, moment) = (stopping.over().clone(), stopping.moment());
    async move { if is_new { over.cancelled().await } else { moment.await } }
}

/// Answers a client with 503 because the limit is reached. The server reads a request first, answers, and then reads to
/// the end: if it closed sooner, many clients would not see the answer.
async fn refuse(mut stream: TcpStream, _permit: OwnedSemaphorePermit) {
    const PROBLEM: &str = r#"{"status":503,"code":"unavailable","title":"Not now; nothing happened","detail":"the server already has as many connections as its settings allow"}"#;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{PROBLEM}",
        PROBLEM.len()
    );
    let told = async {
        let mut thrown_away = [0; 4 << 10];
        let mut read = stream.read(&mut thrown_away).await?;
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        while read > 0 {
            read = stream.read(&mut thrown_away).await?;
        }
        io::Result::Ok(())
    };
    let told = tokio::time::timeout(REFUSE_TIMEOUT, told).await;
    tracing::warn!(told = matches!(told, Ok(Ok(()))), "a connection was refused: the limit of connections is reached");
}
