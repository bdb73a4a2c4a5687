//! Labels, the grand master, blackout and names: what one console sets, all see; and who it was.

use serde_json::json;

use crate::Deployment;
use crate::screen::{DESK, PHONE};

const ENTER: &str = "\u{e007}";

#[tokio::test]
async fn labels_master_and_blackout_are_seen_by_all() {
    let deployment = Deployment::start().await;
    deployment.server.post(r#"{"1": 50, "2": 100}"#).await;
    let (desk, phone) = (deployment.open(DESK).await, deployment.open(PHONE).await);
    for page in [&desk, &phone] {
        page.until("both consoles", |shown| shown.consoles.len() == 2).await;
    }

    desk.type_keys(1, "l").await;
    desk.keys("Front wash").await;
    desk.keys(ENTER).await;
    for page in [&desk, &phone] {
        page.until("the label", |shown| shown.labels.get(&1).is_some_and(|label| label == "Front wash")).await;
    }
    deployment.server.patch("cue.py", &json!({"labels": {"1": null, "2": "Spot"}})).await;
    for page in [&desk, &phone] {
        page.until("the script's labels", |shown| shown.labels == [(2, "Spot".to_owned())].into()).await;
    }

    desk.press_at("#master .cap").await;
    desk.drag_over("#master .travel", -0.5).await;
    desk.release().await;
    let master = desk.look().await.master;
    assert!((45.0..=55.0).contains(&master), "half of the way down from full: {master}");
    phone.until("the master", |shown| shown.master == master).await;
    assert_eq!(deployment.server.rig().await["levels"], json!({"1": 50, "2": 100}), "the set levels stay");

    phone.click("#blackout").await;
    for page in [&desk, &phone] {
        page.until("blackout", |shown| shown.blackout).await;
        page.until_true("it is told in big letters", "return document.body.dataset.blackout !== undefined").await;
    }
    assert_eq!(deployment.server.rig().await["blackout"], true);
    // Faders still work, for the look after the blackout.
    desk.type_keys(1, "60").await;
    desk.keys(ENTER).await;
    phone.until_level(1, 60.0).await;
    deployment.server.patch("cue.py", &json!({"blackout": false, "master": 100})).await;
    for page in [&desk, &phone] {
        page.until("the light is back", |shown| !shown.blackout && shown.master == 100.0).await;
    }
}

#[tokio::test]
async fn who_is_there_and_who_did_what_is_told_by_name() {
    let deployment = Deployment::start().await;
    let (a, b) = (deployment.open(DESK).await, deployment.open(DESK).await);
    let rename = "const name = document.getElementById('name'); name.value = arguments[0]; name.form.requestSubmit()";
    a.script(rename, vec![json!("Front of house")]).await;
    for page in [&a, &b] {
        page.until("the new name", |shown| {
            shown.consoles.len() == 2 && shown.consoles.iter().any(|console| console.contains("Front of house"))
        })
        .await;
    }
    a.until_live().await;
    a.type_keys(3, "75").await;
    a.keys(ENTER).await;
    b.until("who it was", |shown| {
        shown.changes.first().is_some_and(|change| change.contains("Front of house") && change.contains("75"))
    })
    .await;
    deployment.server.patch("cue.py", &json!({"levels": {"4": 12}})).await;
    b.until("the script", |shown| shown.changes.first().is_some_and(|change| change.contains("cue.py"))).await;
    // Somebody without a name is not taken for one who has.
    deployment.server.post(r#"{"5": 55}"#).await;
    let shown =
        b.until("somebody", |shown| shown.changes.first().is_some_and(|change| change.contains("5 to 55 %"))).await;
    for name in ["Front of house", "cue.py"] {
        assert!(!shown.changes[0].contains(name), "{:?}", shown.changes);
    }
    // Own changes come back, and how long that takes is shown.
    a.until_true(
        "the latency is measured",
        "const { p50, p99 } = document.getElementById('latency').dataset; return Number(p50) > 0 && Number(p99) > 0",
    )
    .await;
    drop(a);
    b.until("that it has gone", |shown| shown.consoles.len() == 1).await;
}
