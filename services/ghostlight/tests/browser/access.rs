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
