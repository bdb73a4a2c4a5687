//! The intake: gathers changes into entries, appends them, and answers each when it is durable and to be read here.
//!
//! At low load a change goes at once, alone. While appends of its rig are under way, what arrives meanwhile from all
//! connections gathers into the next entry: batching appears with load, without a timer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ghostlight_bus::{AppendError, Log};
use ghostlight_rig::{Change, Dimmer, Entry, Levels, Position, Verdict};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::Limits;
use crate::hub::{Hub, Verdicts};
use crate::problem::Refused;

/// An entry takes changes until it names so many dimmers: some 64 KiB of text, well within what a message may hold.
const MOST_DIMMERS: usize = 4_096;

/// So many entries of one rig may gather before changes are refused.
const MOST_GATHERED: usize = 256;

/// A change that happened.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// Where it stands.
    pub(crate) position: Position,
    /// The dimmers that it named, as the map holds them there.
    pub(crate) levels: Levels,
    pub(crate) timing: Timing,
}

/// How long the stages took. They overlap: each but `fold` is counted from when the change came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timing {
    /// Until it was durable.
    pub(crate) log: Duration,
    /// In the state service.
    pub(crate) fold: Duration,
    /// Until it was to be read here.
    pub(crate) echo: Duration,
}

/// Why a change was refused, or is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// These dimmers had changed after the position that it was conditional on.
    Changed(Vec<Dimmer>),
    /// Its key was used for something else.
    KeyReused,
    /// No more rigs may be made.
    NoRoom,
    /// It did not happen, and may be tried again.
    Unavailable(String),
    /// It may have happened.
    Unknown,
}

pub(crate) type Outcome = Result<Done, Refusal>;

/// Where an outcome goes.
pub(crate) enum Reply {
    /// To one request.
    Request(oneshot::Sender<Outcome>),
    /// To a connection, at a place that was reserved for it, under the client's number for the change.
    Connection(mpsc::OwnedPermit<Answer>, Option<u64>),
}

/// What a connection is told about one of its messages. Small: every connection has places for some.
pub(crate) struct Answer {
    /// The client's number for the change, if there is one.
    pub(crate) seq: Option<u64>,
    /// Where it stands, or why it does not.
    pub(crate) outcome: Result<Position, Refused>,
}

impl Reply {
    fn send(self, outcome: Outcome) {
        match self {
            // A client that is gone needs no answer; what it asked for has happened or not all the same.
            Self::Request(reply) => drop(reply.send(outcome)),
            Self::Connection(permit, seq) => {
                let outcome = outcome.map(|done| done.position).map_err(Refused::from);
                permit.send(Answer { seq, outcome });
            }
        }
    }
}

/// The changes of one rig that are under way or wait.
#[derive(Default)]
pub(crate) struct Lane {
    // Held for a push or a pop, never across an await.
    state: Mutex<LaneState>,
}

#[derive(Default)]
struct LaneState {
    in_flight: usize,
    gathered: VecDeque<Batch>,
}

/// An entry, and who waits for each of its changes.
struct Batch {
    entry: Entry,
    dimmers: usize,
    waiting: Vec<(Instant, Reply)>,
}

impl Batch {
    fn new(change: Change, reply: Reply) -> Self {
        Self { dimmers: change.levels.len(), entry: Entry::new(change), waiting: vec![(Instant::now(), reply)] }
    }

    /// Adds a change, or gives it back if the entry takes no more.
    fn push(&mut self, change: Change, reply: Reply) -> Result<(), (Change, Reply)> {
        let dimmers = change.levels.len();
        if self.dimmers + dimmers > MOST_DIMMERS {
            return Err((change, reply));
        }
        match self.entry.push(change) {
            Err(change) => Err((change, reply)),
            Ok(()) => {
                self.dimmers += dimmers;
                self.waiting.push((Instant::now(), reply));
                Ok(())
            }
        }
    }

    fn refuse(self, refusal: &Refusal) {
        for (_, reply) in self.waiting {
            reply.send(Err(refusal.clone()));
        }
    }
}

impl Lane {
    /// Takes a change in. Answers a batch if it is to be appended now.
    fn push(&self, change: Change, reply: Reply, most_in_flight: usize) -> Option<Batch> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.in_flight < most_in_flight {
            state.in_flight += 1;
            return Some(Batch::new(change, reply));
        }
        let pushed = match state.gathered.back_mut() {
            Some(batch) => batch.push(change, reply),
            None => Err((change, reply)),
        };
        if let Err((change, reply)) = pushed {
            if state.gathered.len() == MOST_GATHERED {
                drop(state);
                reply.send(Err(Refusal::Unavailable("too many changes wait their turn".to_owned())));
            } else {
                state.gathered.push_back(Batch::new(change, reply));
            }
        }
        None
    }

    /// The next batch, now that one has been appended.
    fn next(&self) -> Option<Batch> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let next = state.gathered.pop_front();
        if next.is_none() {
            state.in_flight -= 1;
        }
        next
    }
}

