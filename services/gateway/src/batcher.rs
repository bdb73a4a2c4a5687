//! Gathers changes into entries, appends them, and answers each change once it is durable and this gateway's replica
//! has it.
//!
//! At low load a change is appended at once, alone. While appends of its rig are under way, the changes of all
//! connections gather into the next entry: batching grows with load, without a timer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ghostlight_bus::{AppendError, Log};
use ghostlight_proto::{Code, Timing, subjects};
use ghostlight_rig::{Action, Change, ClientId, Entry, Position, RigName, TraceContext, Update, Verdict};
use ghostlight_telemetry::metrics::{GatewayMetrics, Held, Stage};
use ghostlight_telemetry::trace::{Kind, Span, after};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::connection::Source;
use crate::feed::{Folded, RigFeed};
use crate::instruments::Instruments;
use crate::outcome::{Done, Outcome};
use crate::pace::{LARGE_ITEMS, Pace, Turn};
use crate::refusal::Refusal;
use crate::request_span::Request;
use crate::turns::Turns;

/// An entry takes no further change that would bring it above this many items, so that it is soon folded and saved: a change
/// that comes meanwhile waits for it. Each dimmer of a look counts as one. With one change for each item, the longest label and the longest client name, an entry
/// stays below the 1 MiB that a message may hold.
const MAX_WEIGHT: usize = 512;

/// The most changes of one rig that may wait for an append. The clients of more wait: a WebSocket is not read meanwhile.
const MAX_WAITING: usize = 4_096;

/// The most entries of one rig that may be durable and not yet announced: without a state service, the gateway must not
/// fill the log.
const MAX_UNHEARD: usize = 64;

/// Where the outcome of a change is sent.
pub(crate) enum Reply {
    /// To a waiting HTTP request.
    Request(oneshot::Sender<Outcome>),
    /// To a WebSocket: the reserved place among its answers, the client's number for the change, and its request.
    Connection(mpsc::OwnedPermit<Answer>, Option<u64>, Request),
}

/// The answer to one message of a connection. Small, because every connection reserves places for several.
pub(crate) struct Answer {
    /// The client's number for the change, if there is one.
    pub(crate) seq: Option<u64>,
    /// The position of the change and the time it took, or why it was refused.
    pub(crate) outcome: Result<(Position, Timing), Refusal>,
    /// The request, which lasts until the answer is sent.
    pub(crate) request: Request,
}

impl Reply {
    fn send(self, outcome: Outcome) {
        match self {
            // A client that is gone gets no answer; its change has happened or not all the same.
            Self::Request(reply) => drop(reply.send(outcome)),
            Self::Connection(permit, seq, request) => {
                let outcome =
                    outcome.map(|done| (done.position, done.timing)).map_err(|refusal| match refusal.code() {
                        // A message has no condition but the one that its rig is made.
                        Code::Changed => {
                            Refusal::not_found("the rig does not exist; with ?create=1, a change makes it")
                        }
                        _ => refusal,
                    });
                permit.send(Answer { seq, outcome, request });
            }
        }
    }
}

/// A change that waits for its turn.
struct Queued {
    change: Change,
    connection: u64,
    waiting: Waiting,
    /// Counts the change among those that wait.
    _counted: Held,
    _place: OwnedSemaphorePermit,
}

/// What is needed to answer a change.
struct Waiting {
    came: Instant,
    reply: Reply,
    /// Makes a shutdown wait for the change, even if its client is gone.
    _tracked: TaskTrackerToken,
    /// The span of the append, if the change is traced.
    append: Option<Box<Span>>,
    /// The trace context of the change after that span.
    trace: Option<TraceContext>,
    /// The client's turn, if the change is large.
    _turn: Option<Turn>,
}

/// What all queues share to append changes.
#[derive(Clone)]
pub(crate) struct Appending {
    /// The name of this gateway in rosters.
    pub(crate) gateway: ClientId,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) tasks: TaskTracker,
    /// The most entries of one rig that are being appended at once.
    pub(crate) in_flight: usize,
    /// A change that has no outcome after this time is answered as unknown.
    pub(crate) answer_within: Duration,
    pub(crate) pace: Arc<Pace>,
    pub(crate) instruments: Arc<Instruments>,
}

/// The queue of one rig's changes to the log. One queue and one task keep the changes of a connection in the order in which
/// they came: of two of them, the second one stays. Connections take turns.
pub(crate) struct Queue {
    rig: RigName,
    asked: mpsc::UnboundedSender<Queued>,
    places: Arc<Semaphore>,
    pace: Arc<Pace>,
    tasks: TaskTracker,
    instruments: Arc<Instruments>,
}

impl Queue {
    /// Makes a queue and starts its task, which ends when the queue is dropped and all changes are answered.
    pub(crate) fn start(rig: RigName, feed: Arc<RigFeed>, appending: &Appending) -> Self {
        // `places` bounds it.
        let (asked, queue) = mpsc::unbounded_channel();
        tokio::spawn(serve(rig.clone(), feed, appending.clone(), queue));
        let Appending { pace, tasks, instruments, .. } = appending.clone();
        Self { rig, asked, places: Arc::new(Semaphore::new(MAX_WAITING)), pace, tasks, instruments }
    }

