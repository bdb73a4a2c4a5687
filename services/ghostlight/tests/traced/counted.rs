//! What goes wrong is counted where an operator looks for it.

use ghostlight_servers::{NatsOptions, NatsServer};
use reqwest::{Client, StatusCode};
use serde_json::{Map, Value, json};

use crate::process::Process;
use crate::support::{Console, until};

/// The value of a series.
async fn value(admin: &str, series: &str) -> f64 {
    let metrics = reqwest::get(format!("{admin}/metrics")).await.unwrap().text().await.unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in {metrics}")).parse().unwrap()
}

/// A change that sets many dimmers to the same level.
fn large(level: u32) -> Value {
    Value::Object((1..=1_000).map(|dimmer| (dimmer.to_string(), level.into())).collect::<Map<_, _>>())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_that_falls_behind_is_seen_and_takes_a_conflated_step() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("rigs.db").display());
    let listen = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--store", &store];
    // The console takes nothing for as long as it takes to fill the buffers, and is not let go for it.
    let patient = ["--durability", "relaxed", "--stall-seconds", "600", "--ping-seconds", "600"];
    let server = Process::start(&[&listen[..], &patient].concat().into_iter().map(str::to_owned).collect::<Vec<_>>());
    let (address, admin) = (server.address().await, server.admin().await);
    let mut console = Console::open(address, None).await;
    console.message("snapshot").await;
    assert_eq!(value(&admin, "ghostlight_connections{protocol=\"full\"}").await, 1.0);

    // It takes nothing any more: once the buffers are full, it stands where it stands.
    let (client, mut level) = (Client::new(), 0);
    const BEHIND: &str = "ghostlight_cursor_lag_revisions{quantile=\"1\"}";
    until("the console to be behind", async || {
        for _ in 0..20 {
            level = level % 100 + 1;
            let answer = client.post(format!("http://{address}/")).json(&large(level)).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
        }
        (value(&admin, BEHIND).await >= 40.0).then_some(())
    })
    .await;
    let conflated = value(&admin, "ghostlight_conflated_deliveries_total").await;

    // It reads again, and skips what has come meanwhile.
    let last = client.post(format!("http://{address}/")).json(&json!({"1": 12.34})).send().await.unwrap();
    assert_eq!(last.status(), StatusCode::OK);
    while console.message("delta").await["levels"]["1"] != 12.34 {}
    until("it to have caught up", async || (value(&admin, BEHIND).await == 0.0).then_some(())).await;
    assert!(value(&admin, "ghostlight_conflated_deliveries_total").await > conflated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stale_refused_and_asked_for_anew_is_counted() {
    let mut nats = NatsServer::start(&NatsOptions::default()).await.unwrap();
    let (folder, url) = (tempfile::tempdir().unwrap(), nats.url());
    let store = format!("sqlite:{}", folder.path().join("rigs.db").display());
    let state = ["state", "--bus", &url, "--store", &store, "--admin", "127.0.0.1:0"];
    let state = Process::start(&state.map(str::to_owned));
    state.says("store").await;
    let gateway = ["gateway", "--bus", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let gateway = Process::start(&gateway.map(str::to_owned));
    let (address, admin) = (gateway.address().await, gateway.admin().await);
    let client = Client::new();
    let change = async || {
        let asked = client.post(format!("http://{address}/")).json(&json!({"1": 50})).send();
        asked.await.unwrap().status()
    };
    until("a change to be taken", async || (change().await == StatusCode::OK).then_some(())).await;
    assert_eq!(value(&admin, "ghostlight_stale_rigs").await, 0.0);
    let resyncs = value(&admin, "ghostlight_resyncs_total").await;

    nats.stop().await.unwrap();
    until("the rig to be stale", async || (value(&admin, "ghostlight_stale_rigs").await == 1.0).then_some(())).await;
    assert_eq!(change().await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(value(&admin, "ghostlight_rejected_changes_total{reason=\"unavailable\"}").await >= 1.0);
    assert!(value(&admin, "ghostlight_appends_total{outcome=\"unavailable\"}").await >= 1.0);
    assert_eq!(value(&admin, "ghostlight_nats_connected").await, 0.0);
    assert!(value(&admin, "ghostlight_nats_refusals_total{reason=\"unreachable\"}").await >= 1.0);
    assert!(value(&admin, "ghostlight_beacon_age_seconds").await >= 3.0);
    assert_eq!(reqwest::get(format!("{admin}/readyz")).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);

    nats.start_again().await.unwrap();
    until("the rig to be live", async || (value(&admin, "ghostlight_stale_rigs").await == 0.0).then_some(())).await;
    assert!(value(&admin, "ghostlight_stale_seconds_total").await > 0.0);
    assert!(value(&admin, "ghostlight_resyncs_total").await > resyncs);
    assert!(value(&admin, "ghostlight_nats_cuts_total").await >= 1.0);
}
