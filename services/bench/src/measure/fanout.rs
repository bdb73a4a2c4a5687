//! Changes at a steady rate to many WebSocket clients: how fast they arrive, how stale the clients get, and how much
//! CPU time the server uses.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{SplitSink, SplitStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use super::{Round, all};
use crate::failure::Fault;
use crate::levels::{Marks, Shown, scan};
use crate::options::Effort;
use crate::process::cpu_time;
use crate::tally::Tally;
use crate::target::Target;
use crate::wire::{Socket, close_all, follow, follow_many, next_text, send};

/// From this rate on, the bare peer skips outdated messages too. Otherwise it would be measured seconds behind.
const BARE_SKIPS_FROM: u32 = 200;
/// How often the staleness of every client is sampled.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(10);
/// The most changes of a warm-up, and of the counted time. The sending time of each is kept.
const MAX_CHANGES: u64 = 5_000_000;

pub(super) async fn round(target: &Target, rate: u32, clients: usize, effort: &Effort) -> Result<Round, Fault> {
    let place = if target.bare && rate >= BARE_SKIPS_FROM { "/ws/newest" } else { "/ws" };
    let sockets = follow_many(target, place, clients).await?;
    let (sending, mut heard) = follow(target, place).await?.split();
    let shared = Arc::new(Shared::new(rate, clients, effort));
    let mut followers = JoinSet::new();
    for (who, socket) in sockets.into_iter().enumerate() {
        followers.spawn(Arc::clone(&shared).follow(who, socket));
    }
    let shown = async { tokio::try_join!(shared.send_all(sending, rate, target.pid), shared.gather(followers)) };
    let (cpu_before, sockets) = tokio::select! {
        shown = shown => shown?,
        refused = refusal(&mut heard) => return Err(refused),
        never = shared.look() => match never {},
    };
    let took = shared.took();
    let spent = target.pid.and_then(cpu_time).zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
    close_all(sockets).await;
    Ok(shared.round(took, spent))
}

/// The state that all tasks of a round share. Changes are numbered from 1; a client shows 0 before the first.
struct Shared {
    marks: Marks,
    begun: Instant,
    /// When each change was sent, in nanoseconds since `begun`.
    sent_ns: Vec<AtomicU64>,
    /// The newest change that was sent.
    newest: AtomicU32,
    /// The first change that counts, after the warm-up.
    first: u32,
    last: u32,
    /// The moment by which every client must show the last change.
    deadline: Instant,
    /// The change that each client shows.
    shown: Vec<AtomicU32>,
    delivery: Tally,
    stale_delivered: Tally,
    stale_looked: Tally,
}

impl Shared {
    fn new(rate: u32, clients: usize, effort: &Effort) -> Self {
        let changes = |time: Duration| (time.as_secs_f64() * f64::from(rate)) as u64;
        let warm_up = changes(effort.warm_up).min(MAX_CHANGES);
        let counted = changes(effort.lasting).min(effort.most).clamp(1, MAX_CHANGES);
        let (first, last) = (warm_up as u32 + 1, (warm_up + counted) as u32);
        let begun = Instant::now();
        Self {
            marks: Marks::new(),
            begun,
            deadline: begun + Duration::from_secs(1) * last / rate + effort.patience,
            sent_ns: (0..=last).map(|_| AtomicU64::new(0)).collect(),
            newest: AtomicU32::new(0),
            first,
            last,
            shown: (0..clients).map(|_| AtomicU32::new(0)).collect(),
            delivery: Tally::new(),
            stale_delivered: Tally::new(),
            stale_looked: Tally::new(),
        }
    }

    /// Sends all changes, each at its time. Returns the server's CPU time at the first change that counts.
    async fn send_all(
        &self,
        mut socket: SplitSink<Socket, Message>,
        rate: u32,
        pid: Option<u32>,
    ) -> Result<Option<Duration>, Fault> {
        let start = Instant::now();
        let mut cpu_before = None;
        for number in 1..=self.last {
            sleep_until(start + Duration::from_secs(1) * number / rate).await;
            if number == self.first {
                cpu_before = pid.and_then(cpu_time);
            }
            let change = self.marks.change(number);
            self.sent_ns[number as usize].store(self.now_ns(), Ordering::Release);
            self.newest.store(number, Ordering::Release);
            send(&mut socket, change).await?;
        }
        Ok(cpu_before)
    }

