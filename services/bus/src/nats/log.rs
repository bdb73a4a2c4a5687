//! The log between processes: a JetStream stream for each partition. Its sequence numbers are the revisions.

use std::sync::OnceLock;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_trait::async_trait;
use ghostlight_rig::{Entry, LogPosition, Position, RigName, StoreId};
use tokio::sync::watch;
use tokio::time::Instant;

use super::append::append;
use super::connection::Connection;
use super::entries::{CONSUMER_INACTIVE_TIMEOUT, NatsEntries};
use super::settings::StreamSettings;
use super::stream::{
    Broken, Doubt, LOSS_CONFIRMATION, begin_anew, check_saved, check_store, find_or_make, foreign, give_to,
    goes_on_from, store_of,
};
use super::stream_watch::{RETRY, Source};
use crate::{AppendError, DurableOnce, Entries, Log, LogError};

/// An entry that is not acknowledged after this time is sent again.
const ACK_TIMEOUT: Duration = Duration::from_secs(2);

/// The most entries of one process that may be under way: one for each rig.
const MAX_IN_FLIGHT: usize = 4_096;

/// A log in a JetStream stream.
#[derive(Debug)]
pub struct NatsLog {
    connection: Connection,
    jetstream: Context,
    settings: StreamSettings,
    /// Which store's changes it has, once that store has claimed it.
    store: OnceLock<StoreId>,
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
        Self { connection, jetstream, settings, store: OnceLock::new(), saved: watch::Sender::default() }
    }

    /// Gives the stream to this store, whichever store it belonged to: that one is the answer. A deliberate act of a person.
    ///
    /// # Errors
    /// [`LogError`] if the stream cannot be reached, made or changed, or a state service reads it.
    pub async fn adopt(&self, store: StoreId) -> Result<Option<StoreId>, LogError> {
        let began = Instant::now();
        loop {
            let stream = find_or_make(&self.jetstream, &self.settings, Some(store)).await?;
            let before = store_of(&stream);
            if before == Some(store) {
                return Ok(before);
            }
            if stream.cached_info().state.consumer_count == 0 {
                give_to(&self.jetstream, &stream, store).await?;
                return Ok(before);
            }
            // The consumer of a state service that has ended goes a little later.
            if began.elapsed() > CONSUMER_INACTIVE_TIMEOUT + ACK_TIMEOUT {
                let why = "a state service reads the stream: stop all state services first";
                return Err(LogError::Unfit(why.to_owned()));
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

#[async_trait]
impl Log for NatsLog {
    async fn claim(&self, store: StoreId, stored: LogPosition) -> Result<(), LogError> {
        // Before a stream is made for the store of another partition, which the right one would then be refused for.
        check_saved(stored, self.settings.partition)?;
        let stream = find_or_make(&self.jetstream, &self.settings, Some(store)).await?;
        check_store(&stream, store)?;
        if store_of(&stream).is_none() {
            // It was made before streams named their stores.
            if stored == LogPosition::default() && stream.cached_info().state.last_sequence > 0 {
                return Err(foreign(&stream, store, None));
            }
            give_to(&self.jetstream, &stream, store).await?;
        }
        self.store.get_or_init(|| store);
        Ok(())
    }

    async fn begin(&self, stored: LogPosition) -> Result<LogPosition, LogError> {
        let partition = self.settings.partition;
        check_saved(stored, partition)?;
        let mut doubt = Doubt::lasting(LOSS_CONFIRMATION);
        loop {
            let stream = find_or_make(&self.jetstream, &self.settings, self.store.get().copied()).await?;
            if let Some(store) = self.store.get() {
                check_store(&stream, *store)?;
            }
            if stored == LogPosition::default() {
                return begin_anew(&stream, partition, stored).await;
            }
            match goes_on_from(&stream, stored).await {
                Ok(()) => return Ok(stored),
                Err(Broken::Unclear(error) | Broken::Foreign(error)) => return Err(error),
                Err(Broken::For(why) | Broken::Purged(why)) if doubt.is_over() => {
                    let start = begin_anew(&stream, partition, stored).await?;
                    tracing::error!(
                        stored = %stored.position, start = %start.position,
                        "ALARM: the log does not go on from what is saved: {why}. What is saved is kept, in a new \
                         epoch; changes that were in neither are lost"
                    );
                    return Ok(start);
                }
                Err(Broken::For(why) | Broken::Purged(why)) => {
                    tracing::debug!(why, "the stream is asked for again before that is believed");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn read(&self, after: LogPosition) -> Result<Box<dyn Entries>, LogError> {
        let (connection, jetstream) = (self.connection.clone(), self.jetstream.clone());
        let (partition, saved) = (self.settings.partition, self.saved.subscribe());
        let source = Source { connection, jetstream, partition, store: self.store.get().copied(), saved };
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

    /// The stream keeps what the store does not take.
    fn store_fails(&self, _why: &'static str) {}

    fn durable_once(&self) -> DurableOnce {
        DurableOnce::Appended
    }
}
