//! The one task of the state service.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use futures_util::future::BoxFuture;
use ghostlight_bus::{Announcement, DurableOnce, LogError, Logged, PassedOver, Read};
use ghostlight_rig::{Image, LogPosition, Position, Rigs};
use ghostlight_store::StoreError;
use ghostlight_telemetry::trace::{Span, logged};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::beacon_schedule::{BeaconSchedule, PORTION};
use crate::fold::Fold;
use crate::instruments::Carried;
use crate::phase::{Event, Phase, Recovered, SaveEnd, Saving};
use crate::recovery::{begin, load};
use crate::{Parts, StartError, Superseded};

/// Where the log keeps an entry, it is saved so much later, with all that comes meanwhile. Saved at once, every change
/// would take the machine's cores from its own echo.
const SAVE_DELAY: Duration = Duration::from_millis(20);

/// The pauses between attempts to use the store: 100 ms, 200 ms, in the end 2 s.
const RETRY: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(Duration::from_secs(2))
    .without_max_times();

const NO_END: &str = "attempts have no end";

/// A state service that is ready to run.
pub struct StateService {
    parts: Parts,
    fold: Fold,
    /// Up to where the store holds everything.
    saved: Position,
    phase: Phase,
    pauses: ExponentialBackoff,
    beacons: BeaconSchedule,
    /// Traced changes that are to be saved.
    carried: Carried,
}

