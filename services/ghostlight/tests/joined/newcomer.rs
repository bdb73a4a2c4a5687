//! A state service with another store does not begin an order over the one that is shown.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::deployment::{Deployment, Gateway, state};
use crate::process::Process;
use crate::support::{Map, counted, map, until};

/// How often a state service with another store was heard.
const FOREIGN: &str = "ghostlight_foreign_stores_total";

/// A hundred levels.
fn look() -> Value {
    (1..=100).map(|dimmer| (dimmer.to_string(), json!(dimmer))).collect::<serde_json::Map<_, _>>().into()
}

fn adopt(bus: &str, store: &str) -> Process {
    Process::start(&["adopt", "--bus", bus, "--store", store].map(str::to_owned))
}

/// Ends with exit code 1, and says why.
async fn refuses(mut process: Process, words: &[&str]) -> String {
    assert_eq!(process.ended().await, Some(1));
    let said = process.logs(words[0]).await;
    for words in words {
        assert!(said.contains(words), "{words:?} is missing: {said}");
    }
    said
}

async fn both_show(gateways: &[Gateway; 2], look: &Map) {
    for gateway in gateways {
        gateway.shows(look).await;
        until("the gateway to be ready", async || {
            let ready = reqwest::get(gateway.url("/readyz")).await.unwrap();
            (ready.status() == StatusCode::OK).then_some(())
        })
        .await;
    }
}

async fn is_kept_out_until_it_is_adopted(name: &str, own: impl FnOnce(&Deployment) -> String) {
    let deployment = Deployment::new(name).await;
    let (bus, own, folder) = (deployment.nats.url(), own(&deployment), TempDir::new().unwrap());
    let mut first = state(&bus, &own);
    first.says("store").await;
    let gateways = [deployment.gateway().await, deployment.gateway().await];
    gateways[0].set(look()).await;
    let mut shown = map(look());
    both_show(&gateways, &shown).await;

    let another = format!("sqlite:{}", folder.path().join("new.db").display());
    let newcomer = ["serve", "--bus", &bus, "--store", &another, "--listen", "127.0.0.1:0"].map(str::to_owned);
    let said =
        refuses(Process::start(&newcomer), &["has the changes of the store", "GHOSTLIGHT", "ghostlight adopt"]).await;
    refuses(state(&bus, &another), &["has the changes of the store"]).await;
    refuses(adopt(&bus, &another), &["stop all state services"]).await;
    gateways[1].set(json!({"1": 50})).await;
    shown.extend(map(json!({"1": 50})));
    both_show(&gateways, &shown).await;
    assert_eq!(first.logged("ALARM"), [""; 0]);

    // Somebody means it: the log's changes go into the other store.
    first.signal("TERM");
    assert_eq!(first.ended().await, Some(0));
    let mut adopted = adopt(&bus, &another);
    assert_eq!(adopted.ended().await, Some(0));
    let told = adopted.logs("belongs to").await;
    let theirs = said.split("changes of the store ").nth(1).unwrap().split(',').next().unwrap();
    assert!(told.contains(theirs) && told.contains("new.db"), "{told}");
    let second = state(&bus, &another);
    second.says("store").await;
    both_show(&gateways, &shown).await;
    refuses(state(&bus, &own), &["has the changes of the store", "ghostlight adopt"]).await;
    gateways[0].set(json!({"2": 60})).await;
    shown.extend(map(json!({"2": 60})));
    both_show(&gateways, &shown).await;
}

#[tokio::test]
async fn a_newcomer_with_an_empty_store_does_not_wipe_a_show_that_is_in_postgres() {
    is_kept_out_until_it_is_adopted("newcomer", |deployment| deployment.store.clone()).await;
}

#[tokio::test]
async fn a_newcomer_with_an_empty_store_does_not_wipe_a_show_that_is_in_sqlite() {
    let folder = TempDir::new().unwrap();
    let own = format!("sqlite:{}", folder.path().join("show.db").display());
    is_kept_out_until_it_is_adopted("newcomer_beside_sqlite", |_| own).await;
}

