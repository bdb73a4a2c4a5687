//! One connection of a client: hello, then its map and its changes, until it ends.

use std::time::{Duration, Instant};

use ghostlight_proto::{ClientMessage, Code, Hello, ServerMessage, Set};
use ghostlight_rig::{Levels, Position};
use tokio::sync::watch;

use super::Phase;
use super::client::{Client, over};
use super::socket::{Heard, Lost, Socket};
use crate::{Event, News, Way};

/// The most unanswered changes of a client, which then waits. A gateway accepts more from one connection.
const MAX_PENDING: usize = 24;

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The run is over.
    Over,
    /// The gateway is gone.
    Lost(Lost),
}

/// Runs a client until the run is over. When it loses its gateway, it goes to the next.
pub(super) async fn run(mut client: Client, mut phase: watch::Receiver<Phase>) {
    let pace = client.pace();
    let (mut gateway, mut attempt) = (client.who.0 % client.targets.len(), 0);
    loop {
        let opened = tokio::select! {
            opened = Socket::open(&client.targets[gateway].socket, pace.connect_within) => opened,
            () = over(&mut phase) => break,
        };
        let end = match opened {
            Ok(socket) => {
                attempt = 0;
                Session::new(&mut client, socket, gateway).run(&mut phase).await
            }
            Err(lost) => End::Lost(lost),
        };
        let End::Lost(why) = end else { break };
        tracing::debug!(who = client.who.0, url = client.targets[gateway].url, why, "connection lost");
        client.lost();
        gateway = (gateway + 1) % client.targets.len();
        let wait = retry_wait(attempt, pace.retry_first, pace.retry_most, fastrand::f64());
        attempt += 1;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = over(&mut phase) => break,
        }
    }
    for seq in std::mem::take(&mut client.pending).into_keys() {
        client.tell(Event::Unknown { seq });
    }
}

/// One connection.
struct Session<'a> {
    client: &'a mut Client,
    socket: Socket,
    gateway: usize,
    /// Whether hello was answered.
    is_live: bool,
    came: Instant,
    last_heard: Instant,
    next_change: Instant,
}

impl<'a> Session<'a> {
    fn new(client: &'a mut Client, socket: Socket, gateway: usize) -> Self {
        let now = Instant::now();
        Self { client, socket, gateway, is_live: false, came: now, last_heard: now, next_change: now }
    }

    async fn run(mut self, phase: &mut watch::Receiver<Phase>) -> End {
        match self.follow(phase).await {
            Ok(()) => {
                self.socket.close().await;
                End::Over
            }
            Err(lost) => End::Lost(lost),
        }
    }