impl StateService {
    /// Loads the rigs, begins an order that goes on from them, and folds what the log has beyond them.
    ///
    /// If the store can be read but has no room, or is read-only, the service shows the rigs, and takes changes once the store
    /// can be written.
    ///
    /// # Errors
    /// [`StartError`] if the store cannot be read, or the bus cannot be reached.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let (image, start) = load(&parts).await?;
        let stored = image.mark();
        let begun = begin(&parts, stored, start).await;
        let mut fold = Fold::restore(parts.store.id(), image, start, parts.most_rigs, parts.partition);
        let mut entries = match begun {
            Ok(entries) => entries,
            Err(StartError::Store(error @ (StoreError::Full | StoreError::ReadOnly))) => {
                parts.log.store_fails(error.for_clients());
                tracing::error!(%error, "no change is taken until the store can be written");
                let requests = Some(parts.echo.requests().await?);
                let mut pauses = RETRY.build();
                let step = recover(parts.clone(), None, pauses.next().expect(NO_END));
                return Ok(Self {
                    pauses,
                    ..Self::with(parts, fold, start.position, Phase::Recovering { step, requests })
                });
            }
            Err(error) => return Err(error),
        };
        parts.note_epoch(stored, start);
        while fold.position().revision < entries.end() {
            match entries.next().await? {
                Read::Entry(logged) => drop(fold.apply(&logged)),
                Read::PassedOver(place) => parts.pass_over(&mut fold, &place),
            }
            parts.instruments.metrics.log_lag.set(entries.behind());
        }
        let requests = Some(parts.echo.requests().await?);
        let phase = Phase::Following { entries, saving: Saving::Idle, requests };
        let service = Self::with(parts, fold, start.position, phase);
        service.note_standing();
        Ok(service)
    }

    fn with(parts: Parts, fold: Fold, saved: Position, phase: Phase) -> Self {
        let (pauses, beacons, carried) = (RETRY.build(), BeaconSchedule::start(), Carried::default());
        Self { parts, fold, saved, phase, pauses, beacons, carried }
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
            if shutdown.is_cancelled() && !is_ending {
                is_ending = true;
                self.save_what_is_due();
            }
            if is_ending && !self.is_saving() {
                self.parts.instruments.metrics.speaking.set(0);
                return Ok(());
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled(), if !is_ending => {}
                () = tokio::time::sleep_until(self.beacons.due()) => self.announce_beacons(),
                event = self.phase.next() => self.handle(event).await?,
            }
            self.save_what_is_new();
        }
    }

    async fn handle(&mut self, event: Event) -> Result<(), Superseded> {
        match event {
            Event::Read(Ok(Read::Entry(logged))) => self.take(&logged).await,
            Event::Read(Ok(Read::PassedOver(place))) => {
                self.parts.pass_over(&mut self.fold, &place);
                self.announce_when_current().await;
            }
            Event::Read(Err(error)) => {
                tracing::error!(%error, "starting over from the store");
                let unsaved = matches!(error, LogError::Gone(_)).then(|| self.unsaved()).flatten();
                self.start_over(unsaved);
            }
            Event::SaveDue => self.save_what_is_due(),
            Event::SaveEnded(end) => self.save_ended(end)?,
            Event::Recovered(recovered) => self.recovered(recovered).await,
            Event::Asked(request) => {
                self.parts.instruments.metrics.questions.add_one();
                let text = self.fold.answer(&request.question);
                request.answer(text);
            }
        }
        Ok(())
    }

    /// Folds an entry. Announces what it did, if this service announces.
    async fn take(&mut self, logged: &Logged) {
        if !self.phase.is_announcing() {
            self.fold.apply(logged);
            return self.announce_when_current().await;
        }
        let read = Instant::now();
        let Some(text) = self.fold.apply(logged) else { return };
        let fold = read.elapsed();
        let traces = self.parts.instruments.folded(logged, self.fold.position(), read, fold);
        self.carried.add(&traces);
        let (traces, _spans) = self.parts.instruments.announces(logged, &traces);
        self.parts.echo.announce(&logged.rig, Announcement { text, fold, traces });
        self.note_store_lag();
    }

    /// Announces every rig and answers requests again, once it has folded all that the log had when it began to read. Only
    /// then is it well: the entry that made it start over may be in the log, and is met again on the way.
    async fn announce_when_current(&mut self) {
        let Phase::Following { entries, requests, .. } = &mut self.phase else { return };
        if self.fold.position().revision < entries.end() {
            return;
        }
        self.pauses = RETRY.build();
        if requests.is_some() {
            return;
        }
        match self.parts.echo.requests().await {
            Ok(granted) => {
                *requests = Some(granted);
                self.note_standing();
                tracing::info!(position = %self.fold.position(), "caught up with the log");
                self.announce_all();
            }
            Err(error) => {
                tracing::error!(%error, "starting over from the store");
                self.start_over(None);
            }
        }
    }

    /// Starts a save, or sets when it is due, if something has changed since the last one. While a save is under way, the
    /// next comes after it.
    fn save_what_is_new(&mut self) {
        let Phase::Following { saving: saving @ Saving::Idle, .. } = &mut self.phase else { return };
        if self.saved == self.fold.position() {
            return;
        }
        match self.parts.log.durable_once() {
            DurableOnce::Appended => *saving = Saving::Due(tokio::time::Instant::now() + SAVE_DELAY),
            DurableOnce::Saved => self.save(),
        }
    }

    fn save_what_is_due(&mut self) {
        if let Phase::Following { saving: Saving::Due(_), .. } = self.phase {
            self.save();
        }
    }

    fn is_saving(&self) -> bool {
        matches!(self.phase, Phase::Following { saving: Saving::UnderWay(_), .. })
    }

    /// Starts to save what has changed since the last save.
    fn save(&mut self) {
        let image = self.fold.image_since(self.saved.revision);
        let (store, instruments) = (self.parts.store.clone(), self.parts.instruments.clone());
        let (carried, began) = (self.carried.take(), Instant::now());
        self.set_saving(Saving::UnderWay(Box::pin(async move {
            let span = instruments.saves(&image, &carried);
            let saved = store.save(&image).instrument(logged(span.as_ref().map(Span::context))).await;
            instruments.saved(began, &saved, span);
            SaveEnd { began, saved: saved.map(|()| image.position) }
        })));
    }

    fn set_saving(&mut self, next: Saving) {
        if let Phase::Following { saving, .. } = &mut self.phase {
            *saving = next;
        }
    }

    fn save_ended(&mut self, SaveEnd { began, saved }: SaveEnd) -> Result<(), Superseded> {
        self.set_saving(Saving::Idle);
        match saved {
            Ok(position) => {
                self.saved = position;
                self.fold.saved(position);
                self.pauses = RETRY.build();
                self.parts.log.checkpoint(position);
                self.parts.instruments.metrics.store_lag.restart(began);
                self.note_store_lag();
                Ok(())
            }
            Err(error) => self.not_saved(&error),
        }
    }

    /// Where the log keeps what the store does not take, the show goes on, and saving is tried again after a pause.
    fn not_saved(&mut self, error: &StoreError) -> Result<(), Superseded> {
        let is_another = matches!(error, StoreError::Superseded | StoreError::Behind);
        match self.parts.log.durable_once() {
            DurableOnce::Appended if !is_another => {
                let position = self.saved;
                tracing::error!(%error, %position, "the store fails; the log keeps what comes after this until it works");
                let due = tokio::time::Instant::now() + self.next_pause();
                self.set_saving(Saving::Due(due));
            }
            DurableOnce::Appended => {
                tracing::warn!(%error, "starting over from the store");
                self.start_over(None);
            }
            DurableOnce::Saved if *error == StoreError::Superseded => return Err(Superseded),
            DurableOnce::Saved => {
                self.parts.log.store_fails(error.for_clients());
                tracing::error!(%error, "the store fails; no change is taken until it works again");
                self.start_over(None);
            }
        }
        Ok(())
    }

    /// Goes back to what the store holds, after a pause. `unsaved` is saved first: the log may not have it any more. Dropping
    /// the reader makes the log of one process refuse changes; of a shared log, other services still announce and answer.
    fn start_over(&mut self, unsaved: Option<Image>) {
        self.parts.instruments.metrics.starts_over.add_one();
        let mut requests = self.phase.take_requests();
        if self.parts.log.durable_once() == DurableOnce::Appended {
            requests = None;
            self.parts.instruments.metrics.speaking.set(0);
        }
        let step = recover(self.parts.clone(), unsaved, self.next_pause());
        self.phase = Phase::Recovering { step, requests };
    }

    /// What was folded and is not saved, if the log has made it durable.
    fn unsaved(&self) -> Option<Image> {
        let is_durable = self.parts.log.durable_once() == DurableOnce::Appended;
        let is_saved = self.saved == self.fold.position();
        (is_durable && !is_saved).then(|| self.fold.image_since(self.saved.revision))
    }

    fn next_pause(&mut self) -> Duration {
        self.pauses.next().expect(NO_END)
    }

    async fn recovered(&mut self, recovered: Result<Recovered, StartError>) {
        match recovered {
            Ok(Recovered::Loaded(image, start)) => self.begin_again(image, start),
            Ok(Recovered::Begun(start, entries)) => {
                self.saved = start.position;
                let requests = self.phase.take_requests();
                self.phase = Phase::Following { entries, saving: Saving::Idle, requests };
                tracing::info!(position = %start.position, "changes are taken again");
                self.announce_when_current().await;
            }
            Err(error) => {
                if let StartError::Store(error) = &error {
                    self.parts.log.store_fails(error.for_clients());
                }
                tracing::error!(%error, "starting over from the store");
                self.start_over(None);
            }
        }
    }

    /// Takes what the store holds for the rigs, announces all of them, and begins the order that goes on from there.
    fn begin_again(&mut self, image: Image, start: LogPosition) {
        let stored = image.mark();
        self.parts.note_epoch(stored, start);
        self.fold.start_over(image, start);
        self.announce_all();
        let parts = self.parts.clone();
        let step = Box::pin(async move {
            let entries = begin(&parts, stored, start).await?;
            Ok(Recovered::Begun(start, entries))
        });
        self.phase = Phase::Recovering { step, requests: self.phase.take_requests() };
    }

    /// Announces the next portion of the rigs.
    fn announce_beacons(&mut self) {
        let mut last = None;
        if self.phase.is_announcing() {
            let (beacons, end) = self.fold.beacons(self.beacons.after(), PORTION);
            for (name, text) in beacons {
                self.parts.echo.announce(name, Announcement::of(text));
            }
            last = end;
        }
        if last.is_none() {
            self.note_standing();
        }
        self.beacons.announced(last, self.fold.rigs().count());
    }

    /// Announces every rig from the first one on, beginning now.
    fn announce_all(&mut self) {
        self.beacons = BeaconSchedule::start();
        self.announce_beacons();
    }

    /// Sets the gauges of how far this service is.
    fn note_standing(&self) {
        let metrics = &self.parts.instruments.metrics;
        metrics.speaking.set(u64::from(self.phase.is_announcing()));
        metrics.rigs.set(self.fold.rigs().count() as u64);
        if let Phase::Following { entries, .. } = &self.phase {
            metrics.log_lag.set(entries.behind());
        }
        self.note_store_lag();
    }

    fn note_store_lag(&self) {
        let behind = self.fold.position().revision.0.saturating_sub(self.saved.revision.0);
        self.parts.instruments.metrics.store_lag.set(behind);
    }
}

