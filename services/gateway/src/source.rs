//! Where a change comes from.

use std::net::{IpAddr, Ipv4Addr};

/// The connection on which a change came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The number of the connection.
    pub(crate) connection: u64,
    /// The address of its client.
    pub(crate) address: IpAddr,
}

tokio::task_local! {
    static SOURCE: Source;
}

impl Source {
    /// The gateway itself.
    const OWN: Self = Self { connection: 0, address: IpAddr::V4(Ipv4Addr::LOCALHOST) };

    /// Serves this connection. The requests of an HTTP connection are served in its task, so that their routes need not pass
    /// its source on.
    pub(crate) async fn serve<T>(self, serving: impl Future<Output = T>) -> T {
        SOURCE.scope(self, serving).await
    }

    /// The connection that the current task serves; the gateway itself if it serves none.
    pub(crate) fn of_task() -> Self {
        SOURCE.try_with(|source| *source).unwrap_or(Self::OWN)
    }
}
