//! The one task of the state service.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use ghostlight_bus::{Announcement, DurableOnce, Entries, LogError, Logged, Request, Requests};
use ghostlight_proto::BEACON_INTERVAL;
use ghostlight_rig::{Image, LogPosition, Position, RigName, Rigs};
use ghostlight_store::StoreError;
use ghostlight_telemetry::trace::{Span, logged};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::fold::Fold;
use crate::instruments::Carried;
use crate::recovery::{begin, load};
use crate::{Parts, StartError, Superseded};

/// So many rigs are announced at once, and the next ones a little later, so that all have had their turn after that time.
/// All of many thousands at once would hold up changes, and be more than may wait to be sent.
const PORTION: usize = 1_000;

/// Where the log keeps an entry, it is saved so much later, with all that comes meanwhile. Saved at once, every change
/// would take the machine's cores from its own echo.
const SAVE_DELAY: Duration = Duration::from_millis(20);

/// The first and the longest pause before the store is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// A state service that is ready to run.
pub struct StateService {
    parts: Parts,
    fold: Fold,
    /// Up to where the store holds everything.
    saved: Position,
    /// `None` while others must answer: this service is not where the log is.
    requests: Option<Box<dyn Requests>>,
    /// `None` while the order is about to begin anew.
    entries: Option<Box<dyn Entries>>,
    /// What is under way with the store: one thing at a time.
    work: Option<BoxFuture<'static, Done>>,
    /// When the store is saved to, or tried again if it failed, while the log keeps what is not saved.
    saves_at: Option<tokio::time::Instant>,
    pause: Duration,
    /// When the next beacons are due.
    beacons_at: tokio::time::Instant,
    /// The last rig that had its turn; none if the first one is the next.
    beacons_after: Option<RigName>,
    /// Traced changes that are to be saved.
    carried: Carried,
    /// Whether another one keeps the store, which this one cannot know by its log.
    is_superseded: bool,
}

/// What has been done with the store and the log.
enum Done {
    /// Up to here, and when that began.
    Saved(Position, Instant),
    NotSaved(StoreError),
    Loaded(Image, LogPosition),
    Begun(LogPosition, Box<dyn Entries>),
    NotBegun(StartError),
}

