//! NATS or the database away: what can go on goes on, the rest is refused, and nothing needs a restart.

use ghostlight_servers::Postgres;
use reqwest::StatusCode;
use serde_json::json;

use crate::deployment::{Deployment, state};
use crate::support::{Console, map, until};

#[tokio::test]
async fn with_nats_away_reads_are_stale_and_writes_refused_and_then_all_is_well_again() {
    let mut deployment = Deployment::new("nats_away").await;
    let _state = deployment.ready_state().await;
    let gateway = deployment.gateway().await;
    gateway.set(json!({"1": 50})).await;
    let mut console = Console::open(gateway.address, None).await;
    console.message("snapshot").await;
    assert!(!gateway.get().await.headers().contains_key("ghostlight-stale"));

    deployment.nats.kill().await.unwrap();
    let refused = gateway.post(json!({"1": 99})).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    let told = console.message("stale").await;
    assert!(told["seconds"].as_u64().unwrap() >= 3, "{told}");
    let read = gateway.get().await;
    assert!(read.headers().contains_key("ghostlight-stale"));
    assert_eq!(read.json::<crate::support::Map>().await.unwrap(), map(json!({"1": 50})));
    // Who connects now is told what is known, and that it may be old.
    let mut late = Console::open(gateway.address, None).await;
    assert_eq!(late.message("snapshot").await["levels"], json!({"1": 50}));
    late.message("stale").await;
    assert_eq!(reqwest::get(gateway.url("/readyz")).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);

    deployment.nats.start_again().await.unwrap();
    gateway.set(json!({"1": 60})).await;
    for console in [&mut console, &mut late] {
        let levels = loop {
            let message = console.next().await;
            if message["type"] == "delta" || message["type"] == "snapshot" {
                break message["levels"].clone();
            }
        };
        assert_eq!(levels, json!({"1": 60}), "what was refused never happened");
    }
    until("what is read to be current", async || {
        (!gateway.get().await.headers().contains_key("ghostlight-stale")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn with_the_database_away_the_show_goes_on_and_all_is_saved_later() {
    let deployment = Deployment::new("unused").await;
    let mut postgres = Postgres::start().await.unwrap();
    let store = postgres.database("away").await.unwrap();
    let mut state_service = state(&deployment.nats.url(), &store);
    state_service.says("store").await;
    let gateway = deployment.gateway().await;
    gateway.set(json!({"1": 50})).await;

    postgres.stop().await.unwrap();
    for level in 0..20 {
        assert_eq!(gateway.post(json!({"2": level})).await.status(), StatusCode::OK);
    }
    gateway.shows(&map(json!({"1": 50, "2": 19}))).await;
    state_service.logs("the store fails").await;

    postgres.start_again().await.unwrap();
    let (epoch, revision) = gateway.position().await;
    until("all to be saved", async || {
        let image = ghostlight_store::open(&store, Default::default()).await.ok()?.load().await.ok()?;
        (image.position == ghostlight_rig::Position::new(epoch, revision)).then_some(())
    })
    .await;
    assert_eq!(state_service.logged("ALARM"), [""; 0]);

    // One that starts anew knows it from there.
    state_service.kill().await;
    let state_service = state(&deployment.nats.url(), &store);
    state_service.says("2 dimmers").await;
}

#[tokio::test]
async fn a_console_that_is_ahead_of_its_new_gateway_is_not_taken_back() {
    let deployment = Deployment::new("ahead").await;
    let _state = deployment.ready_state().await;
    let (one, (other, proxy)) = (deployment.gateway().await, deployment.cuttable_gateway().await);
    one.set(json!({"1": 50})).await;
    other.shows(&map(json!({"1": 50}))).await;
    proxy.cut();
    one.set(json!({"1": 60})).await;
    let (epoch, revision) = one.position().await;

    let mut console = Console::open(other.address, Some(&format!("{epoch}-{revision}"))).await;
    // It hears nothing older, only that this gateway hears nothing.
    assert_eq!(console.next().await["type"], "stale");
    proxy.heal();
    one.set(json!({"2": 70})).await;
    let next = console.next().await;
    let newer = (next["epoch"].as_u64().unwrap(), next["revision"].as_u64().unwrap());
    assert!(newer >= (epoch, revision), "{next}");
    other.shows(&map(json!({"1": 60, "2": 70}))).await;
}
