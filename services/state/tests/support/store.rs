//! A store that works, hangs or fails on command.

use std::sync::Arc;

use async_trait::async_trait;
use ghostlight_rig::{Image, LogPosition, Position, StoreId};
use ghostlight_store::{Store, StoreError};
use tokio::sync::watch;

use super::soon;

/// What a store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It works.
    Works,
    /// A save waits until the mood has changed, and then does as that says.
    Hangs,
    /// It loads, and saves nothing.
    FailsToSave,
    /// Neither.
    Fails,
    /// The next save is done, and its answer lost. Then the store works.
    LosesOneAnswer,
}

/// A store before a real one.
pub(crate) struct Moody {
    pub(crate) inner: Arc<dyn Store>,
    mood: watch::Sender<Mood>,
    loads: watch::Sender<usize>,
    saves: watch::Sender<usize>,
}

impl Moody {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        let count = || watch::Sender::new(0);
        Self { inner, mood: watch::Sender::new(Mood::Works), loads: count(), saves: count() }
    }

    pub(crate) fn be(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// How many saves have begun.
    pub(crate) fn saves(&self) -> usize {
        *self.saves.borrow()
    }

    /// Waits until this many saves have begun.
    pub(crate) async fn saves_reach(&self, count: usize) {
        reach(&self.saves, count).await;
    }

    /// Waits until it has been asked to load this many times more.
    pub(crate) async fn more_loads(&self, count: usize) {
        let before = *self.loads.borrow();
        reach(&self.loads, before + count).await;
    }
}

async fn reach(counter: &watch::Sender<usize>, count: usize) {
    soon("the store to be used", counter.subscribe().wait_for(|reached| *reached >= count)).await.unwrap();
}

#[async_trait]
impl Store for Moody {
    fn id(&self) -> StoreId {
        self.inner.id()
    }

    async fn load(&self) -> Result<Image, StoreError> {
        self.loads.send_modify(|count| *count += 1);
        let mood = *self.mood.borrow();
        if mood == Mood::Fails {
            return Err(StoreError::Locked);
        }
        self.inner.load().await
    }

    async fn begin(&self, stored: Position, start: LogPosition) -> Result<(), StoreError> {
        match *self.mood.borrow() {
            Mood::FailsToSave | Mood::Fails => return Err(StoreError::Full),
            Mood::Works | Mood::Hangs | Mood::LosesOneAnswer => {}
        }
        self.inner.begin(stored, start).await
    }

    async fn save(&self, image: &Image) -> Result<(), StoreError> {
        self.saves.send_modify(|count| *count += 1);
        let mood = *self.mood.subscribe().wait_for(|mood| *mood != Mood::Hangs).await.unwrap();
        match mood {
            Mood::Works | Mood::Hangs => self.inner.save(image).await,
            Mood::FailsToSave | Mood::Fails => Err(StoreError::Full),
            Mood::LosesOneAnswer => {
                self.be(Mood::Works);
                self.inner.save(image).await?;
                Err(StoreError::Other("the answer is lost".to_owned()))
            }
        }
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
