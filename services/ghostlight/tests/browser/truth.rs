//! The truth on screen: what is not known is not shown as if it were, and what was missed is made good.

use crate::Deployment;
use crate::page::Page;
use crate::screen::DESK;
use crate::server::{Server, Wire};

const ARROW_UP: &str = "\u{e013}";

/// A killed server: the pages say so and take no moves; when it is back, they are too, with the stored levels.
#[tokio::test]
async fn a_killed_server_is_said_and_survived_without_a_reload() {
    let deployment = Deployment::start().await;
    deployment
        .server
        .patch("cue.py", &serde_json::json!({"levels": {"1": 50, "3": 42}, "labels": {"3": "Spot"}}))
        .await;
    let (a, b) = (deployment.open(DESK).await, deployment.open(DESK).await);
    let before = a.until_level(3, 42.0).await;
    for page in [&a, &b] {
        page.script("window.loadedOnce = true", vec![]).await;
    }
    let (address, store) = (deployment.server.address.clone(), deployment.store());
    let Deployment { server, driver: _driver, folder: _folder, _turn } = deployment;
    server.kill().await;
    for page in [&a, &b] {
        let shown = page.until("that it is offline", |shown| shown.state == "offline").await;
        assert_eq!((shown.unlocked, &shown.levels), (0, &before.levels), "locked, with the last known levels");
    }
    takes_no_moves(&a).await;

    let server = Server::start(&address, &store).await;
    for page in [&a, &b] {
        let shown = page.until_live().await;
        assert_eq!(shown.levels, before.levels, "the stored levels");
        assert_eq!(shown.labels, before.labels);
        assert_ne!(shown.position, before.position, "a new epoch");
        page.until_true("it was not loaded again", "return window.loadedOnce === true").await;
    }
    b.type_keys(3, ARROW_UP).await;
    a.until_level(3, 43.0).await;
    assert_eq!(server.rig().await["levels"], serde_json::json!({"1": 50, "3": 43}), "nothing that was tried meanwhile");
}

/// A cut network: what others did meanwhile is there when it is mended, and what was tried here has not happened.
#[tokio::test]
async fn offline_and_back() {
    let deployment = Deployment::start().await;
    deployment.server.post(r#"{"1": 10, "2": 20}"#).await;
    let wire = Wire::to(&deployment.server).await;
    let far = deployment.driver.open(&format!("http://{}/", wire.address), DESK).await;
    far.until_live().await;
    let held = far.until_level(2, 20.0).await;
    far.press(1).await;
    far.drag(1, 0.3).await;
    wire.cut();
    let shown = far.until("that it is offline", |shown| shown.state == "offline").await;
    assert_eq!(shown.unlocked, 0);
    assert!(shown.levels.contains_key(&1) && shown.ghosts.is_empty(), "{shown:?}");
    let consoles = &shown.consoles;
    assert!(consoles.iter().all(|line| line.starts_with("Not known")), "who is connected is not known: {consoles:?}");
    far.drag(1, 0.3).await;
    far.release().await;
    takes_no_moves(&far).await;
    assert_eq!(far.look().await.levels.get(&2), held.levels.get(&2));

    let (map, _) = deployment.server.map().await;
    deployment.server.post(r#"{"2": null, "3": 30}"#).await;
    wire.mend();
    far.until_live().await;
    let shown = far.until_level(3, 30.0).await;
    assert_eq!((shown.levels.get(&1), shown.levels.get(&2)), (map.get(&1), None), "the rig's levels, and no others");
    assert_eq!(deployment.server.map().await.0, shown.levels);
}

/// A server that answers nothing any more, though it is connected: the levels are marked as old, within seconds.
#[tokio::test]
async fn a_server_that_stands_still_makes_levels_stale() {
    let deployment = Deployment::start().await;
    deployment.server.post(r#"{"1": 10}"#).await;
    let page = deployment.open(DESK).await;
    page.until_level(1, 10.0).await;
    deployment.server.signal("STOP");
    let shown = page.until("that it is stale", |shown| shown.state == "stale").await;
    deployment.server.signal("CONT");
    assert_eq!((shown.unlocked, shown.levels.get(&1)), (0, Some(&10.0)));
    page.until_live().await;
    page.type_keys(1, ARROW_UP).await;
    page.until_level(1, 11.0).await;
}

/// Keys on a locked fader do nothing to it.
async fn takes_no_moves(page: &Page) {
    let before = page.look().await.levels;
    page.type_keys(3, ARROW_UP).await;
    page.type_keys(3, "75\u{e007}").await;
    assert_eq!(page.look().await.levels, before, "a locked fader takes no moves");
}
