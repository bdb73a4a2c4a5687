//! For everyone: what axe-core finds in each state, which must be nothing.

use std::path::Path;

use serde_json::{Value, json};

use crate::Deployment;
use crate::page::Page;
use crate::screen::{DESK, PHONE, Screen};

/// axe-core, which `cargo xtask test` installs through npm.
fn axe() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/tests/js/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}. `cargo xtask test` installs it; by hand: npm ci, in services/gateway/tests/js",
            file.display()
        )
    })
}

/// Violations of WCAG 2.2, A and AA, and of what axe holds good practice.
async fn violations(page: &Page, axe: &str) -> Vec<String> {
    page.script(axe, vec![]).await;
    let found = page
        .script_async(
            "const answer = arguments[0]; \
             axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }) \
               .then(({ violations, passes }) => answer({ violations, passes: passes.length }), (error) => answer(`${error}`))",
            vec![],
        )
        .await;
    assert!(found["passes"].as_u64().is_some_and(|passes| passes > 10), "axe did not run: {found}");
    let name = |violation: &Value| {
        let targets = violation["nodes"].as_array().unwrap().iter().map(|node| node["target"].to_string());
        format!("{}: {} {:?}", violation["id"], violation["help"], targets.collect::<Vec<_>>())
    };
    found["violations"].as_array().unwrap().iter().map(name).collect()
}

/// The command line with completions, with a preview and with an error, the words, and the questions about them.
async fn commands(deployment: &Deployment, page: &Page, screen: Screen, axe: &str) {
    deployment.server.word("front wash", &json!({"1": 100})).await;
    page.click("#command-open").await;
    page.until_text("words-list", "front wash").await;
    assert_eq!(violations(page, axe).await, [""; 0], "{} with words", screen.name);
    page.click("#command-text").await;
    page.keys("1 full; fr").await;
    page.until_true("options", "return document.querySelectorAll('#command-options li').length > 0").await;
    page.keys("\u{e015}").await;
    assert_eq!(violations(page, axe).await, [""; 0], "{} with completions", screen.name);
    page.keys("\u{e007}at 50").await;
    page.until("the preview", |shown| !shown.ghosts.is_empty()).await;
    assert_eq!(violations(page, axe).await, [""; 0], "{} with a preview", screen.name);
    page.keys(" 7").await;
    page.until_true("what is wrong", "return document.querySelector('#command-marks mark') !== null").await;
    assert_eq!(violations(page, axe).await, [""; 0], "{} with an error", screen.name);
    page.click("#words-edit").await;
    page.click("#words-list button").await;
    page.until_true("the question", "return document.getElementById('ask').open").await;
    assert_eq!(violations(page, axe).await, [""; 0], "{} with the name of a word", screen.name);
    page.click("#ask-other").await;
    page.until_true("the question", "return document.getElementById('confirm').open").await;
    assert_eq!(violations(page, axe).await, [""; 0], "{} with a question", screen.name);
    page.click("#confirm [value=cancel]").await;
    page.until_true("it is closed", "return !document.getElementById('confirm').open").await;
    page.click("#command-close").await;
}

async fn every_state_of(screen: Screen) {
    let axe = axe();
    let deployment = Deployment::start().await;
    let state = json!({"levels": {"1": 50, "2": 100, "5": 0}, "labels": {"1": "Front wash"}, "master": 80});
    deployment.server.patch("cue.py", &state).await;
    let page = deployment.open(screen).await;
    page.until_level(2, 100.0).await;
    assert_eq!(violations(&page, &axe).await, [""; 0], "{} live", screen.name);

    page.type_keys(1, " ").await;
    page.until("a selection", |shown| shown.selected == [1]).await;
    assert_eq!(violations(&page, &axe).await, [""; 0], "{} with a selection", screen.name);
    page.script("document.getElementById('panel').open || document.getElementById('consoles').click()", vec![]).await;
    assert_eq!(violations(&page, &axe).await, [""; 0], "{} with the panel", screen.name);
    page.script("document.getElementById('panel-close').click()", vec![]).await;
    commands(&deployment, &page, screen, &axe).await;
    deployment.server.patch("cue.py", &json!({"blackout": true})).await;
    page.until("blackout", |shown| shown.blackout).await;
    assert_eq!(violations(&page, &axe).await, [""; 0], "{} in blackout", screen.name);

    let Deployment { server, driver: _driver, folder: _folder, _turn } = deployment;
    server.kill().await;
    page.until("that it is offline", |shown| shown.state == "offline").await;
    assert_eq!(violations(&page, &axe).await, [""; 0], "{} offline", screen.name);
}

#[tokio::test]
async fn a_desk_is_for_everyone() {
    every_state_of(DESK).await;
}

#[tokio::test]
async fn a_phone_is_for_everyone() {
    every_state_of(PHONE).await;
}
