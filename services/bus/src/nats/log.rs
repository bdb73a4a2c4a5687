//! The log between processes: a JetStream stream for each partition. Its sequence numbers are the revisions.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_trait::async_trait;
use ghostlight_rig::{Entry, LogPosition, Position, RigName};
use tokio::sync::watch;

use super::append::append;
use super::connection::Connection;
use super::entries::NatsEntries;
use super::settings::StreamSettings;
use super::stream::{Broken, Doubt, LOSS_CONFIRMATION, begin_anew, check_saved, find_or_make, goes_on_from};
use super::stream_watch::{RETRY, Source};
use crate::{AppendError, DurableOnce, Entries, Log, LogError};

/// A server that has not acknowledged after this time may be cut off from the others: the entry is sent again to
/// another server.
pub(super) const ACK_TIMEOUT: Duration = Duration::from_secs(2);

/// The most entries of one process that may be under way: one for each rig.
const MAX_IN_FLIGHT: usize = 4_096;

/// A log in a JetStream stream.
#[derive(Debug)]
pub struct NatsLog {
    connection: Connection,
    jetstream: Context,
    settings: StreamSettings,
    saved: watch::Sender<Position>,
}

impl NatsLog {
    /// Makes a log over this connection. The first state service that begins creates the stream.
    pub fn new(connection: Connection, settings: StreamSettings) -> Self {
        let jetstream = ContextBuilder::new()
            .timeout(ACK_TIMEOUT)
            .max_ack_inflight(MAX_IN_FLIGHT)
            .backpressure_on_inflight(true)
            .build(connection.client.clone());
        Self { connection, jetstream, settings, saved: watch::Sender::default() }
    }
}

#[async_trait]
impl Log for NatsLog {
    async fn begin(&self, stored: LogPosition) -> Result<LogPosition, LogError> {
        let partition = self.settings.partition;
        check_saved(stored, partition)?;
        let mut doubt = Doubt::lasting(LOSS_CONFIRMATION);
        loop {
            let stream = find_or_make(&self.jetstream, &self.settings).await?;
            if stored == LogPosition::default() {
                return begin_anew(&stream, partition, stored).await;
            }
            match goes_on_from(&stream, stored).await {
                Ok(()) => return Ok(stored),
                Err(Broken::Unclear(error)) => return Err(error),
                Err(Broken::For(why)) if doubt.is_over() => {
                    let start = begin_anew(&stream, partition, stored).await?;
                    tracing::error!(
                        stored = %stored.position, start = %start.position,
                        "ALARM: the log does not go on from what is saved: {why}. What is saved is kept, in a new \
                         epoch; changes that were in neither are lost"
                    );
                    return Ok(start);
                }
                Err(Broken::For(why)) => {
                    tracing::debug!(why, "asking for the stream again before this is believed");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn read(&self, after: LogPosition) -> Result<Box<dyn Entries>, LogError> {
        let (connection, jetstream) = (self.connection.clone(), self.jetstream.clone());
        let (partition, saved) = (self.settings.partition, self.saved.subscribe());
        let source = Source { connection, jetstream, partition, saved };
        Ok(Box::new(NatsEntries::open(source, after).await?))
    }

    async fn append(&self, rig: &RigName, entry: &Entry, seen: Position) -> Result<Position, AppendError> {
        append(&self.connection, &self.jetstream, self.settings.partition.among(), rig, entry, seen).await
    }

    /// Notes what is saved. Readers purge it at their checks, after they have confirmed that the stream is still the
    /// one that it was read from.
    fn checkpoint(&self, position: Position) {
        self.saved.send_replace(position);
    }

    fn durable_once(&self) -> DurableOnce {
        DurableOnce::Appended
    }
}
