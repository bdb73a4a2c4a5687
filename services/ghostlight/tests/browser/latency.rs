//! How long a console's own changes take, stage by stage, as it tells in its panel.

use serde_json::json;

use crate::Deployment;
use crate::page::Page;
use crate::screen::{DESK, PHONE};

/// The stages in the order of the table, the longest first, with what half, 95 and 99 of 100 changes took.
async fn figures(page: &Page) -> Vec<(String, [Option<f64>; 3])> {
    let figures = "return [...document.querySelectorAll('#stages tr')].map(({ children: [name, ...cells] }) => \
                   [name.textContent, cells.map(({ textContent }) => Number(textContent))])";
    serde_json::from_value(page.script(figures, vec![]).await).expect("a table")
}

async fn is_told(page: &Page, told: &str) {
    let script = format!("return document.getElementById('plot-said').textContent.includes('{told}')");
    page.until_true(told, &script).await;
}

/// Waits until changes were counted and every stage has figures, and holds them to what must be so.
async fn until_measured(page: &Page) {
    page.until_true(
        "the changes are counted",
        "return /[1-9]/.test(document.getElementById('latency-count').textContent) \
         && [...document.querySelectorAll('#stages td')].every((cell) => /^[0-9.]+$/.test(cell.textContent))",
    )
    .await;
    let figures = figures(page).await;
    let names: Vec<_> = figures.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Round trip", "Network", "Echo", "Log", "Fold"]);
    for (name, [p50, p95, p99]) in &figures {
        assert!(*p50 >= Some(0.0) && p50 <= p95 && p95 <= p99, "{name}: {figures:?}");
    }
    assert!(figures[0].1[0] > Some(0.0), "a round trip takes time: {figures:?}");
    page.until_true(
        "the plot is drawn",
        "const plot = document.getElementById('plot'); \
         return plot.width > 0 \
           && plot.getContext('2d').getImageData(0, 0, plot.width, plot.height).data.some((ink) => ink > 0)",
    )
    .await;
    page.until_true("there is nothing to explain", "return document.getElementById('plot-said').textContent === ''")
        .await;
}

#[tokio::test]
async fn the_latency_is_a_key_away_and_back() {
    let deployment = Deployment::start().await;
    let page = deployment.open(DESK).await;
    let is_open = "return document.getElementById('panel').open";
    assert_eq!(page.script(is_open, vec![]).await, false);
    page.type_keys(2, "t").await;
    page.until_true("the panel is open", is_open).await;
    let is_there = "return document.activeElement.id === 'latency-panel'";
    page.until_true("the keyboard is at the latency", is_there).await;
    is_told(&page, "Nothing measured yet").await;
    assert!(figures(&page).await.iter().all(|(_, figures)| *figures == [None; 3]), "nothing is made up");

    page.press(1).await;
    page.drag(1, 0.3).await;
    page.release().await;
    until_measured(&page).await;

    page.type_keys(2, "t").await;
    page.until_true("the keyboard is at the latency again", is_there).await;
    page.keys("t").await;
    page.until_true("the panel is closed", "return !document.getElementById('panel').open").await;
    page.until_true("the keyboard is where it was", "return document.activeElement.dataset.dimmer === '2'").await;
    // What the header tells leads there too.
    page.click("#latency").await;
    page.until_true("the panel is open", is_open).await;
    page.until_true("the keyboard is at the latency", is_there).await;
    until_measured(&page).await;
}

#[tokio::test]
async fn on_a_phone_it_is_in_the_panel_and_says_when_nothing_is_measured() {
    let deployment = Deployment::start().await;
    let page = deployment.open(PHONE).await;
    let cap = page.middle("[data-dimmer='3'] .cap").await;
    page.touch("touchStart", &[cap]).await;
    page.touch("touchMove", &[(cap.0, cap.1 - 60.0)]).await;
    page.touch("touchEnd", &[]).await;
    page.click("#consoles").await;
    until_measured(&page).await;
    let fits = "const panel = document.getElementById('panel'); return panel.scrollWidth <= panel.clientWidth";
    assert_eq!(page.script(fits, vec![]).await, json!(true), "nothing is wider than the panel");

    let Deployment { server, driver: _driver, folder: _folder, _turn } = deployment;
    server.kill().await;
    is_told(&page, "Nothing is measured without a connection").await;
    assert!(figures(&page).await.iter().all(|(_, figures)| *figures == [None; 3]), "what is gone is not told");
}