    /// Queues a change and sends its outcome to `reply`. Waits while the queue is full, or a large change of the same client
    /// is not over. Once it is queued, the change continues if its client is gone.
    pub(crate) async fn submit(&self, mut change: Change, source: Source, reply: Reply) {
        let came = Instant::now();
        let turn = if change.update.len() > LARGE_ITEMS {
            let client = change.origin.as_ref().map(|origin| origin.client.clone());
            Some(self.pace.turn(source.address, client).await)
        } else {
            None
        };
        let place = self.places.clone().acquire_owned().await.expect("the places are never closed");
        let append = change.trace.and_then(|trace| self.append_span(trace, came)).map(Box::new);
        // Spans in other processes are children of the append span.
        change.trace = after(append.as_deref(), change.trace);
        let waiting = Waiting { came, reply, _tracked: self.tasks.token(), append, trace: change.trace, _turn: turn };
        let counted = self.instruments.metrics.waiting.hold();
        let asked = Queued { change, connection: source.connection, waiting, _counted: counted, _place: place };
        // The task lives as long as the queue.
        let _ = self.asked.send(asked);
    }

    fn append_span(&self, trace: TraceContext, came: Instant) -> Option<Span> {
        let mut span = self.instruments.tracer.child("append", Kind::Producer, trace, came)?;
        span.set("messaging.operation.type", "send");
        let partitions = self.instruments.tracer.partitions();
        span.set("messaging.destination.name", subjects::changes(&self.rig, partitions));
        span.set("messaging.destination.template", subjects::all_changes(partitions.of(&self.rig)));
        span.set("ghostlight.rig", self.rig.to_string());
        Some(span)
    }

    /// Queues a change and waits for its outcome.
    pub(crate) async fn change(&self, change: Change) -> Outcome {
        let (reply, outcome) = oneshot::channel();
        self.submit(change, Source::of_task(), Reply::Request(reply)).await;
        outcome.await.unwrap_or_else(|_| Err(Refusal::unknown_outcome()))
    }
}

/// Serves a queue: appends what waits as one entry as soon as fewer than `in_flight` appends are under way. Appends start
/// in order, because `FuturesUnordered` polls each future for the first time in the order of insertion.
async fn serve(rig: RigName, feed: Arc<RigFeed>, appending: Appending, mut queue: mpsc::UnboundedReceiver<Queued>) {
    let (mut under_way, mut landed) = (FuturesUnordered::new(), FuturesUnordered::new());
    let mut turns = Turns::default();
    let mut is_open = true;
    loop {
        while let Ok(asked) = queue.try_recv() {
            turns.push(asked.connection, asked);
        }
        while under_way.len() < appending.in_flight
            && landed.len() < MAX_UNHEARD
            && let Some(batch) = gather(&mut turns)
        {
            under_way.push(append(&rig, &feed, &appending, batch));
        }
        tokio::select! {
            asked = queue.recv(), if is_open => match asked {
                Some(asked) => turns.push(asked.connection, asked),
                None => is_open = false,
            },
            Some(appended) = under_way.next() => {
                if let Some(entry) = appended {
                    landed.push(answer(entry, &feed));
                }
            }
            Some(()) = landed.next() => {}
            else => return,
        }
    }
}

/// Takes the waiting changes in turn, as many as fit in one entry.
fn gather(turns: &mut Turns<Queued>) -> Option<Batch> {
    let mut batch = Batch::new(turns.take_if(|_| true)?);
    while let Some(asked) = turns.take_if(|asked| batch.takes(&asked.change)) {
        batch.push(asked);
    }
    Some(batch)
}

/// A durable entry.
struct Landed {
    batch: Batch,
    position: Position,
    durable: Instant,
    /// When its changes are answered at the latest, even if no announcement of the entry has come.
    deadline: tokio::time::Instant,
}

/// Appends a batch. If that fails, answers its changes.
async fn append(rig: &RigName, feed: &RigFeed, appending: &Appending, mut batch: Batch) -> Option<Landed> {
    let deadline = tokio::time::Instant::now() + appending.answer_within;
    let appended = appending.log.append(rig, &batch.entry, feed.position());
    let refusal = match tokio::time::timeout_at(deadline, appended).await {
        Ok(Ok(position)) => {
            let durable = Instant::now();
            batch.appended(&appending.instruments, position, durable);
            return Some(Landed { batch, position, durable, deadline });
        }
        Ok(Err(AppendError::Unavailable(why))) => Refusal::unavailable(why),
        Ok(Err(AppendError::TooLarge(most))) => Refusal::too_large(most),
        Ok(Err(AppendError::Unknown)) | Err(_) => Refusal::unknown_outcome(),
    };
    appending.instruments.appended(Err(refusal.code()));
    batch.refuse(&refusal);
    None
}

