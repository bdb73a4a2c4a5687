//! What becomes of changes: how they are gathered, appended and answered. The clock is paused, and the test answers the
//! appends.

mod answers;

use std::net::{IpAddr, Ipv4Addr};

use futures_util::FutureExt as _;
use ghostlight_rig::{Delta, Key};
use ghostlight_telemetry::metrics::Appended;

use ghostlight_bus::Announcement;

use super::*;
use crate::testing::*;

/// The queue of a rig, what it appends, and the service that folds it.
struct Stage {
    service: Service,
    feed: Arc<RigFeed>,
    queue: Arc<Queue>,
    appends: mpsc::UnboundedReceiver<Append>,
    appending: Appending,
}

/// The outcome of a change, as soon as there is one.
type Waits = oneshot::Receiver<Outcome>;

impl Stage {
    fn new(in_flight: usize) -> Self {
        let (log, appends) = AskedLog::new();
        let appending = appending(Arc::new(log), in_flight);
        let (service, feed) = (Service::new(), Arc::new(feed_with(appending.instruments.clone())));
        service.answer(&feed);
        let queue = Arc::new(Queue::start(service.name.clone(), feed.clone(), &appending));
        Self { service, feed, queue, appends, appending }
    }

    /// Queues a change that comes on this connection.
    async fn submit(&self, connection: u64, change: impl Into<Change>) -> Waits {
        let (reply, outcome) = oneshot::channel();
        let source = Source { connection, address: IpAddr::V4(Ipv4Addr::LOCALHOST) };
        let submitted = self.queue.submit(change.into(), source, Reply::Request(reply));
        tokio::time::timeout(SOON, submitted).await.expect("there is a place in the queue");
        outcome
    }

    /// The next append.
    async fn append(&mut self) -> Append {
        tokio::time::timeout(SOON, self.appends.recv()).await.expect("it is appended").unwrap()
    }

    /// Whether nothing is appended, now that every task waits.
    async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(1), self.appends.recv()).await.is_err()
    }

    /// Makes an append durable. Nothing is announced yet.
    fn land(&mut self, append: Append) -> Delta {
        let delta = self.service.fold(&append.entry);
        append.answer.send(Ok(delta.position)).unwrap();
        delta
    }

    fn announce(&self, delta: Delta) {
        self.feed.take(&self.service.name, &announced(delta)).unwrap();
    }

    /// Takes the next append, makes it durable and announces it. Returns its changes.
    async fn serve(&mut self) -> Vec<Change> {
        let append = self.append().await;
        let changes = append.entry.changes().to_vec();
        let delta = self.land(append);
        self.announce(delta);
        changes
    }

    /// Occupies the log with a change, so that what comes next gathers.
    async fn occupied(in_flight: usize) -> (Self, Append) {
        let mut stage = Self::new(in_flight);
        drop(stage.submit(99, levels([(99, 99)])).await);
        let first = stage.append().await;
        (stage, first)
    }
}

async fn outcome(waits: Waits) -> Outcome {
    tokio::time::timeout(SOON, waits).await.expect("it is answered").expect("it is not dropped")
}

/// The code of a refusal.
async fn code(waits: Waits) -> Code {
    outcome(waits).await.map(|done| done.position).unwrap_err().code()
}

fn is_waiting(waits: &mut Waits) -> bool {
    waits.now_or_never().is_none()
}

/// A change of this weight.
fn weighing(weight: u16) -> Change {
    levels((1..=weight).map(|number| (number, 50))).into()
}

fn keyed(update: Update) -> Change {
    Change { idempotency_key: Some(Key::new("key").unwrap()), ..update.into() }
}

#[tokio::test(start_paused = true)]
async fn a_change_is_answered_once_it_is_durable_and_the_replica_has_it() {
    let mut stage = Stage::new(1);
    let change = by("desk", 7, levels([(1, 50)]));
    let mut waits = stage.submit(1, change.clone()).await;
    let append = stage.append().await;
    assert_eq!((append.entry.changes(), append.seen), (&[change.clone()][..], stage.feed.position()));
    let delta = stage.land(append);
    assert!(stage.is_quiet().await && is_waiting(&mut waits), "this gateway's clients do not have it yet");
    let (position, fold) = (delta.position, Duration::from_micros(7));
    let announcement = Announcement { fold, ..announced(delta) };
    stage.feed.take(&stage.service.name, &announcement);
    let done = outcome(waits).await.unwrap();
    assert_eq!((done.position, done.update, done.is_repeated), (position, change.update, false));
    assert_eq!(done.timing.fold_us, 7);
    assert!(done.timing.echo_us >= done.timing.log_us);
    let metrics = &stage.appending.instruments.metrics;
    assert_eq!((metrics.changes.get(), metrics.appends.of(Appended::Durable).get(), metrics.waiting.get()), (1, 1, 0));

    let queue = stage.queue.clone();
    let asked = tokio::spawn(async move { queue.change(levels([(2, 20)]).into()).await });
    stage.serve().await;
    assert_eq!(asked.await.unwrap().unwrap().position, stage.service.rig.position());
}