    /// Waits until every client shows the last change.
    async fn gather(&self, followers: JoinSet<Result<Socket, Fault>>) -> Result<Vec<Socket>, Fault> {
        let late = |_| {
            let behind = self.shown.iter().filter(|shown| shown.load(Ordering::Acquire) < self.last).count();
            Fault::Late(format!("{behind} of {} clients did not end on the newest map", self.shown.len()))
        };
        timeout_at(self.deadline, all(followers)).await.map_err(late)?
    }

    /// Follows as one client, until the client shows the last change.
    async fn follow(self: Arc<Self>, who: usize, mut socket: Socket) -> Result<Socket, Fault> {
        let (mut shown, mut before) = (Shown::default(), 0);
        while before < self.last {
            let text = next_text(&mut socket).await?;
            if let Some(number) = shown.take(text.as_bytes(), &self.marks)? {
                self.delivered(who, before, number)?;
                before = number;
            }
        }
        Ok(socket)
    }

    /// A client that showed change `before` now shows change `number`.
    fn delivered(&self, who: usize, before: u32, number: u32) -> Result<(), Fault> {
        let newest = self.newest.load(Ordering::Acquire);
        if number < before || number > newest {
            let what = format!("a client that showed change {before} was sent {number}, when {newest} was the newest");
            return Err(Fault::Wrong(what));
        }
        if number >= self.first && number > before {
            self.delivery.record(who, self.age(number));
            self.stale_delivered.record(who, self.age(before + 1));
        }
        self.shown[who].store(number, Ordering::Release);
        Ok(())
    }

    /// Samples again and again how stale the clients are.
    async fn look(&self) -> Infallible {
        let mut ticks = interval(SAMPLE_INTERVAL);
        loop {
            ticks.tick().await;
            let newest = self.newest.load(Ordering::Acquire);
            if newest < self.first {
                continue;
            }
            for (who, shown) in self.shown.iter().enumerate() {
                let shown = shown.load(Ordering::Acquire);
                let age = if shown < newest { self.age(shown + 1) } else { Duration::ZERO };
                self.stale_looked.record(who, age);
            }
        }
    }

    /// How long ago a change was sent.
    fn age(&self, number: u32) -> Duration {
        Duration::from_nanos(self.now_ns().saturating_sub(self.sent_ns[number as usize].load(Ordering::Acquire)))
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The time since the first change that counts.
    fn took(&self) -> Duration {
        self.age(self.first)
    }

    fn round(&self, took: Duration, spent: Option<Duration>) -> Round {
        let mut round = Round::timed(&self.delivery, took);
        let (delivered, looked) = (self.stale_delivered.total(), self.stale_looked.total());
        let millis = |nanos: u64| nanos as f64 / 1e6;
        // Samples at a steady pace give a client that stands still its full weight; deliveries catch short peaks.
        let p99 = delivered.value_at_quantile(0.99).max(looked.value_at_quantile(0.99));
        round.figures.insert("stale_p99_ms", millis(p99));
        round.figures.insert("stale_max_ms", millis(delivered.max().max(looked.max())));
        let changes = f64::from(self.last - self.first + 1);
        round.figures.insert("changes_per_second", changes / took.as_secs_f64().max(f64::EPSILON));
        let deliveries = round.answers.max(1) as f64;
        round.figures.insert("deliveries_per_change", deliveries / changes);
        if let Some(spent) = spent {
            round.figures.insert("cpu_us_each", spent.as_secs_f64() * 1e6 / deliveries);
        }
        round
    }
}

/// Reads what the sending client receives, until it is an error.
async fn refusal(heard: &mut SplitStream<Socket>) -> Fault {
    loop {
        let text = match next_text(heard).await {
            Ok(text) => text,
            Err(fault) => return fault,
        };
        if let Err(fault) = scan(text.as_bytes(), |_, _| ()) {
            return fault;
        }
    }
}
