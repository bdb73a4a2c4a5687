//! Two real gateways over a bus that loses, doubles and reorders: their replicas make good for it. And one that goes away:
//! its clients go on at the other, which may be behind.

use std::time::Duration;

use ghostlight_check::{Driver, Running};
use tempfile::TempDir;

use crate::deployment::Deployment;
use crate::relay::Spoils;
use crate::server::{DEADLINE, acked, options};

#[tokio::test(flavor = "multi_thread")]
async fn replicas_make_good_for_a_bad_bus() {
    for spoils in [Spoils::Nothing, Spoils::Drops, Spoils::Doubles, Spoils::Reorders] {
        let folder = TempDir::new().unwrap();
        let deployment = Deployment::start(folder.path(), spoils).await;
        let running = Driver::start(options(deployment.urls(), 1)).await.unwrap();
        acked(&running, 300).await;
        let report = running.stop().await;
        assert!(report.is_good(), "{spoils:?}: {report}");
        deployment.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_a_gateway_that_goes_away_go_on_at_the_other() {
    let folder = TempDir::new().unwrap();
    let mut deployment = Deployment::start(folder.path(), Spoils::Nothing).await;
    let running = Driver::start(options(deployment.urls(), 1)).await.unwrap();
    acked(&running, 200).await;
    assert!(running.progress().live_at.contains(&Some(0)), "{:?}", running.progress());
    let mark = running.mark();
    deployment.gateways.remove(0).stop().await;
    until(&running, |at| at == Some(1)).await;
    let away = running.away_since(mark);
    assert!(away.iter().filter(|away| !away.is_zero()).count() == 3, "half of the clients were there: {away:?}");
    let before = running.progress().counts.acked;
    acked(&running, before + 200).await;
    let report = running.stop().await;
    assert!(report.is_good(), "{report}");
    deployment.stop().await;
}

/// Waits until every client is live where it should be.
async fn until(running: &Running, mut is_there: impl FnMut(Option<usize>) -> bool) {
    let there = async {
        while !running.progress().live_at.into_iter().all(&mut is_there) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, there).await.unwrap_or_else(|_| panic!("{:?}", running.progress()));
}

/// One gateway hears nothing for a while. The other goes away, and its clients come to the one that is behind: it tells
/// them nothing before it has caught up, for what they have is newer.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_behind_takes_nobody_back() {
    let folder = TempDir::new().unwrap();
    let mut deployment = Deployment::start(folder.path(), Spoils::Nothing).await;
    let running = Driver::start(options(deployment.urls(), 1)).await.unwrap();
    acked(&running, 100).await;
    deployment.gateways[1].is_cut.send_replace(true);
    let before = running.progress().counts.acked;
    acked(&running, before + 50).await;
    let mark = running.mark();
    deployment.gateways.remove(0).stop().await;
    until(&running, |at| at != Some(0)).await;
    // They have come, and have been told something, or wait for it.
    let told = async {
        while running.progress().violations == 0
            && running.away_since(mark).iter().max() < Some(&Duration::from_secs(2))
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, told).await.unwrap_or_else(|_| panic!("{:?}", running.progress()));
    deployment.gateways[0].is_cut.send_replace(false);
    until(&running, |at| at == Some(1)).await;
    let before = running.progress().counts.acked;
    acked(&running, before + 100).await;
    let report = running.stop().await;
    assert!(report.is_good(), "{report}");
    deployment.stop().await;
}
