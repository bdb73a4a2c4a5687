//! Every size of screen in every state: nothing is cut off, nothing lies over something else that is needed. With
//! `GHOSTLIGHT_PICTURES` naming a folder, a picture of each is left there: `cargo xtask pictures` makes those of the README.

use std::path::Path;

use serde_json::json;

use crate::Deployment;
use crate::page::Page;
use crate::screen::{DESK, PHONE, Screen, TABLET, TINY, WALL};
use crate::server::Plain;

/// What sticks out of the screen, or is too narrow for its own text.
const CUT_OFF: &str = r#"
    // Not `innerWidth`: a browser of a phone makes that as wide as the page.
    const [width, height] = arguments;
    const wrong = [];
    if (document.documentElement.scrollWidth > width) wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
    if (document.documentElement.scrollHeight > height) wrong.push(`the page is ${document.documentElement.scrollHeight} high`);
    for (const one of document.querySelectorAll('button, header p, footer p, #grand, #master, #blackout, #board, #words-bar *, input')) {
        if (!one.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        const { left, right, top, bottom } = one.getBoundingClientRect();
        const inPanel = one.closest('dialog, #words-list'); // they scroll
        if (right > left && !inPanel && (left < -0.5 || right > width + 0.5 || top < -0.5 || bottom > height + 0.5)) {
            wrong.push(`${one.id || one.className} is out of the screen`);
        }
        if (one.matches('button') && one.scrollWidth > one.clientWidth + 1) wrong.push(`${one.id} is cut off`);
    }
    return wrong;
"#;

async fn take(page: &Page, screen: Screen, state: &str) {
    let wrong = page.script(CUT_OFF, vec![json!(screen.width), json!(screen.height)]).await;
    assert_eq!(wrong, json!([]), "{} {state}", screen.name);
    if let Some(folder) = std::env::var_os("GHOSTLIGHT_PICTURES") {
        let file = Path::new(&folder).join(format!("{}-{state}.png", screen.name));
        std::fs::write(&file, page.picture().await).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

/// A look that one could see on a stage.
fn look() -> serde_json::Value {
    let levels = [
        (1, 75.0),
        (2, 75.0),
        (3, 60.0),
        (4, 60.0),
        (5, 100.0),
        (6, 33.3),
        (7, 0.0),
        (9, 12.5),
        (10, 45.0),
        (12, 80.0),
        (17, 20.0),
        (18, 20.0),
        (21, 64.0),
        (30, 5.0),
    ];
    let labels =
        [(1, "Front L"), (2, "Front R"), (3, "Wash blue"), (4, "Wash amber"), (5, "Spot"), (9, "House"), (12, "Cyc")];
    json!({
        "levels": levels.map(|(dimmer, level)| (dimmer.to_string(), level)).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "labels": labels.map(|(dimmer, label)| (dimmer.to_string(), label)).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "master": 90,
        "blackout": false,
    })
}

/// The command line and the words.
async fn commands(deployment: &Deployment, page: &Page, screen: Screen) {
    for word in [
        "warm",
        "cold",
        "front wash",
        "cyc blue",
        "interval",
        "house to half",
        "a very long name of a look in the third act",
    ] {
        deployment.server.word(word, &json!({"1": 40, "2": 40, "3": 80, "5": 100, "9": 0})).await;
    }
    if screen.touch {
        page.tap("#command-open").await;
    } else {
        page.click("#command-open").await;
    }
    page.until_text("words-list", "warm").await;
    take(page, screen, "words").await;
    page.click("#command-text").await;
    page.keys("1 thru 4 at 30 thru 90; fr").await;
    page.until_true("completions", "return document.querySelectorAll('#command-options li').length > 0").await;
    take(page, screen, "completion").await;
    page.keys("\u{e004}full").await;
    page.until("the preview", |shown| shown.ghosts.get(&5) == Some(&(100.0, String::new()))).await;
    take(page, screen, "preview").await;
    page.keys(" 7").await;
    page.until_true("what is wrong", "return document.querySelector('#command-marks mark') !== null").await;
    take(page, screen, "wrong").await;
    page.keys("\u{e00c}").await;
    page.until("that it is left", |shown| shown.ghosts.is_empty()).await;
}

async fn every_state_of(screen: Screen) {
    let deployment = Deployment::start().await;
    deployment.server.patch("cue.py", &look()).await;
    let _plain = Plain::connect(&deployment.server).await;
    let page = deployment.open(screen).await;
    page.until_level(1, 75.0).await;
    // Some moves of its own, so that there is a latency to show.
    for key in ["\u{e013}", "\u{e015}", "\u{e013}", "\u{e015}"] {
        page.type_keys(2, key).await;
    }
    page.until_true("the latency", "return Number(document.getElementById('latency').dataset.p50) > 0").await;
    take(&page, screen, "live").await;

    if screen.touch {
        let cap = page.middle("[data-dimmer='3'] .cap").await;
        page.touch("touchStart", &[cap]).await;
        page.touch("touchMove", &[(cap.0, cap.1 - 20.0)]).await;
    } else {
        page.press(3).await;
        page.drag(3, 0.1).await;
    }
    deployment.server.patch("Booth", &json!({"levels": {"3": 20}})).await;
    page.until("a ghost", |shown| shown.ghosts.contains_key(&3)).await;
    page.until_true("who it was", "return document.getElementById('last').textContent.startsWith('Booth')").await;
    take(&page, screen, "held").await;
    if screen.touch {
        page.touch("touchEnd", &[]).await;
    } else {
        page.release().await;
    }
    page.until_level(3, 20.0).await;

    commands(&deployment, &page, screen).await;

    deployment.server.patch("cue.py", &json!({"blackout": true})).await;
    page.until("blackout", |shown| shown.blackout).await;
    take(&page, screen, "blackout").await;
    deployment.server.patch("cue.py", &json!({"blackout": false})).await;
    page.until("the light", |shown| !shown.blackout).await;

    deployment.server.signal("STOP");
    page.until("that it is stale", |shown| shown.state == "stale").await;
    take(&page, screen, "stale").await;
    deployment.server.signal("CONT");
    page.until_live().await;
    let Deployment { server, driver: _driver, folder: _folder, _turn } = deployment;
    server.kill().await;
    page.until("that it is offline", |shown| shown.state == "offline").await;
    take(&page, screen, "offline").await;
}

#[tokio::test]
async fn nothing_is_cut_off_on_the_smallest_phone() {
    every_state_of(TINY).await;
}

#[tokio::test]
async fn nothing_is_cut_off_on_a_phone() {
    every_state_of(PHONE).await;
}

#[tokio::test]
async fn nothing_is_cut_off_on_a_tablet() {
    every_state_of(TABLET).await;
}

#[tokio::test]
async fn nothing_is_cut_off_on_a_desk() {
    every_state_of(DESK).await;
}

#[tokio::test]
async fn nothing_is_cut_off_on_a_wall() {
    every_state_of(WALL).await;
}
