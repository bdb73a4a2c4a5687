//! Accepts the connections of a listener, as many as it has places. The gateway and the admin listener of a process are
//! both served by this.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::guard::Guarded;
use crate::http_connection::speak;
use crate::places::{Full, Place, Places};
use crate::tcp;
use crate::throttle::Throttle;

/// How long refusing a connection may take.
const REFUSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The pause after an accept that failed for want of resources.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// The bounds of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most connections that may be open at once.
    pub connections: usize,
    /// The most of them from one address. `None`: half of them, and any number from this machine itself.
    pub connections_per_address: Option<usize>,
    /// The most connections without a place that are answered with a refusal at once; the rest are just closed.
    pub refusals: usize,
    /// A client that reads nothing for this long is disconnected.
    pub stall: Duration,
}

/// Serves a listener until shutdown. Then work under way is finished. Returns when all of it is done.
pub async fn serve(listener: TcpListener, bounds: Bounds, routes: Guarded, shutdown: CancellationToken) {
    let tasks = TaskTracker::new();
    let listener = HttpListener::new(listener, bounds, tasks.clone());
    while let Some((stream, place)) = shutdown.run_until_cancelled(listener.accept()).await {
        let (routes, leave) = (routes.clone(), shutdown.clone().cancelled_owned());
        tasks.spawn(async move {
            let answer = |request| {
                let routes = routes.clone();
                async move { routes.answer(request).await }
            };
            speak(stream, answer, bounds.stall, leave).await;
            drop(place);
        });
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

/// A listener with its places.
pub(crate) struct HttpListener {
    listener: TcpListener,
    places: Places,
    refusals: Arc<Semaphore>,
    /// The refusals that are under way.
    tasks: TaskTracker,
    stall: Duration,
    failures: Throttle,
    refused: Throttle,
}

impl HttpListener {
    pub(crate) fn new(listener: TcpListener, bounds: Bounds, tasks: TaskTracker) -> Self {
        Self {
            listener,
            places: Places::new(bounds.connections, bounds.connections_per_address),
            refusals: Arc::new(Semaphore::new(bounds.refusals)),
            tasks,
            stall: bounds.stall,
            failures: Throttle::default(),
            refused: Throttle::default(),
        }
    }

    /// The next connection that has a place. Others are refused. The future may be dropped without losing a connection.
    pub(crate) async fn accept(&self) -> (TcpStream, Place) {
        loop {
            match self.listener.accept().await {
                Ok((stream, client)) => {
                    if let Some(accepted) = self.place(stream, client) {
                        return accepted;
                    }
                }
                Err(error) => {
                    match self.failures.count(Instant::now()) {
                        Some(count) => tracing::warn!(%error, count, "connections could not be accepted"),
                        None => tracing::debug!(%error, "a connection could not be accepted"),
                    }
                    tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
                }
            }
        }
    }

    fn place(&self, stream: TcpStream, client: SocketAddr) -> Option<(TcpStream, Place)> {
        match self.places.take(client.ip()) {
            Ok(place) => match tcp::set_up(&stream, self.stall) {
                Ok(()) => return Some((stream, place)),
                Err(error) => tracing::debug!(%error, "a connection was gone at once"),
            },
            Err(full) => {
                let why = match full {
                    Full::All => "the server already has as many connections as it may have",
                    Full::Address => "this address already has as many connections as one address may have",
                };
                if let Some(count) = self.refused.count(Instant::now()) {
                    tracing::warn!(%client, count, why, "connections were refused");
                }
                if let Ok(permit) = self.refusals.clone().try_acquire_owned() {
                    self.tasks.spawn(refuse(stream, why, permit));
                }
            }
        }
        None
    }
}

/// Answers a client with 503 because there is no place. The server reads a request first, answers, and then reads to
/// the end: if it closed sooner, many clients would not see the answer.
async fn refuse(mut stream: TcpStream, why: &str, _permit: OwnedSemaphorePermit) {
    let problem =
        format!(r#"{{"status":503,"code":"unavailable","title":"Not now; nothing happened","detail":"{why}"}}"#);
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{problem}",
        problem.len()
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
    tracing::debug!(told = matches!(told, Ok(Ok(()))), "a connection was refused");
}
