//! A rig that is removed, in a whole deployment.

use ghostlight_rig::RigName;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::deployment::{Deployment, Gateway};
use crate::support::{Console, until};

async fn ask(gateway: &Gateway, method: Method, path: &str, body: Value) -> StatusCode {
    Client::new().request(method, gateway.url(path)).json(&body).send().await.unwrap().status()
}

#[tokio::test]
async fn every_console_sees_that_a_rig_is_removed_and_a_restarted_state_service_knows_it() {
    let deployment = Deployment::new("removed").await;
    let (mut first, second) = (deployment.ready_state().await, deployment.ready_state().await);
    let (one, other) = (deployment.gateway().await, deployment.gateway().await);
    let (rig, path) = (RigName::new("stage").unwrap(), "/v1/rigs/stage");
    let made = async || {
        let made = ask(&one, Method::PUT, "/v1/rigs/stage?create=1", json!({"levels": {"1": 50, "2": 20}})).await;
        (made == StatusCode::OK).then_some(())
    };
    until("the rig is made", made).await;
    let mut consoles =
        [Console::open_on(one.address, &rig, None).await, Console::open_on(other.address, &rig, None).await];
    for console in &mut consoles {
        assert_eq!(console.message("snapshot").await["levels"], json!({"1": 50, "2": 20}));
    }
    assert_eq!(ask(&other, Method::DELETE, path, json!({})).await, StatusCode::NO_CONTENT);
    for console in &mut consoles {
        let delta = console.message("delta").await;
        assert_eq!((&delta["missing"], &delta["levels"]), (&json!(true), &json!({"1": null, "2": null})));
    }
    for gateway in [&one, &other] {
        assert_eq!(ask(gateway, Method::GET, path, Value::Null).await, StatusCode::NOT_FOUND);
        assert_eq!(ask(gateway, Method::PATCH, path, json!({"master": 50})).await, StatusCode::NOT_FOUND);
    }

    // Those who load what is saved have no such rig either; it is made anew above where it was removed.
    until("the removal is saved", async || {
        let store = ghostlight_store::open(&deployment.store, Default::default()).await.ok()?;
        let image = store.load().await.ok()?;
        (!image.rigs.contains_key(&rig)).then_some(())
    })
    .await;
    first.kill().await;
    drop(second);
    let restarted = (deployment.ready_state().await, deployment.ready_state().await);
    until("it is not found", async || {
        (ask(&one, Method::GET, path, Value::Null).await == StatusCode::NOT_FOUND).then_some(())
    })
    .await;
    let made = async || {
        let made = ask(&one, Method::PUT, "/v1/rigs/stage?create=1", json!({"levels": {"3": 30}})).await;
        (made == StatusCode::OK).then_some(())
    };
    until("the rig is made anew", made).await;
    for console in &mut consoles {
        let mut levels = json!({});
        while levels != json!({"3": 30}) {
            let message = console.next().await;
            if ["delta", "snapshot"].contains(&message["type"].as_str().unwrap()) && message["levels"].is_object() {
                assert_eq!(message.get("missing").is_some(), message["levels"] == json!({}), "{message}");
                levels = message["levels"].clone();
            }
        }
    }
    for state in [&restarted.0, &restarted.1] {
        assert_eq!(state.logged("ALARM"), [""; 0]);
    }
}
