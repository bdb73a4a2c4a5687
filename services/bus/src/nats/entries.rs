//! Reads the stream in order and without a gap, for as long as it is the same stream.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::push::{Config, Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use ghostlight_proto::{EntryError, decode_entry, subjects};
use ghostlight_rig::{LogPosition, Position, Revision, Stamp};
use tokio::sync::watch;

use super::link::Link;
use super::stream::{Found, find, gone, stamp_of};
use super::stream_watch::{Checked, Checks, RETRY, Source};
use crate::{Entries, LogError, Logged, PassedOver, Read};

/// The server sends a heartbeat this often while there is nothing to read; after two missing heartbeats, reading begins
/// again.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// The server removes a consumer without a listener after this time.
pub(super) const CONSUMER_INACTIVE_TIMEOUT: Duration = Duration::from_secs(10);

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
    /// The stream seems to have no entries from the next place up to this one.
    hole: Option<u64>,
}

/// What a message is.
enum Taken {
    /// What stands at the next place.
    Read(Read),
    /// It comes after the next place, where the stream has nothing.
    Hole { ends: u64 },
    /// It is not next: the stream must be asked for what is.
    Nothing,
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
        Ok(Self { source, link, cuts, last: after, end, behind: 0, reading, checks: Checks::new(), hole: None })
    }

    /// Checks whether the stream continues from `checked`, then reads on after the last entry.
    fn begin_again(&mut self, checked: LogPosition) {
        self.cuts = self.link.borrow_and_update().cuts;
        self.reading = Reading::Begins(Box::pin(begin(self.source.clone(), checked, self.last)));
    }

    /// Takes a message for what stands at the next place.
    fn take(&mut self, message: &Message, is_new: bool) -> Result<Taken, LogError> {
        let info = message.info().map_err(|error| LogError::Lost(error.to_string()))?;
        let due = self.last.position.revision.0 + 1;
        if info.stream_sequence != due {
            // The first message after a beginning is what the stream has next.
            let is_next = is_new && info.stream_sequence > due;
            return Ok(if is_next { Taken::Hole { ends: info.stream_sequence - 1 } } else { Taken::Nothing });
        }
        let (revision, stamp) = (Revision(due), stamp_of(info.published.unix_timestamp_nanos()));
        let passed_over = |why| Read::PassedOver(PassedOver { revision, stamp, why });
        let read = match (subjects::rig_of(&message.subject), decode_entry(&message.payload)) {
            (Some(rig), Ok(entry)) => Read::Entry(Logged { revision, stamp, rig, entry, size: message.payload.len() }),
            // Every state service of this version waits: a newer one folds it.
            (_, Err(error @ EntryError::Needs(_))) => return Err(LogError::Gone(format!("entry {due}: {error}"))),
            (None, _) => passed_over(format!("its subject {:?} does not name a rig", message.subject.as_str())),
            (Some(rig), Err(error)) => passed_over(format!("an entry of rig {rig} cannot be read: {error}")),
        };
        self.last = LogPosition { position: Position { revision, ..self.last.position }, stamp };
        self.behind = info.pending;
        Ok(Taken::Read(read))
    }

    /// Decides what a hole is: messages that somebody has deleted, if the stream still has older ones; otherwise entries that
    /// were saved and purged. `None` if that cannot be told at the moment.
    async fn pass_over_hole(&mut self, ends: u64) -> Result<Option<Read>, LogError> {
        let due = self.last.position.revision.0 + 1;
        let first = match find(&self.source.jetstream, self.source.partition).await {
            Found::Stream(stream) => stream.cached_info().state.first_sequence,
            Found::Nothing => return Err(LogError::Lost(gone(self.source.partition))),
            Found::Unclear(_) => return Ok(None),
        };
        if first >= due {
            return Err(LogError::Gone(format!("entry {due} is due, and the stream begins at {first}")));
        }
        let (revision, stamp) = (Revision(ends), Stamp::default());
        self.last = LogPosition { position: Position { revision, ..self.last.position }, stamp };
        let why = format!("the stream has no entries {due} to {ends}: somebody has deleted them");
        Ok(Some(Read::PassedOver(PassedOver { revision, stamp, why })))
    }

    /// Waits for what comes next: an entry, or something that only the reader cares about.
    async fn come(&mut self) -> Result<Option<Read>, LogError> {
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
        let taken = message.map(|message| self.take(&message, is_new)).transpose()?;
        match taken {
            Some(Taken::Read(read)) => return Ok(Some(read)),
            // Reading begins again once it is known what is not there.
            Some(Taken::Hole { ends }) => self.hole = Some(ends),
            Some(Taken::Nothing) | None => self.begin_again(doubted),
        }
        Ok(None)
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

    async fn next(&mut self) -> Result<Read, LogError> {
        loop {
            if let Some(ends) = self.hole
                && let Some(read) = self.pass_over_hole(ends).await?
            {
                self.hole = None;
                self.begin_again(self.last);
                return Ok(read);
            }
            if let Some(read) = self.come().await? {
                return Ok(read);
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
