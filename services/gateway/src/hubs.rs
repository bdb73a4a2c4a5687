//! The hubs of the rigs that this gateway follows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use ghostlight_bus::{Echo, Question};
use ghostlight_rig::{Position, RigName};

use crate::hub::Hub;
use crate::intake::Refusal;

/// How long a reader waits for a hub's first snapshot.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// Beacons come every second: after three without one, what is shown may be old.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(3);

/// One hub a rig, made when it is first asked for: one upstream subscription a gateway, however many clients it has.
pub(crate) struct Hubs {
    echo: Arc<dyn Echo>,
    hubs: Mutex<HashMap<RigName, Arc<Hub>>>,
    most: usize,
}

impl Hubs {
    pub(crate) fn new(echo: Arc<dyn Echo>, most: usize) -> Self {
        Self { echo, hubs: Mutex::default(), most }
    }

    /// The hub of a rig, as soon as it knows the rig's map.
    pub(crate) async fn get(&self, rig: &RigName) -> Result<Arc<Hub>, Refusal> {
        let hub = self.find_or_follow(rig)?;
        if hub.latest().position == Position::default() {
            let known = hub.reached(Position::new(1, 0));
            let known = tokio::time::timeout(READY_WITHIN, known).await;
            known.map_err(|_| Refusal::Unavailable("no state service answers".to_owned()))?;
        }
        Ok(hub)
    }

    fn find_or_follow(&self, rig: &RigName) -> Result<Arc<Hub>, Refusal> {
        // Held to look one up or start one, never across an await.
        let mut hubs = self.hubs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hub) = hubs.get(rig) {
            return Ok(hub.clone());
        }
        if hubs.len() >= self.most {
            // Nobody else holds a hub that only this map holds: it can be followed again when it is asked for again.
            hubs.retain(|_, hub| Arc::strong_count(hub) > 1);
        }
        if hubs.len() >= self.most {
            return Err(Refusal::Unavailable("as many rigs are followed here as may be".to_owned()));
        }
        let hub = Arc::new(Hub::follow(rig.clone(), self.echo.clone()));
        hubs.insert(rig.clone(), hub.clone());
        Ok(hub)
    }

    /// The list of rigs, as text.
    pub(crate) async fn list(&self) -> Result<Bytes, Refusal> {
        self.echo.ask(Question::Rigs).await.map_err(|error| Refusal::Unavailable(error.to_string()))
    }

    /// Whether a state service has been heard of lately.
    pub(crate) async fn is_live(&self) -> bool {
        let Ok(hub) = self.get(&RigName::default()).await else { return false };
        hub.latest().silence().is_some_and(|silence| silence < STALE_AFTER)
    }
}
