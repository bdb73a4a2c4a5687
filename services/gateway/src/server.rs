//! Serves consoles: accepts their connections until a shutdown, and ends them.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::Gateway;
use crate::connection::{Connection, Place, Source};
use crate::drain::Stopping;
use crate::guard::Guarded;
use crate::http_connection::speak;
use crate::http_listener::{Bounds, HttpListener};

/// How often unused hubs are dropped.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

impl Gateway {
    /// Serves a listener until shutdown. With a drain, connections are then closed one by one until none is left. After
    /// that nothing more is accepted, and work under way is finished. Returns when all of it is done.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) {
        let listener = HttpListener::new(listener, self.bounds(), self.tasks.clone());
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

    fn bounds(&self) -> Bounds {
        let limits = &self.limits;
        Bounds {
            connections: limits.connections,
            connections_per_address: limits.connections_per_address,
            refusals: limits.refusals,
            stall: limits.stall,
        }
    }

    /// Accepts connections forever.
    async fn accept(&self, listener: &HttpListener) {
        let routes = Arc::new(Routes { guarded: self.routes(), stopping: self.stopping.clone() });
        let mut connections = 0;
        let mut sweeps = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            let (stream, place) = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = sweeps.tick() => {
                    self.hubs.let_go();
                    continue;
                }
            };
            connections += 1;
            let source = Source { connection: connections, address: place.address() };
            let place = Arc::new(Place::new(place, self.instruments.metrics.sockets.hold()));
            let serving = routes.clone().serve(stream, self.limits.stall);
            self.tasks.spawn(Connection { source, place }.scope(serving));
        }
    }
}

/// What answers the requests of all connections.
struct Routes {
    guarded: Guarded,
    stopping: Stopping,
}

impl Routes {
    /// Serves a connection until it ends.
    async fn serve(self: Arc<Self>, stream: TcpStream, stall: Duration) {
        let leave = leave(&self.stopping);
        let answer = |request| {
            let routes = self.clone();
            async move { routes.stopping.mark(routes.guarded.answer(request).await) }
        };
        speak(stream, answer, stall, leave).await;
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
