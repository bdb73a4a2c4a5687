//! The log loses its newest entries, for real: an older copy of its data is put back.

use ghostlight_check::{Driver, Options, Tolerates};
use reqwest::StatusCode;
use serde_json::json;

use crate::deployment::Deployment;
use crate::support::{Console, map, until, within};

#[tokio::test]
async fn a_lost_tail_begins_a_new_epoch_in_which_all_agree() {
    let mut deployment = Deployment::new("lost_tail").await;
    let states = [deployment.ready_state().await, deployment.ready_state().await];
    let gateways = [deployment.gateway().await, deployment.gateway().await];
    gateways[0].set(json!({"1": 10, "2": 20})).await;
    deployment.nats.stop().await.unwrap();
    let older = deployment.nats.copy_folder().unwrap();
    deployment.nats.start_again().await.unwrap();
    for level in 0..20 {
        gateways[level % 2].set(json!({"1": level, "3": level})).await;
    }
    let before = gateways[0].position().await;
    let mut console = Console::open(gateways[1].address, None).await;
    console.message("snapshot").await;

    deployment.nats.stop().await.unwrap();
    deployment.nats.restore_folder(&older).unwrap();
    deployment.nats.start_again().await.unwrap();
    let epoch = until("a new epoch", async || {
        let (epoch, _) = gateways[0].position().await;
        (epoch > before.0).then_some(epoch)
    })
    .await;
    // What is saved is kept, and everybody shows it.
    let kept = map(json!({"1": 19, "2": 20, "3": 19}));
    for gateway in &gateways {
        gateway.shows(&kept).await;
    }
    let snapshot = console.message("snapshot").await;
    assert_eq!(snapshot["epoch"], epoch);
    assert_eq!(map(snapshot["levels"].clone()), kept);
    until("an alarm", async || states.iter().any(|state| !state.logged("ALARM").is_empty()).then_some(())).await;

    gateways[1].set(json!({"4": 40})).await;
    let all = map(json!({"1": 19, "2": 20, "3": 19, "4": 40}));
    for gateway in &gateways {
        gateway.shows(&all).await;
        assert_eq!(gateway.position().await.0, epoch);
    }
    let image = ghostlight_store::open(&deployment.store, Default::default()).await.unwrap().load().await.unwrap();
    assert_eq!(image.position.epoch.0, epoch);
}

#[tokio::test]
async fn an_old_backup_of_the_database_is_never_silently_wrong() {
    let deployment = Deployment::new("old_backup").await;
    let mut state = deployment.ready_state().await;
    let gateway = deployment.gateway().await;
    gateway.set(json!({"1": 10})).await;
    state.signal("TERM");
    assert_eq!(state.ended().await, Some(0));
    let old = deployment.store.clone();
    // What the backup has not is in the log only, and the first of it is gone from there.
    let client = async_nats::connect(deployment.nats.url()).await.unwrap();
    let stream = async_nats::jetstream::new(client).get_stream("GHOSTLIGHT").await.unwrap();
    let saved = stream.cached_info().state.last_sequence;
    let stands = async || stream.get_info().await.unwrap().state.last_sequence;
    let second = async {
        // What comes at once may be one entry.
        until("the first to be in the log", async || (stands().await > saved).then_some(())).await;
        gateway.post(json!({"3": 30})).await
    };
    let (first, rest) = tokio::join!(gateway.post(json!({"2": 20})), second);
    assert!([first.status(), rest.status()].iter().all(|status| *status == StatusCode::GATEWAY_TIMEOUT));
    let last = stands().await;
    assert_eq!(last, saved + 2);
    stream.purge().sequence(last).await.unwrap();
    let before = gateway.position().await;

    let state = crate::deployment::state(&deployment.nats.url(), &old);
    state.says("store").await;
    state.logs("ALARM").await;
    until("a new epoch", async || (gateway.position().await.0 > before.0).then_some(())).await;
    let shown = gateway.get().await.json::<crate::support::Map>().await.unwrap();
    // What the backup has, and what the log still has.
    assert_eq!(shown["1"], 10);
    assert_eq!(shown.len(), 2, "{shown:?}");
}

/// The same in the middle of a show: whatever of the lost entries was acknowledged may be gone, but never does one position
/// mean two maps, and all agree in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_that_is_lost_under_load_leaves_no_two_maps() {
    let mut deployment = Deployment::new("lost_under_load").await;
    let states = [deployment.ready_state().await, deployment.ready_state().await];
    let gateways = [deployment.gateway().await, deployment.gateway().await];
    let urls = gateways.iter().map(|gateway| gateway.url("").trim_end_matches('/').to_owned()).collect();
    let tolerates = vec![Tolerates::LostTail];
    let options = Options { urls, clients: 6, rate: 20.0, seed: 5, tolerates, ..Options::default() };
    let running = Driver::start(options).await.unwrap();
    let acknowledged = async |count: u64| {
        let before = running.progress().counts.acked;
        until("changes to be acknowledged", async || (running.progress().counts.acked >= before + count).then_some(()))
            .await;
    };
    acknowledged(100).await;
    deployment.nats.stop().await.unwrap();
    let older = deployment.nats.copy_folder().unwrap();
    deployment.nats.start_again().await.unwrap();
    acknowledged(200).await;
    let before = running.progress().newest;
    deployment.nats.kill().await.unwrap();
    deployment.nats.restore_folder(&older).unwrap();
    deployment.nats.start_again().await.unwrap();
    until("a new epoch", async || (running.progress().newest.epoch > before.epoch).then_some(())).await;
    acknowledged(200).await;

    let report = within("the end of the run", running.stop()).await;
    println!("{report}");
    assert!(report.is_good(), "{report}");
    assert!(report.converged_within.is_some(), "{report}");
    until("an alarm", async || states.iter().any(|state| !state.logged("ALARM").is_empty()).then_some(())).await;
}
