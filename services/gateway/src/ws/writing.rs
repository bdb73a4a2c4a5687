//! Writes messages to a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::SplitSink;
use futures_util::{FutureExt, SinkExt};
use ghostlight_proto::{Ack, ServerMessage};
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::batcher::Answer;
use crate::presence::Shown;
use crate::refusal::Refusal;
use crate::request_span::Request;
use crate::subscriber::{Subscriber, Told};
use crate::subscription::Protocol;
use crate::ws::age::Pings;
use crate::ws::ending::{Ending, ending};
use crate::ws::shared::Session;
use crate::ws::upgrade::Socket;

/// The most bytes of a text in one frame. A larger text is sent in several frames (RFC 6455, section 5.4): the WebSocket
/// library copies each frame into a buffer that the connection keeps, and all clients share the text itself.
const FRAME_BYTES: usize = 16 << 10;

pub(crate) type Sink = SplitSink<Socket, Message>;

/// The writing half of a session.
pub(crate) struct Writer {
    pub(crate) session: Arc<Session>,
    pub(crate) sink: Sink,
    pub(crate) reader: Subscriber,
    pub(crate) answered: mpsc::Receiver<Answer>,
    /// Which consoles are connected, if the client wants presence.
    pub(crate) consoles: Option<watch::Receiver<Arc<Shown>>>,
    pings: Interval,
}

impl Writer {
    pub(crate) fn new(
        session: Arc<Session>,
        sink: Sink,
        reader: Subscriber,
        answered: mpsc::Receiver<Answer>,
        consoles: Option<watch::Receiver<Arc<Shown>>>,
    ) -> Self {
        let limits = &session.gateway.limits;
        let pings = pings(Pings::interval(limits.max_change_age, limits.ping_every));
        Self { session, sink, reader, answered, consoles, pings }
    }

    /// Writes until the session ends; returns the reason if the writer noticed it. If the client is gone, it stops in the
    /// middle of a message.
    pub(crate) async fn run(mut self) -> (Sink, Option<Ending>) {
        let gone = self.session.gone.clone();
        let ended = gone.run_until_cancelled(self.write()).await.and_then(Result::err);
        self.session.ended.cancel();
        (self.sink, ended)
    }

    async fn write(&mut self) -> Result<(), Ending> {
        let ended = self.session.ended.clone();
        loop {
            self.catch_up().await?;
            tokio::select! {
                () = self.reader.changed() => {}
                Some(answer) = self.answered.recv() => self.answer(answer).await?,
                shown = next_consoles(&mut self.consoles) => self.send(shown.text.clone()).await?,
                _ = self.pings.tick() => self.ping().await?,
                () = ended.cancelled() => return self.finish().await,
            }
        }
    }

    /// Sends the answers that are under way. The reading half accepts no more changes, so this ends.
    async fn finish(&mut self) -> Result<(), Ending> {
        while let Some(answer) = self.answered.recv().await {
            self.answer(answer).await?;
        }
        Ok(())
    }

    /// Sends the client everything that it has not been sent.
    async fn catch_up(&mut self) -> Result<(), Ending> {
        while let Some(told) = self.reader.next() {
            self.send(told_text(told)).await?;
            self.reader.sent();
        }
        Ok(())
    }

    /// Answers a change after the client was sent its effect. The request ends with the answer.
    async fn answer(&mut self, Answer { seq, outcome, mut request }: Answer) -> Result<(), Ending> {
        request.set("network.protocol.name", || "websocket".to_owned());
        match (outcome, seq) {
            (Ok((position, timing)), Some(seq)) => {
                self.catch_up().await?;
                let timing = self.session.wants_timing.then_some(timing);
                let ack = Ack { seq, position, timing, trace: request.context() };
                self.send(text(ServerMessage::Ack(ack).encode())).await
            }
            // In the plain protocol, the echo is the answer.
            (Ok(_), None) => Ok(()),
            (Err(refused), seq) => {
                // A change that the fold refused has a delta too. Its order beside the error is always the same.
                self.catch_up().await?;
                self.refuse(seq, refused, request).await
            }
        }
    }

    async fn refuse(&mut self, seq: Option<u64>, refused: Refusal, mut request: Request) -> Result<(), Ending> {
        request.refused(&self.session.gateway.instruments, &refused);
        let error = refused.into_message(seq, request.context());
        let told = match self.session.protocol {
            Protocol::Full | Protocol::Output => text(ServerMessage::Error(error).encode()),
            Protocol::Plain => serde_json::json!({ "error": error }).to_string().into(),
        };
        self.send(told).await
    }

    async fn ping(&mut self) -> Result<(), Ending> {
        let payload = self.session.pings.payload();
        self.sink.send(Message::Ping(payload)).await.map_err(ending)
    }

    /// Sends a text, and pings in between: a slow client shows that it is there while it reads a large text.
    async fn send(&mut self, text: Utf8Bytes) -> Result<(), Ending> {
        if text.len() <= FRAME_BYTES {
            return self.sink.send(Message::Text(text)).await.map_err(ending);
        }
        let mut rest = Bytes::from(text);
        let mut part = Data::Text;
        while !rest.is_empty() {
            let bytes = rest.split_to(rest.len().min(FRAME_BYTES));
            let frame = Frame::message(bytes, OpCode::Data(part), rest.is_empty());
            self.sink.send(Message::Frame(frame)).await.map_err(ending)?;
            part = Data::Continue;
            if self.pings.tick().now_or_never().is_some() {
                self.ping().await?;
            }
        }
        Ok(())
    }
}

/// Resolves with the connected consoles whenever they change; before the first roster it waits.
async fn next_consoles(consoles: &mut Option<watch::Receiver<Arc<Shown>>>) -> Arc<Shown> {
    let Some(consoles) = consoles else { return std::future::pending().await };
    // The hub owns the sender, and the session owns the hub, so the sender is alive.
    while consoles.changed().await.is_ok() {
        let shown = consoles.borrow_and_update().clone();
        if !shown.text.is_empty() {
            return shown;
        }
    }
    std::future::pending().await
}

fn told_text(told: Told) -> Utf8Bytes {
    match told {
        Told::Snapshot(text) | Told::Delta(text) | Told::Beacon(text) | Told::Stale(text) => text,
    }
}

fn text(encoded: Bytes) -> Utf8Bytes {
    Utf8Bytes::try_from(encoded).expect("a message is UTF-8")
}

/// The first ping is due at once: until it is answered, it is not known how old a change is.
fn pings(every: Duration) -> Interval {
    let mut pings = tokio::time::interval(every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}
