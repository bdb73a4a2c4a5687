//! The one task of the state service.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use ghostlight_bus::{Announcement, Entries, LogError, Logged, Question, Request, Requests};
use ghostlight_proto::{RigSummary, ServerMessage, encode_rigs};
use ghostlight_rig::{Image, Position, Rig, RigName, Rigs};
use ghostlight_store::StoreError;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::awaited::Awaited;
use crate::{Parts, StartError};

/// How often every rig is announced whether or not it changed.
const BEACON_EVERY: Duration = Duration::from_secs(1);

/// The first and the longest pause before the store is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// A state service that is ready to run.
pub struct StateService {
    parts: Parts,
    rigs: Rigs,
    /// Up to where the store holds everything.
    saved: Position,
    awaited: Awaited,
    requests: Box<dyn Requests>,
    /// `None` while the store is behind the beginning of the order: nothing new is taken in then.
    entries: Option<Box<dyn Entries>>,
    /// What is under way with the store: one thing at a time.
    work: Option<BoxFuture<'static, Done>>,
    pause: Duration,
}

/// What has been done with the store.
enum Done {
    Saved(Position),
    Loaded(Image),
    Failed(StoreError),
}

impl StateService {
    /// Loads the rigs, begins an order that goes on from them, and saves that it has begun.
    ///
    /// # Errors
    /// [`StartError`] if the store cannot be read and written, or the bus cannot be reached.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let image = parts.store.load().await?;
        let start = parts.log.begin(image.position).await?;
        let rigs = Rigs::restore(image, start, parts.most_rigs);
        let requests = parts.echo.requests().await?;
        parts.store.save(&rigs.image_since(start.revision)).await?;
        let entries = Some(parts.log.read(start).await?);
        let awaited = Awaited::new(parts.most_rigs);
        Ok(Self { parts, rigs, saved: start, awaited, requests, entries, work: None, pause: RETRY.0 })
    }

    /// The rigs.
    pub fn rigs(&self) -> &Rigs {
        &self.rigs
    }

    /// Serves until shutdown, and returns when all that was taken in is saved. Whoever appends stops before.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut beacons = tokio::time::interval(BEACON_EVERY);
        beacons.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if shutdown.is_cancelled() && self.work.is_none() {
                return;
            }
            // In this order: the rare and short before the frequent. An entry is announced before it is saved.
            tokio::select! {
                biased;
                done = under_way(&mut self.work) => self.done(done).await,
                () = shutdown.cancelled(), if !shutdown.is_cancelled() => {}
                _ = beacons.tick() => self.announce_beacons(),
                Some(request) = self.requests.next() => self.answer(request),
                logged = next(&mut self.entries) => self.fold(logged),
            }
            self.save_what_is_new();
        }
    }

    /// Folds an entry and announces what it did.
    fn fold(&mut self, logged: Result<Logged, LogError>) {
        let Logged { revision, rig, entry } = match logged {
            Ok(logged) => logged,
            Err(error) => {
                tracing::error!(%error, "the log is lost; starting over from the store");
                return self.start_over();
            }
        };
        let began = Instant::now();
        let delta = self.rigs.apply(revision, &rig, &entry);
        let text = ServerMessage::Delta(delta).encode();
        match self.rigs.get(&rig) {
            Some(_) => self.awaited.made(&rig),
            None => self.awaited.refused(&rig, revision),
        }
        self.parts.echo.announce(&rig, Announcement { text, fold: began.elapsed() });
    }

    /// Starts to save what has changed since the last save, unless a save is under way; then that comes after it.
    fn save_what_is_new(&mut self) {
        let position = self.rigs.position();
        if self.work.is_some() || self.saved == position {
            return;
        }
        let same_epoch = self.saved.epoch == position.epoch;
        let cursor = if same_epoch { self.saved.revision } else { position.revision };
        let image = self.rigs.image_since(cursor);
        let store = self.parts.store.clone();
        self.work = Some(Box::pin(async move {
            match store.save(&image).await {
                Ok(()) => Done::Saved(image.position),
                Err(error) => Done::Failed(error),
            }
        }));
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Saved(position) => self.saved(position).await,
            Done::Loaded(image) => self.begin_again(image).await,
            Done::Failed(error) => {
                tracing::error!(%error, "the store fails; no change is taken until it works again");
                self.start_over();
            }
        }
    }

    /// Releases the appends that are durable now. If the order had just begun, it takes entries from now on.
    async fn saved(&mut self, position: Position) {
        self.saved = position;
        self.pause = RETRY.0;
        self.parts.log.checkpoint(position);
        if self.entries.is_some() {
            return;
        }
        match self.parts.log.read(position).await {
            Ok(entries) => {
                self.entries = Some(entries);
                tracing::info!(%position, "changes are taken again");
            }
            Err(error) => {
                tracing::error!(%error, "starting over from the store");
                self.start_over();
            }
        }
    }

    /// Goes back to what the store holds, after a pause. Letting go of the reader makes the log refuse changes.
    fn start_over(&mut self) {
        self.entries = None;
        let (store, pause) = (self.parts.store.clone(), self.pause);
        self.pause = (pause * 2).min(RETRY.1);
        self.work = Some(Box::pin(async move {
            tokio::time::sleep(pause).await;
            match store.load().await {
                Ok(image) => Done::Loaded(image),
                Err(error) => Done::Failed(error),
            }
        }));
    }

    /// Begins a new order with what the store holds, and tells everyone.
    async fn begin_again(&mut self, image: Image) {
        let stored = image.position;
        match self.parts.log.begin(stored).await {
            Ok(start) => {
                self.rigs = Rigs::restore(image, start, self.parts.most_rigs);
                self.awaited.begin();
                self.announce_beacons();
                self.saved = stored;
                if start == stored {
                    // The order goes on where the store stands: there is nothing to save first.
                    self.saved(stored).await;
                }
            }
            Err(error) => {
                tracing::error!(%error, "starting over from the store");
                self.start_over();
            }
        }
    }

    fn announce_beacons(&self) {
        for (name, rig) in self.rigs.iter() {
            self.announce_beacon(name, rig);
        }
        for (name, rig) in self.awaited.rigs(self.rigs.position()) {
            self.announce_beacon(name, &rig);
        }
    }

    fn announce_beacon(&self, name: &RigName, rig: &Rig) {
        let text = ServerMessage::Beacon(rig.beacon()).encode();
        self.parts.echo.announce(name, Announcement { text, fold: Duration::ZERO });
    }

    fn answer(&mut self, request: Request) {
        let text = match &request.question {
            Question::Snapshot(name) => self.snapshot(name),
            Question::Rigs => self.list(),
        };
        request.answer(text);
    }

    fn snapshot(&mut self, name: &RigName) -> Bytes {
        let snapshot = match self.rigs.get(name) {
            Some(rig) => rig.snapshot(),
            None => {
                let revision = self.awaited.ask(name);
                Rig::empty(Position { revision, ..self.rigs.position() }).snapshot()
            }
        };
        ServerMessage::Snapshot(snapshot).encode()
    }

    fn list(&self) -> Bytes {
        encode_rigs(self.rigs.iter().map(|(name, rig)| RigSummary {
            name: name.clone(),
            position: rig.position(),
            dimmers: rig.map().len(),
        }))
    }
}

async fn under_way(work: &mut Option<BoxFuture<'static, Done>>) -> Done {
    let Some(future) = work else { return std::future::pending().await };
    let done = future.await;
    *work = None;
    done
}

async fn next(entries: &mut Option<Box<dyn Entries>>) -> Result<Logged, LogError> {
    match entries {
        Some(entries) => entries.next().await,
        None => std::future::pending().await,
    }
}
