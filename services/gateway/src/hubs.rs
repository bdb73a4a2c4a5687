//! The hubs of the rigs that this gateway follows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ghostlight_bus::{Echo, Question};
use ghostlight_command::nearest;
use ghostlight_proto::{STALE_AFTER, listed_rigs, lists_rig};
use ghostlight_rig::{Position, RigName};
use ghostlight_telemetry::metrics::RigsNow;
use parking_lot::Mutex;

use crate::batcher::Appending;
use crate::hub::Hub;
use crate::instruments::stale_for;
use crate::refusal::Refusal;

/// How long a reader waits for a hub's first snapshot.
const READY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a readiness check waits for the first message of a state service: well below the time-out of its caller.
const HEARD_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an unused rig is still followed, so that the next client finds its map current.
const KEPT_UNUSED: Duration = Duration::from_secs(60);

/// How long an unused rig is still followed if it has changes that clients may take back.
const KEPT_FOR_UNDO: Duration = Duration::from_secs(3_600);

/// One hub for each rig, made at the first request. So a gateway follows each rig once, however many clients it has.
pub(crate) struct Hubs {
    echo: Arc<dyn Echo>,
    appending: Appending,
    hubs: Mutex<HashMap<RigName, Arc<Hub>>>,
    most: usize,
}

impl Hubs {
    pub(crate) fn new(echo: Arc<dyn Echo>, appending: Appending, most: usize) -> Self {
        Self { echo, appending, hubs: Mutex::default(), most }
    }

    /// The hub of a rig, once it has the rig's map.
    pub(crate) async fn get(&self, rig: &RigName) -> Result<Arc<Hub>, Refusal> {
        let hub = self.find_or_follow(rig);
        if hub.latest().position == Position::default() {
            let known = hub.reached(Position::new(1, 0));
            let known = tokio::time::timeout(READY_TIMEOUT, known).await;
            known.map_err(|_| Refusal::unavailable("no state service answers".to_owned()))?;
        }
        Ok(hub)
    }

    fn find_or_follow(&self, rig: &RigName) -> Arc<Hub> {
        // Held to look up or start a hub, never across an await.
        let mut hubs = self.hubs.lock();
        if let Some(hub) = hubs.get(rig) {
            hub.touch();
            return hub.clone();
        }
        if hubs.len() >= self.most {
            // A hub that only this map holds is unused and can be followed again later. Each of the others is held by a
            // connection, and connections are limited. So no rig is refused here: a client that follows rigs that do
            // not exist must not shut out those that do. What clients may take back is only forgotten if that is not enough.
            hubs.retain(|_, hub| Arc::strong_count(hub) > 1 || !hub.state().history.is_empty());
            if hubs.len() >= self.most {
                hubs.retain(|_, hub| Arc::strong_count(hub) > 1);
            }
        }
        let hub = Arc::new(Hub::follow(rig.clone(), self.echo.clone(), &self.appending));
        hubs.insert(rig.clone(), hub.clone());
        hub
    }

    /// Drops the hubs that have been unused for a while. Connections hold theirs.
    pub(crate) fn let_go(&self) {
        self.let_go_unless(|hub| {
            let kept = if hub.state().history.is_empty() { KEPT_UNUSED } else { KEPT_FOR_UNDO };
            hub.unused_for() < kept
        });
    }

    fn let_go_unless(&self, is_kept: impl Fn(&Hub) -> bool) {
        let mut hubs = self.hubs.lock();
        for hub in hubs.values().filter(|hub| Arc::strong_count(hub) > 1) {
            hub.touch();
        }
        hubs.retain(|_, hub| Arc::strong_count(hub) > 1 || is_kept(hub));
    }

    /// The list of rigs, as text.
    pub(crate) async fn list(&self) -> Result<Bytes, Refusal> {
        self.ask(Question::Rigs).await
    }

    async fn ask(&self, question: Question) -> Result<Bytes, Refusal> {
        self.echo.ask(question).await.map_err(|error| Refusal::unavailable(error.to_string()))
    }

