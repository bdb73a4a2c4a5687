//! The body of a `GET` of a whole map, encoded once for all who ask for the same.

use axum::body::Bytes;
use ghostlight_rig::{Interest, Position, RigMap};

use crate::hub::Hub;

/// What a body shows of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rendering {
    /// The levels, or the outputs, with who changed each and when if `detail` is set.
    Levels { output: bool, detail: bool },
    /// The items of these kinds.
    Rig { output: bool, kinds: Interest },
}

/// A body that was encoded for one request. One is kept for each rig.
#[derive(Clone, Debug)]
pub(crate) struct CachedBody {
    rendering: Rendering,
    generation: u64,
    position: Position,
    text: Bytes,
}

impl CachedBody {
    /// Whether it answers a request for this rendering that came when the map was here. The body may be newer.
    fn answers(&self, rendering: Rendering, (generation, position): (u64, Position)) -> bool {
        self.rendering == rendering && self.generation == generation && self.position >= position
    }
}

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