/// Takes changes in, for all rigs.
#[derive(Clone)]
pub(crate) struct Intake {
    log: Arc<dyn Log>,
    tasks: TaskTracker,
    in_flight: usize,
    answer_within: Duration,
}

impl Intake {
    pub(crate) fn new(log: Arc<dyn Log>, tasks: TaskTracker, limits: &Limits) -> Self {
        Self { log, tasks, in_flight: limits.in_flight, answer_within: limits.answer_within }
    }

    /// Takes a change in; its outcome goes where `reply` says. The change goes on if whoever asked is gone.
    pub(crate) fn submit(&self, hub: &Arc<Hub>, change: Change, reply: Reply) {
        if let Some(batch) = hub.lane.push(change, reply, self.in_flight) {
            let (intake, hub) = (self.clone(), hub.clone());
            self.tasks.spawn(async move { intake.append_from(&hub, batch).await });
        }
    }

    /// Takes a change in and waits for its outcome.
    pub(crate) async fn change(&self, hub: &Arc<Hub>, change: Change) -> Outcome {
        let (reply, outcome) = oneshot::channel();
        self.submit(hub, change, Reply::Request(reply));
        outcome.await.unwrap_or(Err(Refusal::Unknown))
    }

    /// Appends a batch, and then whatever has gathered meanwhile.
    async fn append_from(&self, hub: &Hub, first: Batch) {
        let mut next = Some(first);
        while let Some(batch) = next {
            self.append(hub, batch).await;
            next = hub.lane.next();
        }
    }

    /// Appends a batch and answers its changes.
    async fn append(&self, hub: &Hub, batch: Batch) {
        let appended = async {
            let position = self.log.append(&hub.rig, &batch.entry).await?;
            let durable = Instant::now();
            hub.reached(position).await;
            Ok((position, durable))
        };
        match tokio::time::timeout(self.answer_within, appended).await {
            Ok(Ok((position, durable))) => settle(batch, position, durable, hub.verdicts(position).as_ref()),
            Ok(Err(AppendError::Unavailable(why))) => batch.refuse(&Refusal::Unavailable(why)),
            Ok(Err(AppendError::Unknown)) | Err(_) => batch.refuse(&Refusal::Unknown),
        }
    }
}

/// Answers the changes of an entry that is durable and has been heard of.
fn settle(batch: Batch, position: Position, durable: Instant, verdicts: Option<&Verdicts>) {
    let changes = batch.entry.changes();
    let left = levels_left(changes, verdicts);
    for (index, (came, reply)) in batch.waiting.into_iter().enumerate() {
        let change = &changes[index];
        let timing = Timing {
            log: durable.saturating_duration_since(came),
            fold: verdicts.map_or(Duration::ZERO, |verdicts| verdicts.fold),
            echo: verdicts.map_or_else(Instant::now, |verdicts| verdicts.heard).saturating_duration_since(came),
        };
        reply.send(match verdict(verdicts, index, change) {
            None => Err(Refusal::Unknown),
            Some(Verdict::Applied) => {
                let levels = change.levels.keys().map(|dimmer| (*dimmer, left.get(dimmer).copied().flatten()));
                Ok(Done { position, levels: levels.collect(), timing })
            }
            // The entry that it came in then was ended by it, so what it asked for is what it left.
            Some(Verdict::Repeated(first)) => Ok(Done { position: *first, levels: change.levels.clone(), timing }),
            Some(Verdict::Changed(dimmers)) => Err(Refusal::Changed(dimmers.clone())),
            Some(Verdict::KeyReused) => Err(Refusal::KeyReused),
            Some(Verdict::NoRoom) => Err(Refusal::NoRoom),
        });
    }
}

/// What became of a change; `None` if that is not known, because the announcement was missed.
fn verdict<'a>(verdicts: Option<&'a Verdicts>, index: usize, change: &Change) -> Option<&'a Verdict> {
    match verdicts {
        Some(verdicts) => Some(verdicts.by_index.get(&index).unwrap_or(&Verdict::Applied)),
        // A change without conditions cannot have been refused.
        None if change.only_if.is_none() && change.once.is_none() => Some(&Verdict::Applied),
        None => None,
    }
}

/// What the map holds at the entry's position, of the dimmers that its changes named: a later change may have gone over
/// an earlier one.
fn levels_left(changes: &[Change], verdicts: Option<&Verdicts>) -> Levels {
    let applied = changes.iter().enumerate();
    let applied = applied.filter(|(index, change)| verdict(verdicts, *index, change) == Some(&Verdict::Applied));
    applied.flat_map(|(_, change)| &change.levels).map(|(&dimmer, &level)| (dimmer, level)).collect()
}
