//! The roles apart: what one gateway takes, all show.

use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::deployment::{Deployment, Gateway};
use crate::process::Process;
use crate::support::{Console, map};

#[tokio::test]
async fn what_one_gateway_takes_every_gateway_shows() {
    let deployment = Deployment::new("roles").await;
    let _states = (deployment.ready_state().await, deployment.ready_state().await);
    let (one, other) = (deployment.gateway().await, deployment.gateway().await);
    let mut console = Console::open(other.address, None).await;
    console.message("snapshot").await;

    one.set(json!({"1": 50, "2": 12.34})).await;
    let delta = console.message("delta").await;
    assert_eq!(delta["levels"], json!({"1": 50, "2": 12.34}));
    other.shows(&map(json!({"1": 50, "2": 12.34}))).await;
    // Read your writes, at once.
    assert_eq!(other.post(json!({"2": null, "3": 100})).await.status(), StatusCode::OK);
    assert_eq!(other.get().await.json::<crate::support::Map>().await.unwrap(), map(json!({"1": 50, "3": 100})));
    one.shows(&map(json!({"1": 50, "3": 100}))).await;
    let ready = reqwest::get(other.url("/readyz")).await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
}

#[tokio::test]
async fn one_process_with_both_roles_joins_others() {
    let deployment = Deployment::new("both_roles").await;
    let args = ["serve", "--bus", &deployment.nats.url(), "--store", &deployment.store, "--listen", "127.0.0.1:0"];
    let both = Process::start(&args.map(str::to_owned));
    let both = Gateway { address: both.address().await, process: both };
    both.process.says("store").await;
    let (_state, gateway) = (deployment.ready_state().await, deployment.gateway().await);
    gateway.set(json!({"1": 50})).await;
    both.shows(&map(json!({"1": 50}))).await;
    both.set(json!({"1": 60})).await;
    gateway.shows(&map(json!({"1": 60}))).await;
}

#[tokio::test]
async fn a_restart_of_everything_goes_on_in_the_same_epoch() {
    let mut deployment = Deployment::new("same_epoch").await;
    let (mut state, gateway) = (deployment.ready_state().await, deployment.gateway().await);
    gateway.set(json!({"1": 50})).await;
    let before = gateway.position().await;
    state.kill().await;
    drop(gateway);
    deployment.nats.restart().await.unwrap();

    let state = deployment.ready_state().await;
    let gateway = deployment.gateway().await;
    gateway.shows(&map(json!({"1": 50}))).await;
    assert_eq!(gateway.position().await, before);
    gateway.set(json!({"1": 51})).await;
    let (epoch, revision) = gateway.position().await;
    assert!(epoch == before.0 && revision > before.1, "{epoch}-{revision} after {before:?}");
    assert_eq!(state.logged("ALARM"), [""; 0]);
}

#[tokio::test]
async fn a_state_service_may_keep_its_rigs_in_sqlite() {
    let deployment = Deployment::new("with_sqlite").await;
    let folder = TempDir::new().unwrap();
    let store = format!("sqlite:{}", folder.path().join("rigs.db").display());
    let mut state = crate::deployment::state(&deployment.nats.url(), &store);
    state.says("store").await;
    let gateway = deployment.gateway().await;
    gateway.set(json!({"1": 50})).await;
    state.kill().await;
    // What comes meanwhile is in the log.
    let late = gateway.post(json!({"2": 60}));
    let (answer, state) = tokio::join!(late, async {
        let state = crate::deployment::state(&deployment.nats.url(), &store);
        state.says("store").await;
        state
    });
    assert_eq!(answer.status(), StatusCode::OK);
    gateway.shows(&map(json!({"1": 50, "2": 60}))).await;
    assert_eq!(state.logged("ALARM"), [""; 0]);
}

/// A backup over HTTP is that of a file: a gateway has none, and PostgreSQL has its own.
#[tokio::test]
async fn who_keeps_no_file_gives_no_backup() {
    let deployment = Deployment::new("no_backup").await;
    let state = deployment.ready_state().await;
    let (_gateway, gateway_admin) = deployment.counting_gateway().await;
    for (admin, status, why) in [
        (state.admin().await, StatusCode::NOT_IMPLEMENTED, "pg_dump"),
        (gateway_admin, StatusCode::NOT_FOUND, "ask a state service"),
    ] {
        let refused = reqwest::get(format!("{admin}/v1/backup")).await.unwrap();
        assert_eq!(refused.status(), status);
        let told = refused.text().await.unwrap();
        assert!(told.contains(why), "{told}");
    }
}
