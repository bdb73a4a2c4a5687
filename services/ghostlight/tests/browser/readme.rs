//! The README's page, as a reader would keep it: a file of one's own, from no server at all.

use serde_json::json;

use crate::Deployment;
use crate::screen::DESK;

/// The first example of this kind in the README.
fn example(kind: &str) -> &'static str {
    let readme = include_str!("../../../../README.md");
    let (_, rest) = readme.split_once(&format!("```{kind}\n")).expect("the README has one");
    rest.split_once("\n```").expect("it ends").0
}

#[tokio::test]
async fn a_page_of_ones_own_is_a_console_too() {
    let page = example("html");
    assert!(page.lines().count() <= 12, "ten lines or so: {page}");
    let deployment = Deployment::start().await;
    deployment.server.post(r#"{"1": 20}"#).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("console.html");
    std::fs::write(&file, page.replace("127.0.0.1:8080", &deployment.server.address)).unwrap();
    let page = deployment.driver.open(&format!("file://{}", file.display()), DESK).await;
    let shows = |level| {
        format!("const hand = document.getElementById('hand'); return !hand.disabled && hand.value === '{level}'")
    };
    page.until_true("the rig's level", &shows(20)).await;
    deployment.server.post(r#"{"1": 40}"#).await;
    page.until_true("what others do", &shows(40)).await;
    let moves = "const hand = document.getElementById('hand'); \
                 for (let level = 41; level <= 75; level += 1) { hand.value = level; hand.dispatchEvent(new Event('input')); }";
    page.script(moves, vec![]).await;
    let desk = deployment.open(DESK).await;
    desk.until_level(1, 75.0).await;
    page.until_true("its own last level", &shows(75)).await;
    assert_eq!(deployment.server.rig().await["levels"], json!({"1": 75}));
    desk.until("who is there", |shown| shown.consoles.iter().any(|console| console.contains("One dimmer"))).await;
    let Deployment { server, driver: _driver, folder: _folder, _turn } = deployment;
    server.kill().await;
    page.until_true("that it is offline", "return document.getElementById('hand').disabled").await;
}
