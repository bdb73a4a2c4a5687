//! Checks regularly, while the stream is read, that it is still the known stream and that no entry is missed, and makes
//! room in it.

use std::time::Duration;

use async_nats::jetstream::Context;
use futures_util::future::BoxFuture;
use ghostlight_rig::{LogPosition, Partition, Position, Revision, StoreId};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::connection::Connection;
use super::retention;
use super::silence::ELECTION_TIMEOUT;
use super::stream::{Broken, Doubt, Found, LOSS_CONFIRMATION, Stream, check_store, find, goes_on_from, gone};
use crate::LogError;

/// How often the stream is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The pause before the stream is asked for again.
pub(super) const RETRY: Duration = Duration::from_millis(100);

/// The stream, as its readers share it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) connection: Connection,
    pub(super) jetstream: Context,
    /// The partition of the stream.
    pub(super) partition: Partition,
    /// Which store's changes it has.
    pub(super) store: Option<StoreId>,
    /// What a store holds.
    pub(super) saved: watch::Receiver<Position>,
}

impl Source {
    /// Finds the stream and checks that it continues from a position; waits while this cannot be decided.
    ///
    /// # Errors
    /// If the stream does not continue from there, and has reported so for [`LOSS_CONFIRMATION`].
    pub(super) async fn going_on_from(&self, mark: LogPosition) -> Result<Stream, LogError> {
        self.unless_lost(mark, Doubt::lasting(LOSS_CONFIRMATION)).await
    }

    async fn unless_lost(&self, mark: LogPosition, mut doubt: Doubt) -> Result<Stream, LogError> {
        let mut since = Instant::now();
        loop {
            match self.connection.unless_cut(self.ask(mark)).await {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(Broken::For(why))) if doubt.is_over() => return Err(LogError::Lost(why)),
                Some(Err(Broken::Purged(why))) if doubt.is_over() => return Err(LogError::Gone(why)),
                Some(Err(Broken::For(why) | Broken::Purged(why))) => {
                    tracing::debug!(why, "the stream is asked for again before that is believed");
                    since = Instant::now();
                }
                Some(Err(Broken::Foreign(error))) => return Err(error),
                Some(Err(Broken::Unclear(error))) => {
                    tracing::debug!(%error, "asking for the stream again");
                    doubt.begin_anew();
                }
                None => {
                    tracing::debug!("asking for the stream again once there is a connection");
                    doubt.begin_anew();
                    // The next server gets the full time.
                    since = Instant::now();
                }
            }
            if self.connection.is_up() && since.elapsed() >= ELECTION_TIMEOUT {
                self.connection.move_on().await;
                since = Instant::now();
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn ask(&self, mark: LogPosition) -> Result<Stream, Broken> {
        match find(&self.jetstream, self.partition).await {
            Found::Nothing => Err(Broken::For(gone(self.partition))),
            Found::Unclear(why) => Err(Broken::Unclear(LogError::Lost(why))),
            Found::Stream(stream) => {
                if let Some(store) = self.store {
                    check_store(&stream, store).map_err(Broken::Foreign)?;
                }
                goes_on_from(&stream, mark).await.map(|()| *stream)
            }
        }
    }

    /// Checks once. Nothing more is to be read while it is in doubt whether this is still the stream that was read.
    async fn check(self, mark: LogPosition) -> Checked {
        let stream = match self.unless_lost(mark, Doubt::lasting(Duration::ZERO)).await {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%error, "reading pauses");
                return Checked { from: mark, end: None };
            }
        };
        let saved = *self.saved.borrow();
        // Without a connection nothing is purged: the request would go out late, perhaps to another stream.
        if saved.epoch == mark.position.epoch && self.connection.is_up() {
            retention::make(&stream, saved.revision.min(mark.position.revision)).await;
        }
        Checked { from: mark, end: Some(Revision(stream.cached_info().state.last_sequence)) }
    }
}

/// The checks of one reader, one after the other.
pub(super) struct Checks {
    due: Interval,
    under_way: Option<BoxFuture<'static, Checked>>,
}

/// The result of a check.
pub(super) struct Checked {
    /// The position from which the stream was checked.
    pub(super) from: LogPosition,
    /// The stream's last revision; `None` if the stream reports that it does not continue from there.
    pub(super) end: Option<Revision>,
}

impl Checks {
    pub(super) fn new() -> Self {
        let mut due = tokio::time::interval_at(Instant::now() + CHECK_INTERVAL, CHECK_INTERVAL);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { due, under_way: None }
    }

    /// Waits for the next check, which starts from `last`. The future may be dropped and called again.
    pub(super) async fn next(&mut self, source: &Source, last: LogPosition) -> Checked {
        if self.under_way.is_none() {
            self.due.tick().await;
        }
        let check = self.under_way.get_or_insert_with(|| Box::pin(source.clone().check(last)));
        let checked = check.await;
        self.under_way = None;
        checked
    }
}