/// Answers the changes of an entry once this gateway's replica has reached it.
async fn answer(Landed { batch, position, durable, deadline }: Landed, feed: &RigFeed) {
    if tokio::time::timeout_at(deadline, feed.reached(position)).await.is_err() {
        return batch.refuse(&Refusal::unknown_outcome());
    }
    match feed.folded(position) {
        // A new epoch began before the announcement of this entry was received.
        None if feed.position().epoch != position.epoch => batch.refuse(&Refusal::unknown_outcome()),
        folded => settle(batch, position, durable, folded.as_ref(), &feed.instruments.metrics),
    }
}

/// An entry, and what is needed to answer each of its changes.
struct Batch {
    entry: Entry,
    weight: usize,
    waiting: Vec<Waiting>,
}

impl Waiting {
    fn refuse(self, refusal: &Refusal) {
        if let Some(mut span) = self.append {
            span.fail(refusal.code().name(), refusal.detail().to_owned());
        }
        self.reply.send(Err(refusal.clone()));
    }
}

impl Batch {
    fn new(Queued { change, waiting, .. }: Queued) -> Self {
        Self { weight: change.update.weight(), entry: Entry::new(change), waiting: vec![waiting] }
    }

    /// Whether the entry takes this change, and has room for it.
    fn takes(&self, change: &Change) -> bool {
        self.entry.takes(change) && self.weight + change.update.weight() <= MAX_WEIGHT
    }

    /// Adds a change, which the entry must take.
    fn push(&mut self, Queued { change, waiting, .. }: Queued) {
        self.weight += change.update.weight();
        self.entry.push(change).expect("the entry takes it");
        self.waiting.push(waiting);
    }

    /// Records in the metrics and spans of its changes that the entry is durable.
    fn appended(&mut self, instruments: &Instruments, position: Position, durable: Instant) {
        let metrics = &instruments.metrics;
        metrics.entry_changes.observe(self.waiting.len() as f64);
        instruments.appended(Ok(()));
        let changes = i64::try_from(self.waiting.len()).unwrap_or(i64::MAX);
        for waiting in &mut self.waiting {
            let took = durable.saturating_duration_since(waiting.came);
            metrics.stages.of(Stage::Append).took_in(took, waiting.trace);
            if let Some(mut span) = waiting.append.take() {
                span.set("messaging.batch.message_count", changes);
                span.set("messaging.message.id", position.to_string());
                span.end_at(durable);
            }
        }
    }

    fn refuse(self, refusal: &Refusal) {
        self.waiting.into_iter().for_each(|waiting| waiting.refuse(refusal));
    }
}

/// Answers the changes of an entry that is durable and that the replica has reached.
fn settle(batch: Batch, position: Position, durable: Instant, folded: Option<&Folded>, metrics: &GatewayMetrics) {
    let changes = batch.entry.changes();
    let left = left_by(changes, folded);
    for (index, Waiting { came, reply, trace, .. }) in batch.waiting.into_iter().enumerate() {
        let change = &changes[index];
        let since = |then: Instant| then.saturating_duration_since(came);
        let (log, echo) = (since(durable), since(folded.map_or_else(Instant::now, |folded| folded.heard)));
        let timing = Timing::new(log, folded.map_or(Duration::ZERO, |folded| folded.fold), echo);
        metrics.stages.of(Stage::Echo).took_in(echo.saturating_sub(log), trace);
        metrics.echo.took_in(echo.max(log), trace);
        reply.send(match verdict(folded, index, change) {
            None | Some(Verdict::Unknown) => Err(Refusal::unknown_outcome()),
            Some(Verdict::Applied) => {
                // An empty change is a readiness check and is not counted.
                if !change.update.is_empty() || change.action != Action::Set {
                    metrics.changes.add_one();
                }
                Ok(Done { position, update: left.restricted_to(&change.update), timing, is_repeated: false })
            }
            // This change ended its first entry, so that entry's position holds exactly the values that it asked for.
            Some(Verdict::Repeated(first)) => {
                Ok(Done { position: *first, update: change.update.clone(), timing, is_repeated: true })
            }
            Some(Verdict::Changed(items)) => Err(Refusal::changed(items)),
            Some(Verdict::KeyReused) => Err(Refusal::key_reused()),
            Some(Verdict::NoRoom) => Err(Refusal::rig_limit()),
        });
    }
}

/// The verdict on a change; `None` if it is unknown because the announcement was missed.
fn verdict<'a>(folded: Option<&'a Folded>, index: usize, change: &Change) -> Option<&'a Verdict> {
    match folded {
        Some(folded) => Some(folded.verdicts.get(&index).unwrap_or(&Verdict::Applied)),
        // A change without conditions cannot have been refused.
        None if change.if_match.is_none() && change.if_made.is_none() && change.idempotency_key.is_none() => {
            Some(&Verdict::Applied)
        }
        None => None,
    }
}

/// The values that the entry's applied changes leave in the map: a later change may overwrite an earlier one.
fn left_by(changes: &[Change], folded: Option<&Folded>) -> Update {
    let applied = changes.iter().enumerate();
    let applied = applied.filter(|(index, change)| verdict(folded, *index, change) == Some(&Verdict::Applied));
    applied.fold(Update::default(), |mut left, (_, change)| {
        left.extend(&change.update);
        left
    })
}

#[cfg(test)]
mod tests;