#[tokio::test(start_paused = true)]
async fn changes_gather_while_as_many_appends_as_may_be_are_under_way() {
    for in_flight in [1, 3] {
        let mut stage = Stage::new(in_flight);
        let mut under_way = Vec::new();
        for number in 1..=in_flight {
            drop(stage.submit(number as u64, levels([(number as u16, 1)])).await);
            under_way.push(stage.append().await);
        }
        let mut waits = Vec::new();
        for connection in 10..13 {
            waits.push(stage.submit(connection.into(), levels([(connection, 50)])).await);
        }
        assert!(stage.is_quiet().await);
        assert_eq!(stage.appending.instruments.metrics.waiting.get(), 3);
        let first = under_way.remove(0);
        stage.land(first);
        let next = stage.append().await;
        assert_eq!(next.entry, entry([10, 11, 12].map(|number| levels([(number, 50)]).into())));
        assert!(stage.is_quiet().await);
        assert_eq!(stage.appending.instruments.metrics.waiting.get(), 0);
    }
}

/// The weights of the changes that wait, and how many of them each entry takes. All are of one connection.
#[tokio::test(start_paused = true)]
async fn an_entry_takes_changes_in_order_up_to_its_weight() {
    let cases: [(&[u16], &[usize]); 6] = [
        (&[512, 1], &[1, 1]),
        (&[300, 212, 1], &[2, 1]),
        (&[300, 213, 1], &[1, 2]),
        (&[200, 200, 112, 1], &[3, 1]),
        (&[600, 1, 511, 1], &[1, 2, 1]),
        (&[1, 600], &[1, 1]),
    ];
    for (weights, entries) in cases {
        let (mut stage, first) = Stage::occupied(1).await;
        let mut waits = Vec::new();
        for &weight in weights {
            waits.push(stage.submit(1, weighing(weight)).await);
        }
        let delta = stage.land(first);
        stage.announce(delta);
        let mut left = weights.iter().copied();
        for &count in entries {
            let changes: Vec<_> = left.by_ref().take(count).map(weighing).collect();
            assert_eq!(stage.serve().await, changes, "{weights:?}");
        }
        for waits in waits {
            outcome(waits).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn connections_take_turns_and_the_changes_of_each_stay_in_order() {
    let (mut stage, first) = Stage::occupied(1).await;
    let change = |connection: u64, seq| by(&format!("client-{connection}"), seq, weighing(150).update);
    for (connection, changes) in [(1, 5), (2, 1), (3, 2)] {
        for seq in 1..=changes {
            drop(stage.submit(connection, change(connection, seq)).await);
        }
    }
    stage.land(first);
    for expected in [vec![(1, 1), (2, 1), (3, 1)], vec![(1, 2), (3, 2), (1, 3)], vec![(1, 4), (1, 5)]] {
        let expected: Vec<_> = expected.into_iter().map(|(connection, seq)| change(connection, seq)).collect();
        assert_eq!(stage.serve().await, expected);
    }
}

/// The answer to a repeat has the values of its own change, so nothing may follow a change with a key in its entry. A change of
/// the whole rig is alone.
#[tokio::test(start_paused = true)]
async fn some_changes_end_their_entry_and_some_are_alone_in_it() {
    let plain = |number| Change::from(levels([(number, 10)]));
    let whole = Change { action: Action::Replace(Default::default()), ..plain(7) };
    let removal = Change { action: Action::Remove, ..Change::default() };
    for (changes, entries) in [
        (vec![plain(1), keyed(levels([(2, 20)])), plain(3)], [2, 1]),
        (vec![plain(1), whole.clone()], [1, 1]),
        (vec![whole, plain(1)], [1, 1]),
        (vec![plain(1), plain(2), removal], [2, 1]),
    ] {
        let (mut stage, first) = Stage::occupied(1).await;
        let mut waits = Vec::new();
        for change in &changes {
            waits.push(stage.submit(1, change.clone()).await);
        }
        let delta = stage.land(first);
        stage.announce(delta);
        let mut left = changes.into_iter();
        for count in entries {
            assert_eq!(stage.serve().await, left.by_ref().take(count).collect::<Vec<_>>());
        }
        for waits in waits {
            outcome(waits).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_changes_of_an_entry_that_is_not_taken_are_refused_and_the_next_ones_are_appended() {
    let refusals = [
        (
            AppendError::Unavailable("the log is away".to_owned()),
            Refusal::unavailable("the log is away"),
            Appended::Unavailable,
        ),
        (AppendError::TooLarge(77), Refusal::too_large(77), Appended::TooLarge),
        (AppendError::Unknown, Refusal::unknown_outcome(), Appended::Unknown),
    ];
    for (error, refusal, counted) in refusals {
        let (mut stage, first) = Stage::occupied(1).await;
        let waits = [stage.submit(1, levels([(1, 10)])).await, stage.submit(2, levels([(2, 20)])).await];
        stage.land(first);
        stage.append().await.answer.send(Err(error)).unwrap();
        for waits in waits {
            assert_eq!(outcome(waits).await.unwrap_err(), refusal);
        }
        let metrics = &stage.appending.instruments.metrics;
        assert_eq!((metrics.appends.of(counted).get(), metrics.appends.of(Appended::Durable).get()), (1, 1));
        let next = stage.submit(1, levels([(3, 30)])).await;
        // What was occupying the log is told, too: deltas come in order.
        stage.service.answer(&stage.feed);
        stage.serve().await;
        outcome(next).await.unwrap();
    }
}

/// The time from the append until the change is answered at the latest, whether it is the log or the state service that says
/// nothing.
#[tokio::test(start_paused = true)]
async fn a_change_without_an_outcome_is_answered_as_unknown_in_time() {
    for durable_after in [None, Some(Duration::ZERO), Some(Duration::from_secs(4))] {
        let mut stage = Stage::new(1);
        let began = tokio::time::Instant::now();
        let mut waits = stage.submit(1, levels([(1, 10)])).await;
        let append = stage.append().await;
        if let Some(after) = durable_after {
            assert!(tokio::time::timeout(after, &mut waits).await.is_err());
            stage.land(append);
            assert_eq!(code(waits).await, Code::UnknownOutcome);
        } else {
            assert_eq!(code(waits).await, Code::UnknownOutcome);
            assert!(append.answer.is_closed());
        }
        let waited = began.elapsed().saturating_sub(stage.appending.answer_within);
        assert!(began.elapsed() >= stage.appending.answer_within && waited < Duration::from_millis(10), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_state_service_the_log_is_not_filled() {
    let mut stage = Stage::new(4);
    let mut unheard = Vec::new();
    let mut waits = Vec::new();
    for _ in 0..MAX_UNHEARD {
        waits.push(stage.submit(1, levels([(1, 10)])).await);
        let append = stage.append().await;
        unheard.push(stage.land(append));
        tokio::task::yield_now().await;
    }
    let held_up = stage.submit(1, levels([(2, 20)])).await;
    assert!(stage.is_quiet().await, "so many entries are durable and not announced");
    stage.announce(unheard.remove(0));
    let append = stage.append().await;
    unheard.push(stage.land(append));
    assert!(stage.is_quiet().await);
    drop(stage.submit(1, levels([(3, 30)])).await);
    assert!(stage.is_quiet().await, "and now there are as many again");
    unheard.into_iter().for_each(|delta| stage.announce(delta));
    outcome(held_up).await.unwrap();
    for waits in waits {
        outcome(waits).await.unwrap();
    }
    stage.serve().await;
}

/// The number of items of two changes of one client, and whether the second one waits until the first is answered.
#[tokio::test(start_paused = true)]
async fn a_client_makes_one_large_change_at_a_time() {
    let large = u16::try_from(LARGE_ITEMS).unwrap();
    for (items, is_paced) in [(1, false), (large, false), (large + 1, true), (2 * large, true)] {
        let mut stage = Stage::new(4);
        let first = stage.submit(1, by("desk", 1, weighing(items).update)).await;
        let mut appended = vec![stage.append().await];
        let queue = stage.queue.clone();
        let second = tokio::spawn(async move { queue.change(by("desk", 2, weighing(items).update)).await });
        if is_paced {
            assert!(stage.is_quiet().await, "{items} items");
        } else {
            appended.push(stage.append().await);
        }
        let other = stage.submit(2, by("phone", 1, weighing(items).update)).await;
        appended.push(stage.append().await);
        for append in appended {
            let delta = stage.land(append);
            stage.announce(delta);
        }
        if is_paced {
            stage.serve().await;
        }
        for waits in [first, other] {
            outcome(waits).await.unwrap();
        }
        tokio::time::timeout(SOON, second).await.unwrap().unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_changes_whose_clients_are_gone() {
    let (mut stage, first) = Stage::occupied(1).await;
    let answered = stage.submit(1, levels([(2, 20)])).await;
    let tasks = stage.appending.tasks.clone();
    tasks.close();
    let mut over = std::pin::pin!(tasks.wait());
    let delta = stage.land(first);
    stage.announce(delta);
    let append = stage.append().await;
    assert!(over.as_mut().now_or_never().is_none(), "one is not answered");
    // The queue is let go of with its hub.
    let Stage { queue, feed, mut service, .. } = stage;
    drop(queue);
    let delta = service.fold(&append.entry);
    append.answer.send(Ok(delta.position)).unwrap();
    feed.take(&service.name, &announced(delta));
    outcome(answered).await.unwrap();
    tokio::time::timeout(SOON, over).await.expect("all are answered");
}
