//! Reads the stream in order and without a gap, for as long as it is the same stream.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::push::{Config, Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use ghostlight_proto::{decode_entry, subjects};
use ghostlight_rig::{LogPosition, Position, Revision};
use tokio::sync::watch;

use super::connection::Link;
use super::stream::{Found, find, gone, stamp_of};
use super::stream_watch::{Checked, Checks, RETRY, Source};
use crate::{Entries, LogError, Logged};

/// The server sends a heartbeat this often while there is nothing to read; after two missing heartbeats, reading begins
/// again.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// The server removes a consumer without a listener after this time.
const CONSUMER_INACTIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// A reader of the stream.
pub(super) struct NatsEntries {
    source: Source,
    link: watch::Receiver<Link>,
    /// How many cuts of the connection there were when reading last began.
    cuts: u64,
    /// The last entry that was read.
    last: LogPosition,
    end: Revision,
    /// How many entries follow the last one, as far as the server told.
    behind: u64,
    reading: Reading,
    checks: Checks,
}

enum Reading {
    /// The stream is being checked; then reading continues after the last entry.
    Begins(BoxFuture<'static, Result<Messages, LogError>>),
    Runs {
        messages: Box<Messages>,
        /// True until the first message.
        is_new: bool,
    },
}

impl NatsEntries {
    /// Opens a reader of the entries after a position.
    pub(super) async fn open(source: Source, after: LogPosition) -> Result<Self, LogError> {
        let end = match find(&source.jetstream, source.partition).await {
            Found::Stream(stream) => Revision(stream.cached_info().state.last_sequence),
            Found::Nothing => return Err(LogError::Lost(gone(source.partition))),
            Found::Unclear(why) => return Err(LogError::Lost(why)),
        };
        let link = source.connection.watch();
        let cuts = link.borrow().cuts;
        let reading = Reading::Begins(Box::pin(begin(source.clone(), after, after)));
        Ok(Self { source, link, cuts, last: after, end, behind: 0, reading, checks: Checks::new() })
    }

    /// Checks whether the stream continues from `checked`, then reads on after the last entry.
    fn begin_again(&mut self, checked: LogPosition) {
        self.cuts = self.link.borrow_and_update().cuts;
        self.reading = Reading::Begins(Box::pin(begin(self.source.clone(), checked, self.last)));
    }

    /// Reads a message as the next entry; `None` if it is another entry, so that reading must begin again.
    fn take(&mut self, message: &Message, is_new: bool) -> Result<Option<Logged>, LogError> {
        let info = message.info().map_err(|error| LogError::Lost(error.to_string()))?;
        let due = self.last.position.revision.0 + 1;
        if info.stream_sequence != due {
            // The first message after a beginning shows what the stream has: if it is a later entry, the due one is
            // gone.
            let is_gone = is_new && info.stream_sequence > due;
            let gone = || {
                LogError::Lost(format!("entry {due} is missing: the stream continues with {}", info.stream_sequence))
            };
            return if is_gone { Err(gone()) } else { Ok(None) };
        }
        let rig = subjects::rig_of(&message.subject)
            .ok_or_else(|| LogError::Lost(format!("{} is not a subject of the log", message.subject)))?;
        let entry = decode_entry(&message.payload).map_err(|error| LogError::Lost(format!("entry {due}: {error}")))?;
        let (revision, stamp) = (Revision(due), stamp_of(info.published.unix_timestamp_nanos()));
        self.last = LogPosition { position: Position { revision, ..self.last.position }, stamp };
        self.behind = info.pending;
        Ok(Some(Logged { revision, stamp, rig, entry, size: message.payload.len() }))
    }

    /// Waits for the next entry; `None` after anything else that only this reader handles.
    async fn come(&mut self) -> Result<Option<Logged>, LogError> {
        if let Reading::Begins(begins) = &mut self.reading {
            let messages = Box::new(begins.await?);
            self.reading = Reading::Runs { messages, is_new: true };
        }
        let Reading::Runs { messages, is_new } = &mut self.reading else { return Ok(None) };
        let (cuts, mut doubted) = (self.cuts, self.last);
        let message = tokio::select! {
            biased;
            // After a cut, messages that were on their way never come, and the next message may take long.
            Ok(_) = self.link.wait_for(|link| link.cuts != cuts) => None,
            message = messages.next() => message.and_then(Result::ok),
            checked = self.checks.next(&self.source, self.last) => {
                let Checked { from, end } = checked;
                if let Some(end) = end {
                    self.behind = end.0.saturating_sub(self.last.position.revision.0);
                }
                let is_stuck = |end| from == self.last && end > from.position.revision;
                if end.is_some_and(|end| !is_stuck(end)) {
                    return Ok(None);
                }
                // Entries read since that check began may be of another stream, so they cannot identify this one.
                doubted = from;
                None
            }
        };
        let is_new = std::mem::take(is_new);
        let logged = message.map(|message| self.take(&message, is_new)).transpose()?.flatten();
        if logged.is_none() {
            self.begin_again(doubted);
        }
        Ok(logged)
    }
}

#[async_trait]
impl Entries for NatsEntries {
    fn end(&self) -> Revision {
        self.end
    }

    fn behind(&self) -> u64 {
        self.behind
    }

    async fn next(&mut self) -> Result<Logged, LogError> {
        loop {
            if let Some(logged) = self.come().await? {
                return Ok(logged);
            }
        }
    }
}

async fn begin(source: Source, checked: LogPosition, after: LogPosition) -> Result<Messages, LogError> {
    if checked != after {
        source.going_on_from(checked).await?;
    }
    loop {
        let stream = source.going_on_from(after).await?;
        let config = Config {
            deliver_subject: source.connection.client.new_inbox(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after.position.revision.0 + 1 },
            ack_policy: AckPolicy::None,
            flow_control: true,
            idle_heartbeat: HEARTBEAT,
            inactive_threshold: CONSUMER_INACTIVE_TIMEOUT,
            memory_storage: true,
            num_replicas: 1,
            max_deliver: 1,
            ..Config::default()
        };
        let messages = async { stream.create_consumer(config).await.ok()?.messages().await.ok() };
        match source.connection.unless_cut(messages).await.flatten() {
            Some(messages) => return Ok(messages),
            None => tokio::time::sleep(RETRY).await,
        }
    }
}
