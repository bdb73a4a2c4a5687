//! Everything by the keyboard alone.

use serde_json::json;

use crate::Deployment;
use crate::page::Page;
use crate::screen::DESK;

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const PAGE_UP: &str = "\u{e00e}";
const PAGE_DOWN: &str = "\u{e00f}";
const END: &str = "\u{e010}";
const HOME: &str = "\u{e011}";
const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";

/// Presses Tab until the focus is on something.
async fn tab_to(page: &Page, selector: &str) {
    for _ in 0..200 {
        let there = page.script("return document.activeElement?.matches(arguments[0]) ?? false", vec![json!(selector)]);
        if there.await == json!(true) {
            return;
        }
        page.keys(TAB).await;
    }
    panic!("Tab never came to {selector}");
}

#[tokio::test]
async fn the_keyboard_does_it_all() {
    let deployment = Deployment::start().await;
    let (page, other) = (deployment.open(DESK).await, deployment.open(DESK).await);

    tab_to(&page, "#board [data-dimmer='1']").await;
    for (keys, level) in [
        (END, 100.0),
        (DOWN, 99.0),
        (PAGE_DOWN, 89.0),
        (HOME, 0.0),
        (UP, 1.0),
        (PAGE_UP, 11.0),
        (ESCAPE, 11.0),
        ("75", 11.0),
        (ENTER, 75.0),
        ("12.5", 75.0),
        (ENTER, 12.5),
        ("9", 12.5),
        (ESCAPE, 12.5),
    ] {
        page.keys(keys).await;
        page.until_level(1, level).await;
        other.until_level(1, level).await;
    }
    page.shifted(UP).await;
    let stepped = page.until("ten more", |shown| shown.levels[&1] > 20.0).await.levels[&1];
    other.until_level(1, stepped).await;
    // What is no level is said, and changes nothing.
    page.keys("101").await;
    page.keys(ENTER).await;
    page.until_true("it is refused in words", "return /0 to 100/.test(document.getElementById('notice').textContent)")
        .await;
    assert_eq!(page.look().await.levels[&1], stepped);

    // A selection moves together and keeps its differences.
    deployment.server.post(r#"{"1": 10, "2": 50, "3": 80}"#).await;
    page.until_level(3, 80.0).await;
    for dimmer in [1, 2] {
        page.type_keys(dimmer, " ").await;
    }
    page.until("two are selected", |shown| shown.selected == [1, 2]).await;
    page.type_keys(1, PAGE_UP).await;
    other.until_level(1, 20.0).await;
    other.until_level(2, 60.0).await;
    assert_eq!(other.look().await.levels[&3], 80.0, "the others stay");
    page.keys(ESCAPE).await;
    page.until("none is selected", |shown| shown.selected.is_empty()).await;

    // Any dimmer by its number, and the banks.
    page.keys("g").await;
    page.keys("300").await;
    page.keys(ENTER).await;
    page.until_true(
        "dimmer 300 is in sight",
        "return document.querySelector('#board [data-dimmer=\"300\"]')?.checkVisibility() ?? false",
    )
    .await;
    page.type_keys(300, END).await;
    page.until_level(300, 100.0).await;
    assert_eq!(deployment.server.rig().await["levels"]["300"], 100);

    // The grand master and blackout.
    page.keys("m").await;
    page.keys("40").await;
    page.keys(ENTER).await;
    other.until("the master", |shown| shown.master == 40.0).await;
    tab_to(&page, "#blackout").await;
    page.keys(" ").await;
    other.until("blackout", |shown| shown.blackout).await;
    page.keys(ENTER).await;
    other.until("the light", |shown| !shown.blackout).await;
}
