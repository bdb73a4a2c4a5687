//! A sound server passes.

use ghostlight_check::Driver;
use tempfile::TempDir;

use crate::server::{Served, acked, counted, options};

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_server_passes() {
    let folder = TempDir::new().unwrap();
    let served = Served::start(folder.path()).await;
    // The same rig again and again: what a run left behind is no fault of the next.
    for seed in 0..3 {
        let running = Driver::start(options(vec![served.url(), served.url()], seed)).await.unwrap();
        // A busy server gathers many changes into each map that is seen.
        counted(&running, |counts| counts.acked >= 300 && counts.seen > 6 * 100 && counts.reads > 0).await;
        let report = running.stop().await;
        assert!(report.is_good(), "seed {seed}: {report}");
        let counts = report.counts;
        assert_eq!((counts.acked, counts.refused, counts.unknown), (counts.sent, 0, 0), "{report}");
        // A run in which nobody saw or read anything would prove nothing.
        assert!(counts.seen > 6 * 100 && counts.reads > 0, "{report}");
        assert!(report.converged_within.is_some(), "{report}");
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_measures_is_there_while_it_runs() {
    let folder = TempDir::new().unwrap();
    let served = Served::start(folder.path()).await;
    let running = Driver::start(options(vec![served.url()], 1)).await.unwrap();
    assert_eq!(running.progress().live(), 6);
    let mark = running.mark();
    acked(&running, 200).await;
    let (gaps, away) = (running.gaps_since(mark), running.away_since(mark));
    assert!(gaps.len() == 6 && gaps.iter().all(|gap| !gap.is_zero()), "{gaps:?}");
    assert!(away.iter().all(std::time::Duration::is_zero), "{away:?}");
    assert!(running.violations().is_empty());
    drop(running);
    served.stop().await;
}
