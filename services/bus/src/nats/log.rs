//! The log between processes: a stream of JetStream. Its sequence numbers are the revisions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_trait::async_trait;
use ghostlight_proto::subjects;
use ghostlight_rig::{Entry, Mark, Position, RigName};

use super::append::append;
use super::connection::Connection;
use super::entries::NatsEntries;
use super::settings::StreamSettings;
use super::stream::{Broken, begin_anew, find_or_make, goes_on_from};
use crate::{AppendError, DurableOnce, Entries, Log, LogError};

/// A server that has not acknowledged for so long may be cut off from the others: the entry is sent again, elsewhere.
pub(super) const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(2);

/// So many saved entries stay in the stream, for state services that are behind but not far.
const KEPT: u64 = 10_000;

/// And so many more may gather before they are let go of.
const GATHERED: u64 = 10_000;

/// So many entries of one process may be under way: one a rig.
const MOST_UNDER_WAY: usize = 4_096;

/// The log in a stream of JetStream.
#[derive(Debug)]
pub struct NatsLog {
    connection: Connection,
    jetstream: Context,
    settings: StreamSettings,
    let_go: AtomicU64,
}

impl NatsLog {
    /// The log that this connection reaches; the first state service that begins makes it.
    pub fn new(connection: Connection, settings: StreamSettings) -> Self {
        let jetstream = ContextBuilder::new()
            .timeout(ACKNOWLEDGED_WITHIN)
            .max_ack_inflight(MOST_UNDER_WAY)
            .backpressure_on_inflight(true)
            .build(connection.client.clone());
        Self { connection, jetstream, settings, let_go: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Log for NatsLog {
    async fn begin(&self, stored: Mark) -> Result<Mark, LogError> {
        let stream = find_or_make(&self.jetstream, &self.settings).await?;
        if stored == Mark::default() {
            return begin_anew(&stream, stored).await;
        }
        match goes_on_from(&stream, stored).await {
            Ok(()) => Ok(stored),
            Err(Broken::Unclear(error)) => Err(error),
            Err(Broken::For(why)) => {
                let start = begin_anew(&stream, stored).await?;
                tracing::error!(
                    stored = %stored.position, start = %start.position,
                    "ALARM: the log does not go on from what is saved: {why}. What is saved is kept, in a new epoch; \
                     changes that were in neither are lost"
                );
                Ok(start)
            }
        }
    }

    async fn read(&self, after: Mark) -> Result<Box<dyn Entries>, LogError> {
        Ok(Box::new(NatsEntries::open(self.connection.clone(), self.jetstream.clone(), after).await?))
    }

    async fn append(&self, rig: &RigName, entry: &Entry, seen: Position) -> Result<Position, AppendError> {
        append(&self.connection, &self.jetstream, rig, entry, seen).await
    }

    /// Lets go of entries that are saved, now and then, so that there is room for new ones.
    fn checkpoint(&self, position: Position) {
        let up_to = position.revision.0.saturating_sub(KEPT);
        let before = self.let_go.load(Ordering::Relaxed);
        if up_to < before + GATHERED {
            return;
        }
        self.let_go.store(up_to, Ordering::Relaxed);
        let jetstream = self.jetstream.clone();
        tokio::spawn(async move {
            let let_go = async {
                let stream = jetstream.get_stream_no_info(subjects::STREAM).await.map_err(|error| error.to_string())?;
                stream.purge().sequence(up_to + 1).await.map_err(|error| error.to_string())
            };
            if let Err(error) = let_go.await {
                tracing::warn!(%error, "saved entries stay in the stream for now");
            }
        });
    }

    fn durable_once(&self) -> DurableOnce {
        DurableOnce::Appended
    }
}
