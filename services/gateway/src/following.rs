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
            // A sender that is behind confirms nothing. If all of them are, the replica is above what the log has.
            None | Some(Received::Behind) => continue,
            Some(Received::Applied | Received::Replaced | Received::Had) => {}
            Some(Received::Gap) => {
                feed.instruments.metrics.gaps.add_one();
                return true;
            }
            Some(Received::NewEpoch | Received::Diverged) => return true,
        }
        silent_at = tokio::time::Instant::now() + STALE_AFTER;
    }
}
