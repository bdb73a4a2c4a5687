//! The connection that a task serves. The requests of an HTTP connection are answered in its task, so that their routes need not
//! pass it on.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ghostlight_telemetry::metrics::Held;

use crate::places;

/// A connection of a client.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) source: Source,
    pub(crate) place: Arc<Place>,
}

/// Where a change comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The number of the connection.
    pub(crate) connection: u64,
    /// The address of its client.
    pub(crate) address: IpAddr,
}

/// A connection's place under the limit, until it is dropped. A WebSocket keeps it beyond its request.
pub(crate) struct Place {
    _place: places::Place,
    _counted: Held,
}

tokio::task_local! {
    static CONNECTION: Connection;
}

impl Connection {
    /// Serves this connection in the current task.
    pub(crate) async fn scope<T>(self, serving: impl Future<Output = T>) -> T {
        CONNECTION.scope(self, serving).await
    }
}

impl Source {
    /// The gateway itself.
    const OWN: Self = Self { connection: 0, address: IpAddr::V4(Ipv4Addr::LOCALHOST) };

    /// The connection that the current task serves; the gateway itself if it serves none.
    pub(crate) fn of_task() -> Self {
        CONNECTION.try_with(|connection| connection.source).unwrap_or(Self::OWN)
    }
}

impl Place {
    /// A place, and the count of open connections while it is held.
    pub(crate) fn new(place: places::Place, counted: Held) -> Self {
        Self { _place: place, _counted: counted }
    }

    /// The place of the connection that the current task serves; `None` if it serves none.
    pub(crate) fn of_task() -> Option<Arc<Self>> {
        CONNECTION.try_with(|connection| connection.place.clone()).ok()
    }
}