    /// Whether a rig exists. `main` always does, so the state service is not asked.
    pub(crate) async fn is_made(&self, rig: &RigName) -> Result<bool, Refusal> {
        Ok(*rig == RigName::default() || lists_rig(&self.ask(Question::RigsBeside(rig.clone())).await?, rig))
    }

    /// The refusal that a rig does not exist, with a rig of a similar name, if all state services say in time which there are.
    pub(crate) async fn no_such_rig(&self, rig: &RigName) -> Refusal {
        let names = self.list().await.map(|list| listed_rigs(&list)).unwrap_or_default();
        let near = nearest(rig.as_str(), names.iter().map(String::as_str));
        Refusal::no_such_rig(rig, near)
    }

    /// The state of all followed rigs, for the metrics.
    pub(crate) fn now(&self) -> RigsNow {
        // Held to copy the list, never across an await.
        let hubs: Vec<_> = self.hubs.lock().values().cloned().collect();
        let mut now =
            RigsNow { followed: hubs.len(), stale_for: self.appending.instruments.stale(), ..RigsNow::default() };
        let mut lags = Vec::new();
        for hub in hubs {
            let latest = hub.latest();
            let silence = latest.silence().unwrap_or_default();
            now.silence = now.silence.max(silence);
            if latest.is_stale {
                now.stale += 1;
                now.stale_for += stale_for(silence);
            }
            lags.extend(hub.subscribers().lags(latest.position.revision));
        }
        lags.sort_unstable();
        let worst = lags.len().saturating_sub(1);
        now.lags = [worst / 2, worst * 99 / 100, worst].map(|rank| lags.get(rank).copied().unwrap_or_default());
        now
    }

    /// Whether a state service was heard within [`STALE_AFTER`].
    pub(crate) async fn is_live(&self) -> bool {
        let hub = tokio::time::timeout(HEARD_TIMEOUT, self.get(&RigName::default())).await;
        let Ok(Ok(hub)) = hub else { return false };
        hub.latest().silence().is_some_and(|silence| silence < STALE_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use ghostlight_bus::memory::{MemoryEcho, MemoryLog};

    use super::*;
    use crate::testing::{Service, appending, by, levels};

    /// The hubs of a gateway that follows this many rigs at most.
    fn hubs(most: usize) -> Hubs {
        Hubs::new(Arc::new(MemoryEcho::default()), appending(Arc::new(MemoryLog::default()), 1), most)
    }

    fn rig(name: &str) -> RigName {
        RigName::new(name).expect("the name is valid")
    }

    #[tokio::test]
    async fn a_hub_that_nobody_needs_is_let_go_of_and_one_that_is_held_is_not() {
        let hubs = hubs(10);
        let [held, unused] = ["held", "unused"].map(rig);
        let hub = hubs.find_or_follow(&held);
        let gone = Arc::downgrade(&hubs.find_or_follow(&unused));
        hubs.let_go();
        assert_eq!(gone.strong_count(), 1, "it was used just now");

        hubs.let_go_unless(|_| false);
        assert_eq!(gone.strong_count(), 0, "its hub was dropped");
        hubs.let_go();
        assert!(Arc::ptr_eq(&hub, &hubs.find_or_follow(&held)));
    }

    #[tokio::test]
    async fn changes_that_clients_may_take_back_keep_their_hub_while_there_is_room() {
        let hubs = hubs(2);
        let changed = |name| {
            let (hub, mut service) = (hubs.find_or_follow(&rig(name)), Service::new());
            service.answer(hub.feed());
            service.tell(hub.feed(), by("desk", 1, levels([(1, 50)])));
            Arc::downgrade(&hub)
        };
        let first = changed("first");
        let unchanged = Arc::downgrade(&hubs.find_or_follow(&rig("unchanged")));
        let second = changed("second");
        assert_eq!([&first, &unchanged, &second].map(std::sync::Weak::strong_count), [1, 0, 1]);
        hubs.find_or_follow(&rig("third"));
        assert_eq!([&first, &second].map(std::sync::Weak::strong_count), [0, 0], "no rig is refused");
    }
}