    async fn follow(&mut self, phase: &mut watch::Receiver<Phase>) -> Result<(), Lost> {
        self.client.tell(Event::Connected);
        let resume = self.client.resume();
        let hello = Hello { resume, ..Hello::new(self.client.id.clone()) };
        self.say(&ClientMessage::Hello(hello)).await?;
        loop {
            let writes = self.is_live && *phase.borrow_and_update() == Phase::Writing;
            let may_write = writes && self.client.pending.len() < MAX_PENDING;
            let looks_at = self.looks_at();
            tokio::select! {
                heard = self.socket.next() => self.hear(heard?).await?,
                () = until(self.next_change), if may_write => self.write().await?,
                () = until(looks_at) => self.look()?,
                changed = phase.changed() => {
                    if changed.is_err() || *phase.borrow() == Phase::Over {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn say(&mut self, message: &ClientMessage) -> Result<(), Lost> {
        self.socket.say(message, self.client.pace().unanswered_after).await
    }

    /// When to check next whether the gateway is dead.
    fn looks_at(&self) -> Instant {
        let pace = self.client.pace();
        let oldest = self.client.pending.values().map(|pending| pending.sent_at + pace.unanswered_after).min();
        let silent = if self.is_live { self.last_heard } else { self.came } + pace.silent_after;
        oldest.map_or(silent, |oldest| oldest.min(silent))
    }

    fn look(&self) -> Result<(), Lost> {
        let pace = self.client.pace();
        if self.last_heard.elapsed() >= pace.silent_after {
            return Err("nothing was received for too long".to_owned());
        }
        if !self.is_live && self.came.elapsed() >= pace.silent_after {
            return Err("no map was received that the client could go on from".to_owned());
        }
        let late = |since: &Instant| since.elapsed() >= pace.unanswered_after;
        match self.client.pending.values().any(|pending| late(&pending.sent_at)) {
            true => Err("a change was not answered for too long".to_owned()),
            false => Ok(()),
        }
    }

    /// Asks for a change.
    async fn write(&mut self) -> Result<(), Lost> {
        self.next_change = Instant::now() + self.client.pause();
        match self.client.next_change() {
            Some((seq, levels)) => self.set(seq, levels).await,
            None => Ok(()),
        }
    }

    async fn set(&mut self, seq: u64, levels: Levels) -> Result<(), Lost> {
        self.client.tell(Event::Sent { seq, levels: levels.clone(), way: Way::Socket });
        self.say(&ClientMessage::Set(Set { seq, update: levels.into(), trace: None })).await
    }

    async fn hear(&mut self, heard: Heard) -> Result<(), Lost> {
        self.last_heard = Instant::now();
        match heard {
            Heard::Message(message) => {
                if self.take(*message) && !self.is_live {
                    self.is_live = true;
                    self.client.shared.gauge(self.client.who, |gauge| gauge.live(Instant::now(), self.gateway));
                    self.repeat().await?;
                }
            }
            Heard::Unreadable(error) => self.client.tell(Event::Unreadable { why: error }),
            Heard::SignOfLife => {}
        }
        Ok(())
    }

    /// Sends the changes that were not answered on the connection before, in their order.
    async fn repeat(&mut self) -> Result<(), Lost> {
        for (seq, levels) in self.client.repeated() {
            self.set(seq, levels).await?;
        }
        Ok(())
    }

    /// Takes a message in; true if it answers hello.
    fn take(&mut self, message: ServerMessage) -> bool {
        let client = &mut *self.client;
        // Without a position to resume from, only a snapshot is an answer. A gateway without a map has position 0-0.
        let awaits_snapshot = client.resume().is_none();
        let stands = |position: Position| position != Position::default();
        match message {
            ServerMessage::Snapshot(snapshot) if stands(snapshot.position) => {
                client.literal.snapshot(&snapshot);
                client.saw(News::Snapshot(snapshot.state.levels));
                true
            }
            ServerMessage::Delta(delta) if stands(delta.position) && !awaits_snapshot => {
                client.literal.delta(&delta);
                client.saw(News::Delta { prev: delta.prev, levels: delta.update.levels });
                true
            }
            ServerMessage::Beacon(beacon) if stands(beacon.position) && !awaits_snapshot => {
                client.beacon(beacon);
                true
            }
            ServerMessage::Ack(ack) => {
                client.acked(ack.seq, ack.position);
                false
            }
            ServerMessage::Error(error) => {
                match error.seq {
                    Some(seq) if error.code == Code::UnknownOutcome.name() => client.unknown(seq),
                    Some(seq) => client.refused(seq, format!("{}: {}", error.code, error.message)),
                    // The only message without a number that the client sends is hello.
                    None => client.tell(Event::Unreadable { why: format!("{}: {}", error.code, error.message) }),
                }
                false
            }
            _ => false,
        }
    }
}

async fn until(moment: Instant) {
    tokio::time::sleep_until(moment.into()).await;
}

/// The wait before the next attempt to connect. It doubles with each attempt, and half of it is random, so that the
/// clients of a gateway that went away do not come back all at once.
fn retry_wait(attempt: u32, first: Duration, most: Duration, random: f64) -> Duration {
    let wait = first.saturating_mul(2_u32.saturating_pow(attempt)).min(most);
    wait.mul_f64(0.5 + random / 2.0)
}
