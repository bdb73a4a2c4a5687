//! The body of a `GET` of a whole map, encoded once for all who ask for the same.

use axum::body::Bytes;
use ghostlight_rig::{Position, RigMap};

use crate::hub::Hub;
use crate::subscription::{CachedBody, Rendering};

/// The body of a hub's map, and its position. `copy` copies what the body needs while the map is locked, and `write` encodes
/// it without the lock, because changes wait for that. A body without a rendering is not kept. Of the requests that come during an encoding, one encodes the next
/// body, and it answers all of them.
pub(crate) async fn body<T>(
    hub: &Hub,
    rendering: Option<Rendering>,
    copy: impl FnOnce(&RigMap) -> T,
    write: impl FnOnce(T) -> Vec<u8>,
) -> (Position, Bytes) {
    let came = {
        let latest = hub.latest();
        (latest.generation, latest.position)
    };
    let known = || {
        let state = hub.state();
        let known = state.body.as_ref().filter(|known| rendering.is_some_and(|of| known.answers(of, came)));
        known.map(|known| (known.position, known.text.clone()))
    };
    if let Some(known) = known() {
        return known;
    }
    let _turn = hub.encoding.lock().await;
    if let Some(known) = known() {
        return known;
    }
    let (generation, position, copied) = {
        let state = hub.state();
        (hub.latest().generation, state.replica.position(), copy(state.replica.map()))
    };
    let text = Bytes::from(write(copied));
    if let Some(rendering) = rendering {
        hub.state().body = Some(CachedBody { rendering, generation, position, text: text.clone() });
    }
    (position, text)
}
