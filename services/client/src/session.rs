//! One connection: hello, then the map and its changes, until the connection ends.
//!
//! Reading and writing run side by side in one task. The server's messages go through [`Session::take`], which
//! interprets them; the rest is reading, writing and deadlines.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use ghostlight_proto::{ClientMessage, Code, ErrorMessage, Hello, ServerMessage, Set, Unread, decode};
use ghostlight_rig::{Position, Received, Snapshot};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::pending::{Command, Pending};
use crate::shared::{Ask, Shared, Socket};
use crate::view::{Trust, View};
use crate::{Pace, SetError, State, Status};

/// How long the closing handshake may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The owner of the client ended it.
    Stopped,
    /// The connection broke.
    Lost {
        /// The cause.
        reason: String,
        /// Whether hello had been answered.
        synced: bool,
        /// Whether the server said that it stops and that clients should connect again.
        sent_on: bool,
    },
    /// The replica cannot continue from its position.
    Resync {
        /// The cause.
        reason: &'static str,
        /// Whether its map may be built on.
        trust: Trust,
    },
}

/// One connection.
pub(crate) struct Session<'a> {
    shared: &'a mut Shared,
    ask: Ask,
}

/// The state of the reading half.
struct Reader<'a> {
    view: &'a watch::Sender<View>,
    status: &'a watch::Sender<Status>,
    pending: &'a Pending,
    pace: Pace,
    ask: Ask,
    /// Whether hello was answered, so that the map is current.
    synced: bool,
    /// Whether the server said that it stops.
    sent_on: bool,
    last_frame: Instant,
    /// When the server last proved that the map is current, by a beacon or by a delta.
    last_proof: Instant,
    /// What the server has told since then is below the map.
    is_above: bool,
}

impl<'a> Session<'a> {
    pub(crate) fn new(shared: &'a mut Shared, ask: Ask) -> Self {
        Self { shared, ask }
    }

    pub(crate) async fn run(self, socket: Socket) -> End {
        let Self { shared, ask } = self;
        let resume = if ask == Ask::Rest { shared.view.borrow().resume() } else { None };
        let hello = ClientMessage::Hello(Hello {
            resume,
            name: shared.options.name.clone(),
            kind: Some(shared.options.kind.clone()),
            interest: shared.options.kinds,
            ..Hello::new(shared.options.client_id.clone())
        });
        let (mut sink, mut stream) = socket.split();
        let pending = Pending::default();
        let now = Instant::now();
        let mut reader = Reader {
            view: &shared.view,
            status: &shared.status,
            pending: &pending,
            pace: shared.options.pace,
            ask: if resume.is_some() { Ask::Rest } else { fresh(ask) },
            synced: false,
            sent_on: false,
            last_frame: now,
            last_proof: now,
            is_above: false,
        };
        let end = tokio::select! {
            end = reader.run(&mut stream) => end,
            end = write(&mut sink, hello, &mut shared.commands, &pending, &mut shared.seq) => match end {
                Ok(()) => End::Stopped,
                Err(error) => lost(error),
            },
        };
        let end = match end {
            End::Lost { reason, .. } => {
                return End::Lost { reason, synced: reader.synced, sent_on: reader.sent_on };
            }
            end => end,
        };
        // If the server does not answer the close frame, the connection is dropped.
        let _ = timeout(CLOSE_TIMEOUT, say_goodbye(sink, stream)).await;
        end
    }
}

/// Without a position to resume from, a snapshot is requested.
fn fresh(ask: Ask) -> Ask {
    match ask {
        Ask::Rest => Ask::Snapshot(Trust::Sound),
        ask => ask,
    }
}

/// Sends a close frame and reads until the server's close frame.
async fn say_goodbye(mut sink: SplitSink<Socket, Message>, mut stream: SplitStream<Socket>) {
    if sink.close().await.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
    }
}

