//! A server that restarts under a run: a new epoch, and nothing that was acknowledged is lost.

use std::time::Duration;

use ghostlight_check::Driver;
use tempfile::TempDir;

use crate::server::{DEADLINE, Served, acked, options};

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
        let back = async {
            while running.progress().live() < 6 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(DEADLINE, back).await.unwrap_or_else(|_| panic!("{:?}", running.progress()));
        assert!(running.away_since(mark).iter().all(|away| !away.is_zero()), "nobody noticed");
    }
    acked(&running, 1_000).await;
    let report = running.stop().await;
    assert!(report.is_good(), "{report}");
    assert!(report.counts.reconnects >= 18, "{report}");
    served.stop().await;
}
