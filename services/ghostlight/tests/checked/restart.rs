//! A server that restarts under a run: a new epoch, and nothing that was acknowledged is lost, unless the store is.

use std::time::{Duration, SystemTime};

use ghostlight_check::{Driver, Law, Options, Report, Running, Tolerates, Violation};
use tempfile::TempDir;

use crate::server::{DEADLINE, Served, acked, options};

/// Waits until all clients are live.
async fn back(running: &Running) {
    let back = async {
        while running.progress().live() < 6 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, back).await.unwrap_or_else(|_| panic!("{:?}", running.progress()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_nothing_that_was_acknowledged() {
    let folder = TempDir::new().unwrap();
    let mut served = Served::start(folder.path()).await;
    let address = served.address;
    let running = Driver::start(options(vec![served.url()], 1)).await.unwrap();
    for restart in 1..=3 {
        acked(&running, restart * 200).await;
        let mark = running.mark();
        served.stop().await;
        served = Served::start_at(address, folder.path()).await;
        back(&running).await;
        assert!(running.away_since(mark).iter().all(|away| !away.is_zero()), "nobody noticed");
    }
    acked(&running, 1_000).await;
    let report = running.stop().await;
    assert!(report.is_good(), "{report}");
    assert!(report.counts.lost >= 18, "{report}");
    served.stop().await;
}

/// A run in which the store is set back to what it was some hundred changes before.
async fn run_over_a_lost_tail(tolerates: Vec<Tolerates>) -> Report {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    let mut served = Served::start(folder.path()).await;
    let address = served.address;
    let running = Driver::start(Options { tolerates, ..options(vec![served.url()], 1) }).await.unwrap();
    acked(&running, 100).await;
    served.stop().await;
    std::fs::copy(file("rigs.db"), file("kept.db")).unwrap();
    served = Served::start_at(address, folder.path()).await;
    back(&running).await;
    acked(&running, running.progress().counts.acked + 200).await;
    served.stop().await;
    std::fs::rename(file("kept.db"), file("rigs.db")).unwrap();
    // The old store knows nothing of the epoch that is lost: the clock alone makes the next one newer.
    let lost = running.progress().newest.epoch.0;
    let is_over = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() > lost;
    let over = async {
        while !is_over() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, over).await.unwrap();
    served = Served::start_at(address, folder.path()).await;
    back(&running).await;
    acked(&running, running.progress().counts.acked + 100).await;
    let report = running.stop().await;
    served.stop().await;
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_tail_is_found_out() {
    let report = run_over_a_lost_tail(vec![]).await;
    assert!(report.found > 0 && report.violations.iter().all(|found| found.law() == Law::Place), "{report}");
    assert!(
        report.violations.iter().all(|found| matches!(found, Violation::OutOfPlace { .. } | Violation::Lost { .. }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_tail_that_is_tolerated_is_no_fault() {
    let report = run_over_a_lost_tail(vec![Tolerates::LostTail]).await;
    assert!(report.is_good(), "{report}");
}
