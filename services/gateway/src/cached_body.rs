//! The body of a `GET` of a whole map, encoded once for all who ask for the same.

use axum::body::Bytes;
use ghostlight_rig::{Position, RigMap};

use crate::feed::FeedState;
use crate::hub::Hub;
use crate::subscription::{CachedBody, Rendering};

/// A map with fewer items is encoded for each request: that takes less time than waiting for another request.
const SHARED_ITEMS: usize = 1_024;

/// The body of a hub's map, and its position. `copy` copies what the body needs while the map is locked, and `write` encodes
/// it without the lock, because changes wait for that. Of the requests for one rendering of a large map that come during an
/// encoding, one encodes the next body, and it answers all of them.
pub(crate) async fn body<T>(
    hub: &Hub,
    rendering: Option<Rendering>,
    copy: impl FnOnce(&RigMap) -> T,
    write: impl FnOnce(T) -> Vec<u8>,
) -> (Position, Bytes) {
    let stands = |state: &FeedState| (hub.latest().generation, state.replica.position());
    let (rendering, came) = {
        let state = hub.state();
        let map = state.replica.map();
        let Some(rendering) = rendering.filter(|_| map.items() >= SHARED_ITEMS) else {
            let (position, copied) = (state.replica.position(), copy(map));
            drop(state);
            return (position, write(copied).into());
        };
        (rendering, stands(&state))
    };
    let known = || {
        let state = hub.state();
        let known = state.body.as_ref().filter(|known| known.answers(rendering, came));
        known.map(|known| (known.position, known.text.clone()))
    };
    if let Some(known) = known() {
        return known;
    }
    let _turn = hub.encoding.lock().await;
    if let Some(known) = known() {
        return known;
    }
    let ((generation, position), copied) = {
        let state = hub.state();
        (stands(&state), copy(state.replica.map()))
    };
    let text = Bytes::from(write(copied));
    hub.state().body = Some(CachedBody { rendering, generation, position, text: text.clone() });
    (position, text)
}
