//! Follows a rig for its hub: receives announcements and requests snapshots.

use std::sync::Arc;
use std::time::Duration;

use ghostlight_bus::{Announcements, Echo, EchoError, Heard, Question};
use ghostlight_proto::STALE_AFTER;
use ghostlight_rig::{Interest, Received, RigName};

use crate::feed::RigFeed;

/// The wait before the gateway follows again, after the echo was lost or could not be reached.
const RETRY: Duration = Duration::from_millis(250);

/// Follows a rig for as long as the hub lives.
pub(crate) async fn follow(rig: RigName, echo: Arc<dyn Echo>, feed: Arc<RigFeed>) {
    loop {
        if let Err(error) = follow_once(&rig, &*echo, &feed).await {
            tracing::debug!(%rig, %error, "trying again");
        }
        feed.note_silence();
        tokio::time::sleep(RETRY).await;
    }
}

/// Follows until the echo is lost. The order matters: follow, then request a snapshot, then apply what came meanwhile.
/// In any other order, changes are lost.
async fn follow_once(rig: &RigName, echo: &dyn Echo, feed: &RigFeed) -> Result<(), EchoError> {
    let mut announcements = echo.follow(rig).await?;
    loop {
        let snapshot = echo.ask(Question::Snapshot(rig.clone(), Interest::all())).await?;
        feed.instruments.metrics.resyncs.add_one();
        feed.take_answer(rig, snapshot);
        if !follow_to_gap(rig, &mut *announcements, feed).await {
            return Ok(());
        }
    }
}

/// Follows until a snapshot is needed; `false` if the echo is gone. Beacons come every second. A hub that receives no
/// message from a state service for [`STALE_AFTER`] requests a snapshot, which also tells the state service that the
/// rig has a follower. Rosters of other gateways do not count as messages.
async fn follow_to_gap(rig: &RigName, announcements: &mut dyn Announcements, feed: &RigFeed) -> bool {
    let mut silent_at = tokio::time::Instant::now() + STALE_AFTER;
    // When the rig's store is taken to be another one now.
    let mut store_lost_at = silent_at;
    loop {
        let heard = match tokio::time::timeout_at(silent_at, announcements.next()).await {
            Ok(Some(Heard::Announcement(heard))) => heard,
            Ok(Some(Heard::Missed)) => {
                feed.instruments.metrics.gaps.add_one();
                return true;
            }
            Err(_) => {
                feed.note_silence();
                feed.doubt();
                return true;
            }
            Ok(None) => return false,
        };
        match feed.take(rig, &heard) {
            // It confirms nothing. If nothing else comes, a snapshot replaces the map.
            None | Some(Received::Behind) => continue,
            // Deltas name no store, and may go on without a beacon of the rig's own store.
            Some(Received::Foreign) if tokio::time::Instant::now() >= store_lost_at => {
                feed.doubt();
                return true;
            }
            Some(Received::Foreign) => continue,
            Some(Received::Had) => store_lost_at = tokio::time::Instant::now() + STALE_AFTER,
            Some(Received::Applied | Received::Replaced) => {}
            Some(Received::Gap) => {
                feed.instruments.metrics.gaps.add_one();
                return true;
            }
            Some(Received::NewEpoch | Received::Diverged) => return true,
        }
        silent_at = tokio::time::Instant::now() + STALE_AFTER;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ghostlight_bus::Announcement;
    use ghostlight_bus::memory::MemoryEcho;
    use ghostlight_proto::{BEACON_INTERVAL, ServerMessage};
    use ghostlight_rig::{
        Beacon, Change, Dimmer, Entry, Epoch, Level, LogTime, Revision, Rig, Snapshot, StoreId, Update,
    };

    use super::*;
    use crate::instruments::Instruments;
    use crate::presence::{RigPresence, random_gateway};

    const OURS: StoreId = StoreId(1);
    const THEIRS: StoreId = StoreId(2);

    fn snapshot(rig: &Rig, store: StoreId) -> Bytes {
        ServerMessage::Snapshot(Snapshot { store, ..rig.snapshot() }).encode()
    }

    /// After a deliberate change of store, deltas go on, and only beacons name the new store.
    #[tokio::test(start_paused = true)]
    async fn a_rig_whose_store_is_another_one_now_is_fetched_although_changes_go_on() {
        let (name, echo, mut rig) = (RigName::default(), Arc::new(MemoryEcho::default()), Rig::new(Epoch(1)));
        let presence = Arc::new(RigPresence::new(random_gateway()));
        let feed = Arc::new(RigFeed::new(presence, Arc::new(Instruments::new(&Default::default()))));
        let mut requests = echo.requests().await.expect("the echo is here");
        let following = tokio::spawn(follow(name.clone(), echo.clone(), feed.clone()));
        requests.next().await.expect("it asks first").answer(snapshot(&rig, OURS));

        let began = tokio::time::Instant::now();
        let dimmer = Dimmer::new(1).expect("a dimmer");
        let request = loop {
            let levels = [(dimmer, Some(Level::FULL))].into();
            let entry = Entry::new(Change::from(Update { levels, ..Update::default() }));
            let next = Revision(rig.position().revision.0 + 1);
            let delta = ServerMessage::Delta(rig.apply(next, LogTime::default(), &entry)).encode();
            echo.announce(&name, Announcement::of(delta));
            let beacon = ServerMessage::Beacon(Beacon { store: THEIRS, ..rig.beacon() }).encode();
            echo.announce(&name, Announcement::of(beacon));
            if let Ok(request) = tokio::time::timeout(BEACON_INTERVAL, requests.next()).await {
                break request.expect("it is asked");
            }
            assert!(began.elapsed() < 3 * STALE_AFTER, "the store's own beacons are missing, and it does not ask");
        };
        assert!(began.elapsed() >= STALE_AFTER, "a foreign beacon beside its own is passed over");
        request.answer(snapshot(&rig, THEIRS));
        while feed.state().replica.store() != THEIRS {
            tokio::time::sleep(BEACON_INTERVAL).await;
            assert!(began.elapsed() < 6 * STALE_AFTER, "the snapshot is not taken");
        }
        following.abort();
    }
}
