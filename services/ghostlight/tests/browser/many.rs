//! Many faders: 300 that move at once, and 65,535 to scroll through.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::page::Page;
use crate::screen::{DESK, WALL};
use crate::server::Plain;
use crate::{Deployment, PATIENCE};

/// So often a console sends: 44 times a second.
const PACE: Duration = Duration::from_millis(23);

/// A task that takes longer is felt (W3C Long Tasks): the browser tells of each.
const LONG_MS: f64 = 50.0;

/// For so long there is none.
const CALM_MS: f64 = 2_000.0;

/// A wall-sized screen with more than 300 faders in sight, each of which a script moves 44 times a second. How busy a
/// machine is otherwise is no matter of right or wrong, so this waits for two seconds in which no task was long; where
/// there is none, the time that the processor took for a frame tells.
#[tokio::test]
async fn three_hundred_faders_move_without_long_tasks() {
    const FADERS: u16 = 300;
    let deployment = Deployment::start().await;
    let page = deployment.open(WALL).await;
    page.script("document.getElementById('size-compact').click()", vec![]).await;
    let level = |dimmer: u16, step: u32| (u32::from(dimmer) * 7 + step * 3) % 101;
    let update = |step| {
        let levels = (1..=FADERS).map(|dimmer| (dimmer.to_string(), json!(level(dimmer, step))));
        serde_json::Value::Object(levels.collect()).to_string()
    };
    let mut script = Plain::connect(&deployment.server).await;
    script.say(&update(0)).await;
    page.until("300 faders in sight", |shown| shown.levels.len() >= usize::from(FADERS)).await;
    page.devtools("Performance.enable", json!({ "timeDomain": "threadTicks" })).await;
    page.script(
        "window.longAt = performance.now(); window.longTasks = []; \
         new PerformanceObserver((list) => { for (const task of list.getEntries()) { \
           window.longAt = task.startTime + task.duration; window.longTasks.push(Math.round(task.duration)); } }) \
         .observe({ type: 'longtask' });",
        vec![],
    )
    .await;
    let begun = Instant::now();
    let (mut step, mut calm) = (0, false);
    let before = work(&page).await;
    while !calm && begun.elapsed() < PATIENCE {
        // The pace is the load, not a wait for something.
        for _ in 0..44 {
            step += 1;
            script.say(&update(step)).await;
            script.skip();
            tokio::time::sleep(PACE).await;
        }
        let since = page.script("return performance.now() - window.longAt", vec![]).await.as_f64().unwrap();
        calm = since >= CALM_MS;
    }
    let after = work(&page).await;
    let frame_ms = (after.0 - before.0) * 1_000.0 / (after.1 - before.1);
    println!("{frame_ms:.1} ms of the processor a frame");
    let long = page.script("return window.longTasks", vec![]).await;
    assert!(calm || frame_ms < LONG_MS, "{frame_ms} ms of the processor a frame, and long tasks: {long}");
    let newest = |dimmer| f64::from(level(dimmer, step));
    page.until("the last of them", |shown| (1..=FADERS).all(|dimmer| shown.levels[&dimmer] == newest(dimmer))).await;
}

/// How many seconds of the processor the page's main thread has taken, and how many frames it has drawn.
async fn work(page: &Page) -> (f64, f64) {
    let metrics = page.devtools("Performance.getMetrics", json!({})).await;
    let metric = |name: &str| {
        let metrics = metrics["metrics"].as_array().unwrap();
        metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap()
    };
    (metric("TaskDuration"), metric("LayoutCount").max(1.0))
}

/// All dimmers, from the first to the last and back, with few of them in the page at any time.
#[tokio::test]
async fn all_dimmers_are_scrolled_through() {
    let deployment = Deployment::start().await;
    let levels = (1..=65_535u32).step_by(7).map(|dimmer| (dimmer.to_string(), json!(dimmer % 101)));
    deployment.server.post(serde_json::Value::Object(levels.collect()).to_string()).await;
    let page = deployment.open(DESK).await;
    for place in [0.25, 0.5, 1.0, 0.75, 0.0] {
        let scroll = "const board = document.getElementById('board'); \
                      board.scrollTop = arguments[0] * (board.scrollHeight - board.clientHeight)";
        page.script(scroll, vec![json!(place)]).await;
        let expected = 1.0 + place * 65_534.0;
        let shown = page
            .until(&format!("about dimmer {expected}"), |shown| {
                shown.levels.keys().any(|&dimmer| (f64::from(dimmer) - expected).abs() < 200.0)
            })
            .await;
        for (&dimmer, &level) in &shown.levels {
            assert_eq!(level, f64::from(dimmer % 101), "dimmer {dimmer}");
        }
        let there = page.script("return document.getElementsByTagName('*').length", vec![]).await.as_u64().unwrap();
        assert!(there < 6_000, "{there} elements are too many");
    }
    // The last one, by its number.
    page.keys("g").await;
    page.keys("65535\u{e007}").await;
    page.until_true(
        "the last dimmer",
        "return document.querySelector('[data-dimmer=\"65535\"]')?.checkVisibility() ?? false",
    )
    .await;
    page.type_keys(65_535, "33\u{e007}").await;
    page.until_level(65_535, 33.0).await;
    // Only those in use: one in seven, and that one.
    page.click("#view-used").await;
    page.until_true(
        "only those in use",
        "return [...document.querySelectorAll('#board [data-dimmer]')].filter((f) => f.checkVisibility()) \
           .every((f) => f.dataset.dimmer % 7 === 1 || f.dataset.dimmer === '65535')",
    )
    .await;
    page.click("#view-all").await;
}