impl StateService {
    /// Loads the rigs, begins an order that goes on from them, and folds what the log has beyond them.
    ///
    /// # Errors
    /// [`StartError`] if the store cannot be read and written, or the bus cannot be reached.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let (image, start) = load(&parts).await?;
        let stored = image.mark();
        let entries = begin(&parts, stored, start).await?;
        let mut service = Self {
            fold: Fold::restore(image, start, parts.most_rigs, parts.partition),
            saved: start.position,
            requests: None,
            entries: Some(entries),
            work: None,
            saves_at: None,
            pause: RETRY.0,
            beacons_at: tokio::time::Instant::now(),
            beacons_after: None,
            carried: Carried::default(),
            is_superseded: false,
            parts,
        };
        service.note_epoch(stored, start);
        while !service.is_current() {
            let logged = next(&mut service.entries).await?;
            service.fold.apply(&logged);
            service.note_log_lag();
        }
        service.requests = Some(service.parts.echo.requests().await?);
        service.note_standing();
        Ok(service)
    }

    /// The rigs.
    pub fn rigs(&self) -> &Rigs {
        self.fold.rigs()
    }

    /// Serves until shutdown, and returns when all that was taken in is saved, or kept by the log. Whoever appends stops
    /// before.
    ///
    /// # Errors
    /// [`Superseded`] if its log is its own, and another one has begun an order with its store.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), Superseded> {
        let mut is_ending = false;
        loop {
            if self.is_superseded {
                return Err(Superseded);
            }
            if shutdown.is_cancelled() && !is_ending {
                is_ending = true;
                self.save_what_has_gathered();
            }
            if is_ending && self.work.is_none() {
                self.parts.instruments.metrics.speaking.set(0);
                return Ok(());
            }
            // In this order: the rare and short before the frequent. An entry is announced before it is saved.
            tokio::select! {
                biased;
                done = under_way(&mut self.work) => self.done(done).await,
                () = shutdown.cancelled(), if !is_ending => {}
                () = at(self.saves_at) => self.save_what_has_gathered(),
                () = tokio::time::sleep_until(self.beacons_at) => self.announce_beacons(),
                Some(request) = ask(&mut self.requests) => {
                    self.parts.instruments.metrics.questions.add_one();
                    let text = self.fold.answer(&request.question);
                    request.answer(text);
                }
                logged = next(&mut self.entries) => self.take(logged).await,
            }
            self.save_what_is_new();
        }
    }

    /// Whether it stands where the log stood when it began to read: before that, what it knows is old.
    fn is_current(&self) -> bool {
        self.entries.as_ref().is_some_and(|entries| self.fold.position().revision >= entries.end())
    }

    /// Whether others hear of it. Where the store makes an entry durable there is no other service, and what it shows is
    /// always the best that there is.
    fn speaks(&self) -> bool {
        self.requests.is_some()
    }

    /// Folds an entry and announces what it did.
    async fn take(&mut self, logged: Result<Logged, LogError>) {
        let logged = match logged {
            Ok(logged) => logged,
            Err(error) => {
                tracing::error!(%error, "starting over from the store");
                return self.start_over();
            }
        };
        if !self.speaks() {
            self.fold.apply(&logged);
            return self.speak_when_current().await;
        }
        let read = Instant::now();
        let Some(text) = self.fold.apply(&logged) else { return };
        let fold = read.elapsed();
        let traces = self.parts.instruments.folded(&logged, self.fold.position(), read, fold);
        self.carried.add(&traces);
        let (traces, _spans) = self.parts.instruments.announces(&logged, &traces);
        self.parts.echo.announce(&logged.rig, Announcement { text, fold, traces });
        self.note_store_lag();
    }

    /// Lets others see how far it is.
    fn note_standing(&self) {
        let metrics = &self.parts.instruments.metrics;
        metrics.speaking.set(u64::from(self.speaks()));
        metrics.rigs.set(self.fold.rigs().count() as u64);
        self.note_log_lag();
        self.note_store_lag();
    }

    fn note_log_lag(&self) {
        if let Some(entries) = &self.entries {
            self.parts.instruments.metrics.log_lag.set(entries.behind());
        }
    }

    fn note_store_lag(&self) {
        self.parts
            .instruments
            .metrics
            .store_lag
            .set(self.fold.position().revision.0.saturating_sub(self.saved.revision.0));
    }

    /// Counts an epoch that had to begin because a log that keeps entries did not go on.
    fn note_epoch(&self, stored: LogPosition, start: LogPosition) {
        let is_anew = stored != LogPosition::default() && start.position.epoch != stored.position.epoch;
        if is_anew && self.parts.log.durable_once() == DurableOnce::Appended {
            self.parts.instruments.metrics.epochs.add_one();
        }
    }

    /// Answers questions again, and tells everyone where the rigs stand, once it has caught up. Only then is it well: what
    /// made it start over may be in the log, and is met again on the way.
    async fn speak_when_current(&mut self) {
        if !self.is_current() {
            return;
        }
        self.pause = RETRY.0;
        if self.speaks() {
            return;
        }
        match self.parts.echo.requests().await {
            Ok(requests) => {
                self.requests = Some(requests);
                self.note_standing();
                tracing::info!(position = %self.fold.position(), "caught up with the log");
                self.announce_all();
            }
            Err(error) => {
                tracing::error!(%error, "starting over from the store");
                self.start_over();
            }
        }
    }

    /// Sees to it that what has changed since the last save is saved; while a save is under way, that comes after it.
    fn save_what_is_new(&mut self) {
        let is_saved = self.saved == self.fold.position();
        if is_saved || self.work.is_some() || self.saves_at.is_some() || self.entries.is_none() {
            return;
        }
        match self.parts.log.durable_once() {
            DurableOnce::Appended => self.saves_at = Some(tokio::time::Instant::now() + SAVE_DELAY),
            DurableOnce::Saved => self.save(),
        }
    }

    /// Saves what waits to be saved, if anything does.
    fn save_what_has_gathered(&mut self) {
        if self.saves_at.take().is_some() {
            self.save();
        }
    }

    /// Starts to save what has changed since the last save.
    fn save(&mut self) {
        let image = self.fold.image_since(self.saved.revision);
        let (store, instruments) = (self.parts.store.clone(), self.parts.instruments.clone());
        let (carried, began) = (self.carried.take(), Instant::now());
        self.work = Some(Box::pin(async move {
            let span = instruments.saves(&image, &carried);
            let saved = store.save(&image).instrument(logged(span.as_ref().map(Span::context))).await;
            instruments.saved(began, &saved, span);
            match saved {
                Ok(()) => Done::Saved(image.position, began),
                Err(error) => Done::NotSaved(error),
            }
        }));
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Saved(position, began) => {
                self.saved = position;
                self.pause = RETRY.0;
                self.parts.log.checkpoint(position);
                self.parts.instruments.metrics.store_lag.restart(began);
                self.note_store_lag();
            }
            Done::NotSaved(error) => self.not_saved(&error),
            Done::Loaded(image, start) => self.begin_again(image, start),
            Done::Begun(start, entries) => self.begun(start, entries).await,
            Done::NotBegun(error) => {
                tracing::error!(%error, "starting over from the store");
                self.start_over();
            }
        }
    }

    /// Where the log keeps what the store does not take, the show goes on, and saving is tried again after a pause.
    fn not_saved(&mut self, error: &StoreError) {
        let is_another = matches!(error, StoreError::Superseded | StoreError::Behind);
        match self.parts.log.durable_once() {
            DurableOnce::Appended if !is_another => {
                let position = self.saved;
                tracing::error!(%error, %position, "the store fails; the log keeps what comes after this until it works");
                self.saves_at = Some(tokio::time::Instant::now() + self.longer_pause());
            }
            DurableOnce::Appended => {
                tracing::warn!(%error, "starting over from the store");
                self.start_over();
            }
            DurableOnce::Saved if *error == StoreError::Superseded => self.is_superseded = true,
            DurableOnce::Saved => {
                tracing::error!(%error, "the store fails; no change is taken until it works again");
                self.start_over();
            }
        }
    }

    /// Goes back to what the store holds, after a pause. Letting go of the reader makes the log of one process refuse
    /// changes; where there are other services, they go on and answer.
    fn start_over(&mut self) {
        self.parts.instruments.metrics.starts_over.add_one();
        self.entries = None;
        self.saves_at = None;
        if self.parts.log.durable_once() == DurableOnce::Appended {
            self.requests = None;
            self.parts.instruments.metrics.speaking.set(0);
        }
        let (parts, pause) = (self.parts.clone(), self.longer_pause());
        self.work = Some(Box::pin(async move {
            tokio::time::sleep(pause).await;
            match load(&parts).await {
                Ok((image, start)) => Done::Loaded(image, start),
                Err(error) => Done::NotBegun(error),
            }
        }));
    }

    /// A pause, twice as long as the one before.
    fn longer_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(RETRY.1);
        pause
    }

    /// Takes what the store holds for the rigs, tells everyone, and begins the order that goes on from there.
    fn begin_again(&mut self, image: Image, start: LogPosition) {
        let stored = image.mark();
        self.note_epoch(stored, start);
        self.fold.start_over(image, start);
        self.announce_all();
        let parts = self.parts.clone();
        self.work = Some(Box::pin(async move {
            match begin(&parts, stored, start).await {
                Ok(entries) => Done::Begun(start, entries),
                Err(error) => Done::NotBegun(error),
            }
        }));
    }

    async fn begun(&mut self, start: LogPosition, entries: Box<dyn Entries>) {
        self.saved = start.position;
        self.entries = Some(entries);
        tracing::info!(position = %start.position, "changes are taken again");
        self.speak_when_current().await;
    }

    /// Announces the next rigs whose turn it is.
    fn announce_beacons(&mut self) {
        let mut after = None;
        if self.speaks() {
            let (beacons, last) = self.fold.beacons(self.beacons_after.as_ref(), PORTION);
            for (name, text) in beacons {
                self.parts.echo.announce(name, Announcement::of(text));
            }
            after = last;
        }
        let portions = self.fold.rigs().count() / PORTION + 1;
        let next = self.beacons_at + BEACON_INTERVAL.div_f64(portions as f64);
        self.beacons_at = next.max(tokio::time::Instant::now());
        if after.is_none() {
            self.note_standing();
        }
        self.beacons_after = after;
    }

    /// Announces every rig from the first one on, beginning now.
    fn announce_all(&mut self) {
        (self.beacons_after, self.beacons_at) = (None, tokio::time::Instant::now());
        self.announce_beacons();
    }
}

async fn under_way(work: &mut Option<BoxFuture<'static, Done>>) -> Done {
    let Some(future) = work else { return std::future::pending().await };
    let done = future.await;
    *work = None;
    done
}

async fn at(time: Option<tokio::time::Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn ask(requests: &mut Option<Box<dyn Requests>>) -> Option<Request> {
    match requests {
        Some(requests) => requests.next().await,
        None => std::future::pending().await,
    }
}

async fn next(entries: &mut Option<Box<dyn Entries>>) -> Result<Logged, LogError> {
    match entries {
        Some(entries) => entries.next().await,
        None => std::future::pending().await,
    }
}
