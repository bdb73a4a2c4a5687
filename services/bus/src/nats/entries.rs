//! Reading the stream, in order and without a gap, for as long as it is the same stream.

use std::time::Duration;

use async_nats::jetstream::consumer::push::{Config, Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::{Context, Message};
use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use ghostlight_proto::{decode_entry, subjects};
use ghostlight_rig::{Mark, Position, Revision};
use tokio::time::{Instant, MissedTickBehavior};

use super::connection::Connection;
use super::stream::{Broken, Found, Stream, find, goes_on_from, stamp_of};
use crate::{Entries, LogError, Logged};

/// The server says that it is there so often while there is nothing to read; after two silences it is asked anew.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// A consumer that nobody listens to is gone after so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// How often it is made sure that the stream is still the same, while it is quiet.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// The first and the longest pause before the stream is asked for again.
const RETRY: Duration = Duration::from_millis(100);

/// A reader of the stream.
pub(super) struct NatsEntries {
    connection: Connection,
    jetstream: Context,
    /// The last entry that was read.
    last: Mark,
    end: Revision,
    reading: Reading,
    check: tokio::time::Interval,
}

enum Reading {
    /// The stream is being checked, and then read on from the last entry.
    Begins(BoxFuture<'static, Result<Messages, LogError>>),
    Runs {
        messages: Box<Messages>,
        /// Whether nothing has come yet.
        is_new: bool,
        /// A check that is under way.
        checks: Option<BoxFuture<'static, Result<(), LogError>>>,
    },
}

impl NatsEntries {
    /// Reads what comes after a mark.
    pub(super) async fn open(connection: Connection, jetstream: Context, after: Mark) -> Result<Self, LogError> {
        let end = match find(&jetstream).await {
            Found::Stream(stream) => {
                let state = &stream.cached_info().state;
                if state.messages == 0 { 0 } else { state.last_sequence }
            }
            Found::Nothing => return Err(gone()),
            Found::Unclear(why) => return Err(LogError::Lost(why)),
        };
        let reading = Reading::Begins(Box::pin(begin(connection.clone(), jetstream.clone(), after)));
        let mut check = tokio::time::interval_at(Instant::now() + CHECK_EVERY, CHECK_EVERY);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { connection, jetstream, last: after, end: Revision(end), reading, check })
    }

    /// Checks the stream, and reads on after the last entry.
    fn begin_again(&mut self) {
        let reading = begin(self.connection.clone(), self.jetstream.clone(), self.last);
        self.reading = Reading::Begins(Box::pin(reading));
    }

    /// Takes a message for the next entry; `None` if it is not, and must be asked for.
    fn take(&mut self, message: &Message, is_new: bool) -> Result<Option<Logged>, LogError> {
        let info = message.info().map_err(|error| LogError::Lost(error.to_string()))?;
        let due = self.last.position.revision.0 + 1;
        if info.stream_sequence != due {
            // The first after a beginning is what the stream has: if it is another, what was due is gone.
            let is_gone = is_new && info.stream_sequence > due;
            let gone = || LogError::Lost(format!("entry {due} is due, and it goes on with {}", info.stream_sequence));
            return if is_gone { Err(gone()) } else { Ok(None) };
        }
        let rig = subjects::rig_of(&message.subject)
            .ok_or_else(|| LogError::Lost(format!("{} is no subject of the log", message.subject)))?;
        let entry = decode_entry(&message.payload).map_err(|error| LogError::Lost(format!("entry {due}: {error}")))?;
        let (revision, stamp) = (Revision(due), stamp_of(info.published.unix_timestamp_nanos()));
        self.last = Mark { position: Position { revision, ..self.last.position }, stamp };
        Ok(Some(Logged { revision, stamp, rig, entry }))
    }
}

#[async_trait]
impl Entries for NatsEntries {
    fn end(&self) -> Revision {
        self.end
    }

    async fn next(&mut self) -> Result<Logged, LogError> {
        loop {
            let (message, is_new) = match &mut self.reading {
                Reading::Begins(begins) => {
                    let messages = begins.await?;
                    let messages = Box::new(messages);
                    self.reading = Reading::Runs { messages, is_new: true, checks: None };
                    continue;
                }
                Reading::Runs { messages, is_new, checks } => tokio::select! {
                    biased;
                    checked = ongoing(checks) => {
                        checked?;
                        continue;
                    }
                    message = messages.next() => (message, *is_new),
                    _ = self.check.tick(), if checks.is_none() => {
                        *checks = Some(Box::pin(check(self.connection.clone(), self.jetstream.clone(), self.last)));
                        continue;
                    }
                },
            };
            let Some(Ok(message)) = message else {
                self.begin_again();
                continue;
            };
            match self.take(&message, is_new)? {
                None => self.begin_again(),
                Some(logged) => {
                    if let Reading::Runs { is_new, .. } = &mut self.reading {
                        *is_new = false;
                    }
                    return Ok(logged);
                }
            }
        }
    }
}

/// Waits for a check that is under way.
async fn ongoing(checks: &mut Option<BoxFuture<'static, Result<(), LogError>>>) -> Result<(), LogError> {
    let Some(check) = checks else { return std::future::pending().await };
    let checked = check.await;
    *checks = None;
    checked
}

/// Makes sure that the stream goes on from a mark, for as long as it takes to be told.
async fn check(connection: Connection, jetstream: Context, mark: Mark) -> Result<(), LogError> {
    find_again(&connection, &jetstream, mark).await.map(drop)
}

async fn begin(connection: Connection, jetstream: Context, after: Mark) -> Result<Messages, LogError> {
    loop {
        let stream = find_again(&connection, &jetstream, after).await?;
        let config = Config {
            deliver_subject: connection.client.new_inbox(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after.position.revision.0 + 1 },
            ack_policy: AckPolicy::None,
            flow_control: true,
            idle_heartbeat: HEARTBEAT,
            inactive_threshold: FORGOTTEN_AFTER,
            memory_storage: true,
            num_replicas: 1,
            max_deliver: 1,
            ..Config::default()
        };
        let messages = async { stream.create_consumer(config).await.ok()?.messages().await.ok() };
        match messages.await {
            Some(messages) => return Ok(messages),
            None => tokio::time::sleep(RETRY).await,
        }
    }
}

/// Finds the stream as it goes on from a mark, waiting while nobody can tell.
async fn find_again(connection: &Connection, jetstream: &Context, mark: Mark) -> Result<Stream, LogError> {
    let mut since = Instant::now();
    loop {
        match find(jetstream).await {
            Found::Nothing => return Err(gone()),
            Found::Unclear(why) => tracing::debug!(why, "the stream is asked for again"),
            Found::Stream(stream) => match goes_on_from(&stream, mark).await {
                Ok(()) => return Ok(*stream),
                Err(Broken::For(why)) => return Err(LogError::Lost(why)),
                Err(Broken::Unclear(error)) => tracing::debug!(%error, "the stream is asked for again"),
            },
        }
        if connection.is_up() && since.elapsed() >= 2 * super::log::ACKNOWLEDGED_WITHIN {
            connection.move_on().await;
            since = Instant::now();
        }
        tokio::time::sleep(RETRY).await;
    }
}

fn gone() -> LogError {
    LogError::Lost(format!("there is no stream {}", subjects::STREAM))
}
