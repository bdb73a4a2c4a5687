//! The phases of a state service, and the event that each waits for next.

use std::time::Instant;

use futures_util::future::BoxFuture;
use ghostlight_bus::{Entries, LogError, Read, Request, Requests};
use ghostlight_rig::{Image, LogPosition, Position};
use ghostlight_store::StoreError;

use crate::StartError;

/// What a state service does.
pub(crate) enum Phase {
    /// It goes back to what the store holds. It keeps `requests` where no other service could answer.
    Recovering { step: BoxFuture<'static, Result<Recovered, StartError>>, requests: Option<Box<dyn Requests>> },
    /// It folds the log. It announces and answers `requests` once it has folded every entry that the log had when it began.
    Following { entries: Box<dyn Entries>, saving: Saving, requests: Option<Box<dyn Requests>> },
}

/// A step of a recovery that is done.
pub(crate) enum Recovered {
    /// The store holds these rigs, and the log goes on from here.
    Loaded(Image, LogPosition),
    /// The order begins here, and these are its entries.
    Begun(LogPosition, Box<dyn Entries>),
}

/// What is under way with the store.
pub(crate) enum Saving {
    Idle,
    /// The next save begins then.
    Due(tokio::time::Instant),
    UnderWay(BoxFuture<'static, SaveEnd>),
}

/// The end of a save.
pub(crate) struct SaveEnd {
    pub(crate) began: Instant,
    /// Up to where the store holds everything.
    pub(crate) saved: Result<Position, StoreError>,
}

/// What a state service waits for.
pub(crate) enum Event {
    Recovered(Result<Recovered, StartError>),
    SaveDue,
    SaveEnded(SaveEnd),
    Asked(Request),
    Read(Result<Read, LogError>),
}

impl Phase {
    /// The next event: the rare ones before the frequent ones. Dropping the future loses nothing. After `Recovered` and
    /// `SaveEnded`, the future that ended must be replaced.
    pub(crate) async fn next(&mut self) -> Event {
        match self {
            Self::Recovering { step, requests } => tokio::select! {
                biased;
                recovered = step => Event::Recovered(recovered),
                Some(request) = next_request(requests) => Event::Asked(request),
            },
            Self::Following { entries, saving, requests } => tokio::select! {
                biased;
                event = saving.next() => event,
                Some(request) = next_request(requests) => Event::Asked(request),
                logged = entries.next() => Event::Read(logged),
            },
        }
    }

    /// True while the service announces deltas and answers snapshot requests.
    pub(crate) fn is_announcing(&self) -> bool {
        let (Self::Recovering { requests, .. } | Self::Following { requests, .. }) = self;
        requests.is_some()
    }

    /// Takes the requests out, for the next phase.
    pub(crate) fn take_requests(&mut self) -> Option<Box<dyn Requests>> {
        let (Self::Recovering { requests, .. } | Self::Following { requests, .. }) = self;
        requests.take()
    }
}

impl Saving {
    async fn next(&mut self) -> Event {
        match self {
            Self::Idle => std::future::pending().await,
            Self::Due(due) => {
                tokio::time::sleep_until(*due).await;
                Event::SaveDue
            }
            Self::UnderWay(save) => Event::SaveEnded(save.await),
        }
    }
}

async fn next_request(requests: &mut Option<Box<dyn Requests>>) -> Option<Request> {
    match requests {
        Some(requests) => requests.next().await,
        None => std::future::pending().await,
    }
}