/// What no gateway writes is in the stream: the show goes on, and a restart is no different.
#[tokio::test]
async fn what_cannot_be_read_in_the_log_stops_nobody() {
    let deployment = Deployment::new("unreadable").await;
    let mut first = deployment.ready_state().await;
    let gateways = [deployment.gateway().await, deployment.gateway().await];
    gateways[0].set(json!({"1": 50})).await;
    let client = async_nats::connect(deployment.nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    for (subject, text) in
        [("ghostlight.main.changes", "oops"), ("ghostlight.MAIN.changes", r#"{"changes":[{"levels":{}}]}"#)]
    {
        jetstream.publish(subject, text.into()).await.unwrap().await.unwrap();
    }
    gateways[1].set(json!({"2": 60})).await;
    both_show(&gateways, &map(json!({"1": 50, "2": 60}))).await;
    assert_eq!(first.logged("ALARM").len(), 2, "{:?}", first.logged(""));
    first.kill().await;
    let _second = deployment.ready_state().await;
    gateways[0].set(json!({"3": 70})).await;
    both_show(&gateways, &map(json!({"1": 50, "2": 60, "3": 70}))).await;
}

/// What a hostile or mistaken publisher says to gateways, they show for some seconds at most.
#[tokio::test]
async fn a_forged_announcement_leaves_no_gateway_astray() {
    let deployment = Deployment::new("forged").await;
    let _state = deployment.ready_state().await;
    let gateways = [deployment.gateway().await, deployment.gateway().await];
    gateways[0].set(json!({"1": 50})).await;
    let (epoch, revision) = gateways[0].position().await;
    let client = async_nats::connect(deployment.nats.url()).await.unwrap();
    let forged = [
        json!({"type": "delta", "epoch": epoch, "revision": 1_u64 << 62, "prev": revision, "levels": {"1": 99}}),
        json!({"type": "snapshot", "epoch": epoch + 9, "revision": 1, "levels": {"1": 98}}),
        json!({"type": "delta", "epoch": epoch, "revision": revision + 1_000_000, "prev": revision, "levels": {"1": 97}}),
    ];
    for message in forged {
        client.publish("ghostlight.main.echo", message.to_string().into()).await.unwrap();
    }
    client.flush().await.unwrap();
    gateways[1].set(json!({"2": 60})).await;
    both_show(&gateways, &map(json!({"1": 50, "2": 60}))).await;
    gateways[0].set(json!({"1": 51})).await;
    both_show(&gateways, &map(json!({"1": 51, "2": 60}))).await;
}

/// A state service that does not claim the log, of an older version, say: it is not shown, and raises an alarm.
#[tokio::test]
async fn a_state_service_with_another_store_is_heard_and_not_shown() {
    let deployment = Deployment::new("foreign").await;
    let _state = deployment.ready_state().await;
    let (gateway, admin) = deployment.counting_gateway().await;
    gateway.set(json!({"1": 50})).await;
    let (epoch, revision) = gateway.position().await;
    let client = async_nats::connect(deployment.nats.url()).await.unwrap();
    let store = "000000000000000000000000000000ff";
    for (epoch, revision) in [(epoch, revision), (epoch + 9, 1)] {
        let digests = json!({"levels": "00112233aabbccdd"});
        let beacon =
            json!({"type": "beacon", "store": store, "epoch": epoch, "revision": revision, "digests": digests});
        client.publish("ghostlight.main.echo", beacon.to_string().into()).await.unwrap();
    }
    client.flush().await.unwrap();
    until("both to be counted", async || (counted(&admin, [FOREIGN]).await[FOREIGN] == 2).then_some(())).await;
    let alarms = gateway.process.logged("ALARM");
    assert!(matches!(&alarms[..], [one] if one.contains(store)), "{alarms:?}");
    let counted = counted(&admin, ["ghostlight_divergences_total", "ghostlight_resyncs_total"]).await;
    assert_eq!(counted.into_values().collect::<Vec<_>>(), [0, 1]);
    gateway.shows(&map(json!({"1": 50}))).await;
}