/// Sends hello, then the changes of the callers, until all of them are gone.
async fn write(
    sink: &mut SplitSink<Socket, Message>,
    hello: ClientMessage,
    commands: &mut mpsc::Receiver<Command>,
    pending: &Pending,
    seq: &mut u64,
) -> Result<(), Error> {
    sink.send(Message::text(hello.encode())).await?;
    while let Some(command) = commands.recv().await {
        let mut next = Some(command);
        while let Some(Command { update, asker }) = next {
            *seq += 1;
            let set = ClientMessage::Set(Set { seq: *seq, update, trace: None });
            pending.add(*seq, asker);
            sink.feed(Message::text(set.encode())).await?;
            // Changes that already wait are sent together.
            next = commands.try_recv().ok();
        }
        sink.flush().await?;
    }
    Ok(())
}

impl Reader<'_> {
    async fn run(&mut self, stream: &mut SplitStream<Socket>) -> End {
        loop {
            let Ok(frame) = timeout_at(self.deadline(), stream.next()).await else {
                match self.waited_in_vain() {
                    Some(end) => return end,
                    None => continue,
                }
            };
            let end = match frame {
                None => Some(lost("the server closed the connection")),
                Some(Err(error)) => Some(lost(error)),
                Some(Ok(message)) => self.frame(message),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// When to check next what is missing.
    fn deadline(&self) -> Instant {
        let silent = self.last_frame + self.pace.silent_after;
        let stale = self.last_proof + self.pace.stale_after;
        let is_live = self.status.borrow().state == State::Live;
        let next = if is_live || self.is_above { silent.min(stale) } else { silent };
        // What is sent while this waits is looked at in time too.
        let oldest = self.pending.oldest().unwrap_or_else(Instant::now);
        next.min(oldest + self.pace.unanswered_after)
    }

    /// Handles a deadline without a frame; returns the end of the connection, if it is due.
    fn waited_in_vain(&self) -> Option<End> {
        if self.last_frame.elapsed() >= self.pace.silent_after {
            return Some(lost(format_args!("nothing came for {} s", self.pace.silent_after.as_secs_f32())));
        }
        if let Some(end) = self.unanswered() {
            return Some(end);
        }
        if self.last_proof.elapsed() < self.pace.stale_after {
            return None;
        }
        if self.is_above {
            return Some(resync("the server stays behind the map", Trust::Void));
        }
        if self.synced {
            self.enter(State::Stale);
        }
        None
    }

    fn unanswered(&self) -> Option<End> {
        let oldest = self.pending.oldest()?;
        let unanswered = oldest.elapsed() >= self.pace.unanswered_after;
        unanswered
            .then(|| lost(format_args!("a change was not answered for {} s", self.pace.unanswered_after.as_secs_f32())))
    }

    fn enter(&self, state: State) {
        self.status.send_if_modified(|status| {
            let changed = status.state != state;
            *status = Status { state, ..Status::default() };
            changed
        });
    }

    fn frame(&mut self, message: Message) -> Option<End> {
        if self.synced {
            // Before hello is answered, pings alone do not prove that the server works.
            self.last_frame = Instant::now();
        }
        match message {
            Message::Text(text) => {
                let text = Bytes::from(text);
                match decode(&text) {
                    Ok(decoded) => return self.take(decoded.message).or_else(|| self.unanswered()),
                    // A newer server may send messages of types that this client does not know.
                    Err(error @ Unread::UnknownType(_)) => tracing::debug!(%error, "a message is passed over"),
                    // If this was a delta, the next beacon shows the gap.
                    Err(error) => tracing::warn!(%error, "a message that cannot be read"),
                }
            }
            Message::Close(close) => {
                self.sent_on = close.as_ref().is_some_and(|close| close.code == CloseCode::Restart);
                let why = close.map(|close| format!(": {} {}", u16::from(close.code), close.reason));
                return Some(lost(format_args!("the server closed the connection{}", why.unwrap_or_default())));
            }
            Message::Binary(_) => tracing::warn!("a binary message"),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        self.unanswered()
    }

    /// Handles a message of the server.
    fn take(&mut self, message: ServerMessage) -> Option<End> {
        let awaits_snapshot = !self.synced && matches!(self.ask, Ask::Snapshot(_));
        let is_proof = matches!(message, ServerMessage::Beacon(_) | ServerMessage::Delta(_));
        let received = match message {
            ServerMessage::Ack(ack) => {
                self.pending.answer(ack.seq, Ok(ack.position));
                return None;
            }
            ServerMessage::Error(error) => {
                self.refused(error);
                return None;
            }
            ServerMessage::Stale { .. } => {
                if self.synced {
                    self.enter(State::Stale);
                }
                return None;
            }
            // Not requested, or not for clients.
            ServerMessage::Presence(_) | ServerMessage::Roster { .. } => return None,
            // A gateway without a map sends the default position, which is not an answer.
            ServerMessage::Snapshot(snapshot) if snapshot.position == Position::default() => return None,
            ServerMessage::Snapshot(snapshot) => match self.snapshot(&snapshot) {
                Ok(received) => received,
                Err(end) => return Some(end),
            },
            // These continue another map.
            ServerMessage::Delta(_) | ServerMessage::Beacon(_) if awaits_snapshot => return None,
            ServerMessage::Delta(delta) => self.change(|view| view.delta(delta)),
            ServerMessage::Beacon(beacon) => self.change(|view| view.beacon(&beacon)),
        };
        match received {
            Received::Applied | Received::Replaced | Received::Had => {
                self.current(is_proof);
                None
            }
            // It confirms nothing. If nothing else comes, the map counts as stale, and is asked for.
            Received::Behind => {
                self.is_above = true;
                None
            }
            // The server has another store now: its map is the one to show.
            Received::Foreign => Some(resync("the server has another store", Trust::Void)),
            Received::Gap => Some(resync("a change is missing", Trust::Sound)),
            Received::NewEpoch => Some(resync("a new order began", Trust::Void)),
            Received::Diverged => {
                let position = self.view.borrow().position();
                tracing::error!(%position, "the map differs from the server's; taking the server's");
                Some(resync("the map differs from the server's", Trust::Void))
            }
        }
    }

    fn snapshot(&self, snapshot: &Snapshot) -> Result<Received, End> {
        let trust = match self.ask {
            Ask::Snapshot(trust) if !self.synced => trust,
            _ => Trust::Sound,
        };
        // A lower epoch is that of a server that is behind, or of one that was reset. A server that is behind catches
        // up soon, so the client asks once more.
        if trust == Trust::Sound && snapshot.position.epoch < self.view.borrow().position().epoch {
            return Err(resync("the server is in an older epoch", Trust::Void));
        }
        Ok(self.change(|view| view.snapshot(snapshot, trust)))
    }

    /// Changes the view, and wakes the readers if the map moved.
    fn change(&self, take: impl FnOnce(&mut View) -> Received) -> Received {
        let mut received = Received::Had;
        self.view.send_if_modified(|view| {
            received = take(view);
            matches!(received, Received::Applied | Received::Replaced)
        });
        received
    }

    /// The map is as new as the server's. Only deltas and beacons prove that the server's map is current.
    fn current(&mut self, is_proof: bool) {
        if is_proof || !self.synced {
            self.synced = true;
            self.last_frame = Instant::now();
            self.last_proof = self.last_frame;
            self.is_above = false;
            self.enter(State::Live);
        }
    }

    fn refused(&self, error: ErrorMessage) {
        let ErrorMessage { seq, code, message, .. } = error;
        match seq {
            Some(seq) if code == Code::UnknownOutcome.name() => self.pending.answer(seq, Err(SetError::Unknown)),
            Some(seq) => self.pending.answer(seq, Err(SetError::Refused { code, message })),
            None => tracing::warn!(code, message, "the server complains"),
        }
    }
}

fn lost(reason: impl Display) -> End {
    End::Lost { reason: reason.to_string(), synced: false, sent_on: false }
}

fn resync(reason: &'static str, trust: Trust) -> End {
    End::Resync { reason, trust }
}
