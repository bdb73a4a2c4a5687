//! What hands do on a desk beside dragging: flash, wheel, double click, selections and their buttons.

use std::collections::BTreeMap;

use crate::Deployment;
use crate::page::Page;
use crate::screen::{DESK, PHONE, TABLET};
use crate::server::Server;

const ENTER: &str = "\u{e007}";

/// Waits until the rig itself has these levels, and no others.
async fn until_rig(server: &Server, page: &Page, levels: &[(u16, f64)]) {
    let wanted: BTreeMap<u16, f64> = levels.iter().copied().collect();
    page.until(&format!("{wanted:?}"), |shown| shown.levels == wanted).await;
    assert_eq!(server.map().await.0, wanted);
}

#[tokio::test]
async fn a_flash_lasts_as_long_as_it_is_held() {
    let deployment = Deployment::start().await;
    let server = &deployment.server;
    server.post(r#"{"1": 30, "2": 40}"#).await;
    let (page, other) = (deployment.open(DESK).await, deployment.open(DESK).await);
    other.until_level(2, 40.0).await;

    page.press_at("[data-dimmer='1'] .bump").await;
    other.until_level(1, 100.0).await;
    page.release().await;
    until_rig(server, &other, &[(1, 30.0), (2, 40.0)]).await;

    for letter in ['f', 'b'] {
        page.focus(2).await;
        page.key_down(letter).await;
        other.until_level(2, 100.0).await;
        page.key_up(letter).await;
        until_rig(server, &other, &[(1, 30.0), (2, 40.0)]).await;
    }
    // A flash over a flash goes back to what was before both.
    page.type_keys(1, " ").await;
    page.focus(1).await;
    page.key_down('f').await;
    other.until_level(1, 100.0).await;
    page.press_at("#tool-flash").await;
    page.key_up('f').await;
    other.until_level(1, 100.0).await;
    page.release().await;
    until_rig(server, &other, &[(1, 30.0), (2, 40.0)]).await;
}

#[tokio::test]
async fn a_wheel_turns_the_fader_in_focus_and_scrolls_elsewhere() {
    let deployment = Deployment::start().await;
    deployment.server.post(r#"{"1": 50}"#).await;
    let page = deployment.open(DESK).await;
    page.until_level(1, 50.0).await;
    page.wheel("[data-dimmer='1'] .track", -300).await;
    assert_eq!(page.look().await.levels[&1], 50.0, "no light moves by accident");
    page.focus(1).await;
    page.wheel("[data-dimmer='1'] .track", -300).await;
    let up = page.until("it went up", |shown| shown.levels[&1] > 50.0).await.levels[&1];
    page.wheel("[data-dimmer='1'] .track", 600).await;
    page.until("it went down", |shown| shown.levels[&1] < up).await;
}

#[tokio::test]
async fn a_double_click_asks_for_a_level() {
    let deployment = Deployment::start().await;
    let page = deployment.open(DESK).await;
    for (part, typed, level) in [(".level", "62.5", 62.5), (".cap", "8", 8.0)] {
        page.double_click(&format!("[data-dimmer='3'] {part}")).await;
        page.until_true("it asks", "return document.getElementById('ask').open").await;
        page.keys("101").await;
        page.keys(ENTER).await;
        page.until_true(
            "what is no level is refused in words",
            "return document.getElementById('ask').open && document.getElementById('wrong').textContent !== ''",
        )
        .await;
        page.script("document.getElementById('answer').select()", vec![]).await;
        page.keys(typed).await;
        page.keys(ENTER).await;
        until_rig(&deployment.server, &page, &[(3, level)]).await;
    }
}

#[tokio::test]
async fn a_selection_moves_together_and_keeps_its_differences() {
    let deployment = Deployment::start().await;
    let server = &deployment.server;
    server.post(r#"{"1": 20, "2": 50, "3": 90, "4": 10}"#).await;
    let page = deployment.open(DESK).await;
    page.until_level(4, 10.0).await;
    for dimmer in 1..=3 {
        page.click(&format!("[data-dimmer='{dimmer}'] .number")).await;
    }
    page.until("three are selected", |shown| shown.selected == [1, 2, 3]).await;

    // To the end of the travel and back, in one go: whoever was stopped there finds its distance again.
    page.press(1).await;
    page.drag(1, 0.3).await;
    let far = page.until("the highest is stopped", |shown| shown.levels[&3] == 100.0).await.levels;
    assert!((f64::abs(far[&2] - far[&1] - 30.0)) < 0.01 && far[&4] == 10.0, "{far:?}");
    page.drag(1, -0.3).await;
    page.release().await;
    let back = page.look().await.levels;
    assert!(back[&3] - back[&1] == 70.0 && back[&2] - back[&1] == 30.0, "{back:?}");

    page.click("#tool-full").await;
    until_rig(server, &page, &[(1, 100.0), (2, 100.0), (3, 100.0), (4, 10.0)]).await;
    page.click("#tool-out").await;
    until_rig(server, &page, &[(1, 0.0), (2, 0.0), (3, 0.0), (4, 10.0)]).await;
    page.click("#tool-label").await;
    page.keys("Wash").await;
    page.keys(ENTER).await;
    page.until("one label for all", |shown| shown.labels.len() == 3 && shown.labels.values().all(|l| l == "Wash"))
        .await;
    page.click("#tool-clear").await;
    page.until("none is selected", |shown| shown.selected.is_empty()).await;
}

/// What a button would touch is told on every screen, also when it is paged away.
#[tokio::test]
async fn a_selection_is_told_wherever_its_faders_are() {
    let deployment = Deployment::start().await;
    for screen in [PHONE, TABLET, DESK] {
        let page = deployment.open(screen).await;
        page.until_live().await;
        for dimmer in 1..=2 {
            page.click(&format!("[data-dimmer='{dimmer}'] .number")).await;
        }
        page.until("two are selected", |shown| shown.selected == [1, 2]).await;
        page.click("#bank-next").await;
        let told = "return ['chosen', 'selected'].map((id) => document.getElementById(id)).some((part) => \
                    part.getBoundingClientRect().width > 30 && getComputedStyle(part).clipPath === 'none' \
                    && /Selected: 1, 2$|^2 selected$/.test(part.textContent))";
        page.until_true(&format!("what is selected, on a {}", screen.name), told).await;
    }
}

/// Half a level that is typed in the list of used dimmers is not lost, whatever comes and goes there.
#[tokio::test]
async fn typing_goes_on_while_others_come_and_go() {
    let deployment = Deployment::start().await;
    deployment.server.post(r#"{"5": 50, "9": 90}"#).await;
    let page = deployment.open(DESK).await;
    page.click("#view-used").await;
    page.until("those in use", |shown| shown.levels.len() == 2).await;
    page.type_keys(5, "7").await;
    deployment.server.post(r#"{"1": 10, "9": null}"#).await;
    page.until("that one has left", |shown| !shown.levels.contains_key(&9)).await;
    page.keys("5").await;
    page.keys(ENTER).await;
    until_rig(&deployment.server, &page, &[(1, 10.0), (5, 75.0)]).await;
}
