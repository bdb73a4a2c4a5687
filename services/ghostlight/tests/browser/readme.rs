//! The README's page, as a reader would keep it: a file of one's own, from no server at all.

use std::path::Path;

use serde_json::json;

use crate::Deployment;
use crate::screen::DESK;

/// The first example of this kind in the README.
fn example(kind: &str) -> &'static str {
    let readme = include_str!("../../../../README.md");
    let (_, rest) = readme.split_once(&format!("```{kind}\n")).expect("the README has one");
    rest.split_once("\n```").expect("it ends").0
}

/// The example, in a file of this folder, for the server of a deployment.
fn saved(folder: &Path, deployment: &Deployment) -> String {
    let file = folder.join("console.html");
    std::fs::write(&file, example("html").replace("127.0.0.1:8080", &deployment.server.address)).unwrap();
    format!("file://{}", file.display())
}

/// A page from a file could be anybody's, so the server has to be told to take it.
#[tokio::test]
async fn a_page_from_a_file_stays_locked_unless_it_is_allowed() {
    let deployment = Deployment::start().await;
    let folder = tempfile::tempdir().unwrap();
    let page = deployment.driver.open(&saved(folder.path(), &deployment), DESK).await;
    let refused = "const socket = new WebSocket(`ws://${arguments[0]}/ws`); \
                   socket.onopen = () => arguments[1]('open'); socket.onerror = () => arguments[1]('refused')";
    assert_eq!(page.script_async(refused, vec![json!(deployment.server.address)]).await, "refused");
    assert_eq!(page.script("return document.getElementById('hand').disabled", vec![]).await, true);
}

#[tokio::test]
async fn a_page_of_ones_own_is_a_console_too() {
    let page = example("html");
    assert!(page.lines().count() <= 12, "ten lines or so: {page}");
    assert!(
        include_str!("../../../../README.md").contains("ghostlight serve --allow-origin null"),
        "how it is allowed"
    );
    let deployment = Deployment::start_with(&["--allow-origin", "null"]).await;
    deployment.server.post(r#"{"1": 20}"#).await;
    let folder = tempfile::tempdir().unwrap();
    let page = deployment.driver.open(&saved(folder.path(), &deployment), DESK).await;
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
