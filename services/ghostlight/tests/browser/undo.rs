//! Undo by several consoles: each takes back its own changes alone.

use serde_json::json;

use crate::Deployment;
use crate::page::{CONTROL, SHIFT};
use crate::screen::DESK;

const ENTER: &str = "\u{e007}";

#[tokio::test]
async fn each_console_takes_back_its_own_changes() {
    let deployment = Deployment::start().await;
    let (a, b) = (deployment.open(DESK).await, deployment.open(DESK).await);
    a.keys("/").await;
    a.keys("1 thru 3 at 50").await;
    a.keys(ENTER).await;
    b.until_level(3, 50.0).await;
    b.type_keys(2, "80").await;
    b.keys(ENTER).await;
    a.until_level(2, 80.0).await;
    b.type_keys(5, "30").await;
    b.keys(ENTER).await;
    a.until_level(5, 30.0).await;

    // What somebody else has changed since stays.
    a.chord(&[CONTROL], "z").await;
    b.until("the first is taken back", |shown| !shown.levels.contains_key(&1) && !shown.levels.contains_key(&3)).await;
    let levels = &deployment.server.rig().await["levels"];
    assert_eq!(*levels, json!({"2": 80, "5": 30}));
    a.until_text("command-said", "Done: undo").await;

    // Moves of a fader are taken back too; then the change of before.
    b.chord(&[CONTROL], "z").await;
    a.until("its last move", |shown| !shown.levels.contains_key(&5)).await;
    b.until_text("notice", "Done: undo").await;
    b.click("#command-open").await;
    b.click("#undo").await;
    a.until_level(2, 50.0).await;

    a.chord(&[CONTROL, SHIFT], "z").await;
    b.until_level(1, 50.0).await;
    b.until_level(3, 50.0).await;
    b.click("#redo").await;
    a.until_level(2, 80.0).await;
    // There is nothing to take back for a console that has done nothing.
    let c = deployment.open(DESK).await;
    c.until_level(2, 80.0).await;
    c.chord(&[CONTROL], "z").await;
    c.until_true("it is told", "return document.body.dataset.notice === 'told'").await;
    assert_eq!(deployment.server.rig().await["levels"]["2"], 80);
}