/// Loads what the store holds, after a pause. `unsaved` is saved first.
fn recover(parts: Parts, unsaved: Option<Image>, pause: Duration) -> BoxFuture<'static, Result<Recovered, StartError>> {
    Box::pin(async move {
        if let Some(image) = unsaved
            && let Err(error) = parts.store.save(&image).await
        {
            tracing::error!(%error, "what was folded could not be saved before starting over");
        }
        tokio::time::sleep(pause).await;
        let (image, start) = load(&parts).await?;
        Ok(Recovered::Loaded(image, start))
    })
}

impl Parts {
    /// Goes past a place of the log where there is no entry, as every state service does.
    fn pass_over(&self, fold: &mut Fold, PassedOver { revision, stamp, why }: &PassedOver) {
        self.instruments.metrics.passed_over.add_one();
        tracing::error!(%revision, "ALARM: a place of the log is passed over; nothing there changes a rig: {why}");
        fold.pass(*revision, *stamp);
    }

    /// Counts an epoch that had to begin because a log that keeps entries did not go on.
    fn note_epoch(&self, stored: LogPosition, start: LogPosition) {
        let is_anew = stored != LogPosition::default() && start.position.epoch != stored.position.epoch;
        if is_anew && self.log.durable_once() == DurableOnce::Appended {
            self.instruments.metrics.epochs.add_one();
        }
    }
}
