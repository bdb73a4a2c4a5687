//! The HTTP part of a client: changes by POST, each followed by a GET on the same connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ghostlight_rig::Position;
use tokio::sync::watch;

use super::Phase;
use super::http::{Answer, Http, Read};
use super::shared::{Shared, client_id};
use super::target::Target;
use super::workload::{ONE_IN, Workload};
use crate::{Event, Way, Who};

/// How many changes a connection is used for. Then a new one is opened, so that all gateways are used.
const MAX_REQUESTS_PER_CONNECTION: u32 = 20;

/// The wait before a gateway that is gone is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// How long a change is asked for again under its key: longer than a gateway needs to restart.
const REPEAT_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks for changes over HTTP while the run writes.
pub(super) struct HttpClient {
    who: Who,
    shared: Arc<Shared>,
    targets: Arc<[Target]>,
    hand: Workload,
    /// Distinguishes the keys of this run from those of other runs.
    run: u64,
    seq: u64,
    kept: Option<Http>,
    /// How many more changes the kept connection is used for.
    left: u32,
}

impl HttpClient {
    pub(super) fn new(who: Who, shared: Arc<Shared>, targets: Arc<[Target]>, run: u64) -> Self {
        let options = &shared.options;
        let hand = Workload::new(options.seed ^ u64::MAX, who.0, options.clients, options.dimmers);
        Self { who, shared, targets, hand, run, seq: 1, kept: None, left: 0 }
    }

    pub(super) async fn run(mut self, mut phase: watch::Receiver<Phase>) {
        if phase.wait_for(|phase| *phase != Phase::Gathering).await.is_err() {
            return;
        }
        loop {
            let pause = self.hand.pause(ONE_IN / self.shared.options.rate);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = phase.wait_for(|phase| *phase != Phase::Writing) => return,
            }
            // Says that it asks before it looks at the phase. `Running::stop` does both in the other order.
            self.shared.gauge(self.who, |gauge| gauge.is_asking = true);
            let writes = *phase.borrow() == Phase::Writing;
            let connected = if writes { self.connected().await } else { None };
            let is_away = connected.is_none();
            if let Some(http) = connected {
                self.ask(http).await;
            }
            self.shared.gauge(self.who, |gauge| gauge.is_asking = false);
            if is_away {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// The kept connection, or a new one to any gateway.
    async fn connected(&mut self) -> Option<Http> {
        let kept = self.kept.take().filter(|_| self.left > 0);
        self.left = kept.as_ref().map_or(MAX_REQUESTS_PER_CONNECTION, |_| self.left - 1);
        match kept {
            Some(http) => Some(http),
            None => self.connect().await,
        }
    }

    /// A new connection to any gateway that answers.
    async fn connect(&mut self) -> Option<Http> {
        let pace = self.shared.options.pace;
        let first = self.hand.pick(self.targets.len());
        let (before, from) = self.targets.split_at(first);
        for target in from.iter().chain(before) {
            if let Ok(http) = Http::connect(target, pace.connect_within, pace.unanswered_after).await {
                return Some(http);
            }
        }
        None
    }

    /// Asks for a change, repeats it at any gateway until an answer comes, and reads the map where it was answered.
    async fn ask(&mut self, mut http: Http) {
        let levels = self.hand.change(&self.shared.values);
        self.seq += 2;
        let seq = self.seq;
        let key = format!("{}-{:x}-{seq}", client_id(self.shared.options.seed, self.who.0).as_str(), self.run);
        self.shared.gauge(self.who, |gauge| gauge.counts.sent += 1);
        self.tell(Event::Sent { seq, levels: levels.clone(), way: Way::Keyed });
        let mut answer = http.post(&key, &levels).await;
        let deadline = Instant::now() + REPEAT_TIMEOUT;
        while let Answer::Unknown(why) = &answer
            && Instant::now() < deadline
        {
            tracing::debug!(who = self.who.0, seq, why, "asked again");
            tokio::time::sleep(RETRY).await;
            let Some(other) = self.connect().await else { continue };
            http = other;
            self.shared.gauge(self.who, |gauge| gauge.counts.repeated += 1);
            self.tell(Event::Sent { seq, levels: levels.clone(), way: Way::Keyed });
            answer = http.post(&key, &levels).await;
        }
        match answer {
            Answer::Acked(position) => {
                self.tell(Event::Acked { seq, position });
                self.shared.gauge(self.who, |gauge| gauge.counts.acked += 1);
                self.read(http, position).await;
            }
            Answer::Refused(why) => {
                self.tell(Event::Refused { seq });
                self.shared.gauge(self.who, |gauge| gauge.refused(why));
            }
            Answer::Unknown(_) => {
                self.tell(Event::Unknown { seq });
                self.shared.gauge(self.who, |gauge| gauge.counts.unknown += 1);
            }
        }
    }

    async fn read(&mut self, mut http: Http, after: Position) {
        match http.get().await {
            Ok(Read::Map(position, levels)) => {
                self.tell(Event::Read { after, position, levels });
                self.shared.gauge(self.who, |gauge| gauge.counts.reads += 1);
                self.kept = Some(http);
            }
            Ok(Read::Wrong(why)) => self.tell(Event::Unreadable { why }),
            // A broken connection or a gateway that is going away is not a violation.
            Ok(Read::Unavailable) | Err(_) => {}
        }
    }

    fn tell(&self, event: Event) {
        self.shared.tell(self.who, event);
    }
}
