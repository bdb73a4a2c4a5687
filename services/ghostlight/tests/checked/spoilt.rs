//! What is spoilt between a sound server and the checker's clients is found out: they have no protection against it.

use std::collections::BTreeSet;
use std::time::Duration;

use ghostlight_check::{Driver, Law, Pace, Report, Violation};
use tempfile::TempDir;

use crate::relay::{Relay, Spoils};
use crate::server::{DEADLINE, Served, acked, options};

/// A run in which half of the clients are behind a relay.
async fn run(spoils: Spoils) -> Report {
    let folder = TempDir::new().unwrap();
    let served = Served::start(folder.path()).await;
    let relay = Relay::start(served.address, spoils).await;
    let pace = Pace { converge_within: Duration::from_secs(3), ..Pace::default() };
    let running = Driver::start(ghostlight_check::Options { pace, ..options(vec![served.url(), relay.url()], 1) });
    let running = running.await.unwrap();
    acked(&running, 300).await;
    if spoils != Spoils::Nothing {
        let found = async {
            while running.violations().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(DEADLINE, found).await.unwrap_or_else(|_| panic!("{:?}", running.progress()));
    }
    let report = running.stop().await;
    drop(relay);
    served.stop().await;
    report
}

fn laws(report: &Report) -> BTreeSet<Law> {
    report.violations.iter().map(Violation::law).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_spoils_nothing_is_no_fault() {
    let report = run(Spoils::Nothing).await;
    assert!(report.is_good(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_that_is_lost_is_found_out() {
    let report = run(Spoils::Drops).await;
    assert!(laws(&report).contains(&Law::Continuity), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_that_comes_twice_is_found_out() {
    let report = run(Spoils::Doubles).await;
    assert_eq!(laws(&report), [Law::Growth].into(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deltas_that_overtake_each_other_are_found_out() {
    let report = run(Spoils::Reorders).await;
    assert!(laws(&report).is_superset(&[Law::Growth, Law::Continuity].into()), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_that_nobody_set_is_found_out() {
    let report = run(Spoils::Alters).await;
    assert!(laws(&report).is_superset(&[Law::Origin, Law::OneMap].into()), "{report}");
}
