//! The truth on screen: what is not known is not shown as if it were, and what was missed is made good.

use std::time::{Duration, Instant};

use crate::Deployment;
use crate::page::Page;
use crate::screen::{DESK, PHONE};
use crate::server::{Plain, Server, Wire};

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
    let far = wire.open(&deployment, DESK).await;
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

/// A network that passes nothing for a while, as a phone's does: a move that was made before the page noticed comes too late.
/// It would undo what others did meanwhile.
#[tokio::test]
async fn a_move_that_the_network_held_back_undoes_nothing() {
    let deployment = Deployment::start().await;
    let wire = Wire::to(&deployment.server).await;
    // After the shorter time the page still has its connection, after the longer one it has given it up.
    for (held, keeps_connection) in [(Duration::from_secs(7), true), (Duration::from_secs(14), false)] {
        deployment.server.post(r#"{"1": 50}"#).await;
        let mut plain = Plain::connect(&deployment.server).await;
        let phone = wire.open(&deployment, PHONE).await;
        phone.until_level(1, 50.0).await;
        let began = Instant::now();
        wire.hold();
        phone.type_keys(1, "70\u{e007}").await;
        phone.until_level(1, 70.0).await;
        deployment.server.post(r#"{"1": 0}"#).await;
        let wanted = if keeps_connection { "stale" } else { "offline" };
        let shown = phone.until(wanted, |shown| shown.state == wanted && began.elapsed() >= held).await;
        assert_eq!(shown.unlocked, 0);
        wire.mend();
        phone.until_live().await;
        phone.until_level(1, 0.0).await;
        if keeps_connection {
            phone.until_text("notice", "1 to 70 % came too late and was not done").await;
        }
        // Had it been done, it would have been before this.
        phone.type_keys(2, ARROW_UP).await;
        assert_eq!(plain.until_level(2, 1.0).await, [1.0]);
        assert_eq!(deployment.server.map().await.0, [(1, 0.0), (2, 1.0)].into());
        deployment.server.post(r#"{"2": null}"#).await;
    }
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
