//! Starting: each waits for what it needs and says what that is; what cannot work says so and ends.

use ghostlight_servers::{NatsOptions, Postgres};
use reqwest::StatusCode;
use serde_json::json;

use crate::deployment::{Deployment, Gateway, state};
use crate::process::Process;
use crate::support::{map, until};

#[tokio::test]
async fn everything_may_start_before_what_it_needs() {
    let mut deployment = Deployment::new("any_order").await;
    let mut postgres = Postgres::start().await.unwrap();
    let store = postgres.database("late").await.unwrap();
    postgres.stop().await.unwrap();
    deployment.nats.stop().await.unwrap();

    let gateway = deployment.gateway().await;
    let state = state(&deployment.nats.url(), &store);
    state.logs("waiting").await;
    let unready = reqwest::get(gateway.url("/readyz")).await.unwrap();
    assert_eq!(unready.status(), StatusCode::SERVICE_UNAVAILABLE);
    postgres.start_again().await.unwrap();
    deployment.nats.start_again().await.unwrap();
    state.says("store").await;
    gateway.set(json!({"1": 50})).await;
    gateway.shows(&map(json!({"1": 50}))).await;
    until("the gateway to be ready", async || {
        let ready = reqwest::get(gateway.url("/readyz")).await.unwrap();
        (ready.status() == StatusCode::OK).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_is_not_as_wanted_ends_the_state_service_with_what_differs() {
    let deployment = Deployment::new("unfit").await;
    let _first = deployment.ready_state().await;
    let args = ["state", "--bus", &deployment.nats.url(), "--store", &deployment.store, "--stream-max-age-hours", "5"];
    let mut second = Process::start(&args.map(str::to_owned));
    assert_eq!(second.ended().await, Some(1));
    let told = second.logs("max_age").await;
    assert!(told.contains("18000s"), "{told}");
}

#[tokio::test]
async fn what_is_wrong_with_the_arguments_is_told_without_secrets() {
    for (args, words) in [
        (["gateway", "--bus", "ftp://nowhere", "--listen", "127.0.0.1:0"], "--bus"),
        (["state", "--bus", "nats://127.0.0.1:1", "--store", "mysql://root:secret@host/x"], "--store"),
        (["state", "--bus", "nats://127.0.0.1:1", "--store", "postgres://root:secret@host:nowhere/x"], "--store"),
    ] {
        let mut process = Process::start(&args.map(str::to_owned));
        assert_eq!(process.ended().await, Some(64), "{args:?}");
        let told = process.logs(words).await;
        assert!(!told.contains("secret"), "{told}");
    }
}

#[tokio::test]
async fn nats_asks_for_a_password() {
    let options =
        NatsOptions { config: "authorization { user: desk, password: secret }".to_owned(), ..NatsOptions::default() };
    let nats = ghostlight_servers::NatsServer::start(&options).await.unwrap();
    let store = Postgres::shared().await.unwrap().database("password").await.unwrap();
    let bus = format!("nats://desk:secret@{}", nats.address());
    let state = state(&bus, &store);
    state.says("store").await;
    let gateway = Gateway::start(&bus, "127.0.0.1:0").await;
    gateway.set(json!({"1": 50})).await;
    assert_eq!(state.logged("secret"), [""; 0]);
    assert_eq!(gateway.process.logged("secret"), [""; 0]);
}

#[tokio::test]
async fn of_two_servers_that_know_nothing_of_each_other_the_newer_keeps_the_database() {
    let store = Postgres::shared().await.unwrap().database("contested").await.unwrap();
    let alone = || Process::start(&["serve", "--listen", "127.0.0.1:0", "--store", &store].map(str::to_owned));
    let mut older = alone();
    let address = older.address().await;
    let newer = alone();
    let newer = Gateway { address: newer.address().await, process: newer };
    newer.set(json!({"1": 50})).await;

    let lost = reqwest::Client::new().post(format!("http://{address}/")).json(&json!({"1": 99})).send().await;
    assert_ne!(lost.ok().map(|answer| answer.status()), Some(StatusCode::OK));
    assert_eq!(older.ended().await, Some(1));
    older.logs("--bus").await;
    newer.shows(&map(json!({"1": 50}))).await;
}
