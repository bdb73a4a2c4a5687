//! A server that answers wrong fails the run, and the failure says how.

use ghostlight_bench::{Failure, Fault, Measure};

use crate::support::{Wrong, measure};

/// Measures a stand-in that does something wrong and tells what the run says about it.
async fn failure(of: Measure, wrong: Wrong) -> (Fault, String) {
    match measure(of, wrong).await {
        Err(failure @ Failure::Round { .. }) => {
            let said = failure.to_string();
            let Failure::Round { fault, .. } = failure else { unreachable!() };
            (fault, said)
        }
        other => panic!("{wrong:?} was let pass: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_level_or_status_than_posted() {
    let (fault, said) = failure(Measure::Http, Wrong::PostLevel).await;
    assert!(matches!(fault, Fault::Wrong(_)) && said.contains("1.23"), "{said}");
    let (fault, said) = failure(Measure::Http, Wrong::PostStatus).await;
    assert!(matches!(fault, Fault::Wrong(_)) && said.contains("503"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_echo_than_sent_or_none() {
    let (fault, said) = failure(Measure::Echo, Wrong::EchoLevel).await;
    assert!(matches!(fault, Fault::Wrong(_)) && said.contains("99.99"), "{said}");
    let (fault, said) = failure(Measure::Echo, Wrong::EchoRefused).await;
    assert!(matches!(fault, Fault::Wrong(_)) && said.contains("unavailable"), "{said}");
    let (fault, said) = failure(Measure::Echo, Wrong::NoEcho).await;
    assert!(matches!(fault, Fault::Late(_)), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_map_after_a_newer_one() {
    let (fault, said) = failure(Measure::Fanout, Wrong::OlderAfterNewer).await;
    assert!(matches!(fault, Fault::Wrong(_)) && said.contains("was sent 1"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_do_not_end_on_the_newest_map() {
    let (fault, said) = failure(Measure::Fanout, Wrong::NewestMissing).await;
    assert!(matches!(fault, Fault::Late(_)) && said.contains("20 of 20 clients"), "{said}");
    let (fault, said) = failure(Measure::Fanout, Wrong::EchoRefused).await;
    assert!(matches!(fault, Fault::Wrong(_)), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sets_that_are_not_acknowledged_or_not_kept() {
    let (fault, said) = failure(Measure::Writers, Wrong::AckOfAnother).await;
    assert!(matches!(fault, Fault::Wrong(_)) && said.contains("expected the ack of 0"), "{said}");
    let (fault, said) = failure(Measure::Writers, Wrong::SetRefused).await;
    assert!(matches!(fault, Fault::Wrong(_)) && said.contains("unavailable"), "{said}");
    let (fault, said) = failure(Measure::Writers, Wrong::AckNotKept).await;
    assert!(matches!(fault, Fault::Wrong(_)) && said.contains("was acknowledged at"), "{said}");
}
