//! Making sure, while the stream is read, that it is still the one that is known, that nothing of it is missed, and that
//! it has room.

use std::time::Duration;

use async_nats::jetstream::Context;
use futures_util::future::BoxFuture;
use ghostlight_rig::{LogPosition, Partition, Position, Revision, StoreId};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::connection::Connection;
use super::retention;
use super::stream::{Broken, Doubt, Found, LOSS_CONFIRMATION, Stream, check_store, find, goes_on_from, gone};
use crate::LogError;

/// How often it is made sure.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The pause before the stream is asked for again.
pub(super) const RETRY: Duration = Duration::from_millis(100);

/// The stream, for those who read it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) connection: Connection,
    pub(super) jetstream: Context,
    /// Which one it is.
    pub(super) partition: Partition,
    /// Which store's changes it has.
    pub(super) store: Option<StoreId>,
    /// What a store holds.
    pub(super) saved: watch::Receiver<Position>,
}

impl Source {
    /// Finds the stream as it goes on from a mark, waiting while nobody can tell.
    ///
    /// # Errors
    /// It does not go on from there, and that was told for long enough.
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
                    tracing::debug!(%error, "the stream is asked for again");
                    doubt.begin_anew();
                }
                None => {
                    tracing::debug!("the stream is asked for again, once there is a connection");
                    doubt.begin_anew();
                    // The next server has its own time.
                    since = Instant::now();
                }
            }
            if self.connection.is_up() && since.elapsed() >= 2 * super::log::ACK_TIMEOUT {
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
        // What would go out late, to a stream that may be another one then, does not go out.
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

/// What a check has found.
pub(super) struct Checked {
    /// The stream goes on from here.
    pub(super) from: LogPosition,
    /// Up to here; `None` if it is told that it does not go on.
    pub(super) end: Option<Revision>,
}

impl Checks {
    pub(super) fn new() -> Self {
        let mut due = tokio::time::interval_at(Instant::now() + CHECK_INTERVAL, CHECK_INTERVAL);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { due, under_way: None }
    }

    /// What the next check finds; it begins where the reader stands then. May be dropped and asked again.
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
