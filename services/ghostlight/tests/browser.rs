//! The page in a real browser: two pages, a plain WebSocket client and a script on one rig, side by side.
//!
//! Needs Chromium and its ChromeDriver, which `cargo xtask test` installs; without them the test fails and says so.

#[path = "browser/driver.rs"]
mod driver;
#[path = "browser/server.rs"]
mod server;

use std::time::{Duration, Instant};

use driver::{Driver, Page};
use server::{Plain, Server};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

const PAGE_UP: &str = "\u{e00e}";
const ARROW_UP: &str = "\u{e013}";

#[tokio::test]
async fn hands_scripts_and_sockets_share_one_rig() {
    let store = tempfile::tempdir().expect("a directory for the store");
    let store = store.path().join("g.db");
    let server = Server::start("127.0.0.1:0", &store).await;
    let driver = Driver::start().await;
    let mut plain = Plain::connect(&server).await;
    let a = driver.open(&server.page()).await;
    let b = driver.open(&server.page()).await;
    for page in [&a, &b] {
        page.until("sixteen faders, live", |shown| shown.state == "live" && shown.unlocked == 16).await;
    }

    everyone_sees_what_one_does(&server, &mut plain, &a, &b).await;
    a_held_fader_does_not_jump(&mut plain, &a, &b).await;
    both_show_the_map(&server, &a, &b).await;
    the_pages_come_back_by_themselves(server, &store, &a, &b).await;
}

/// A hand on a fader, keys, a plain WebSocket client and a script: each one's move is seen by all.
async fn everyone_sees_what_one_does(server: &Server, plain: &mut Plain, a: &Page, b: &Page) {
    a.watch(1).await;
    let start = Instant::now();
    a.press(1).await;
    a.drag(1, 0.4).await;
    a.release().await;
    let took = start.elapsed();
    let level = a.look().await.levels[&1];
    assert!((38.0..=42.0).contains(&level), "dragged over 0.4 of the way, dimmer 1 is at {level}");
    b.until_level(1, level).await;
    let seen = a.seen().await;
    assert!(seen.levels.is_sorted() && seen.ghosts.is_empty(), "its own echoes do nothing to it: {seen:?}");
    let heard = plain.until_level(1, level).await;
    assert!(heard.is_sorted(), "upwards all the way: {heard:?}");
    assert!(heard.len() > 2, "the fader was followed on its way: {heard:?}");
    let most = took.as_secs_f64() * 44.0 + 1.0;
    assert!(heard.len() as f64 <= most, "at most 44 a second, {} came in {took:?}", heard.len());

    b.type_keys(2, PAGE_UP).await;
    b.type_keys(2, ARROW_UP).await;
    a.until_level(2, 11.0).await;
    plain.until_level(2, 11.0).await;

    plain.say(r#"{"3": 42}"#).await;
    plain.until_level(3, 42.0).await;
    server.post(r#"{"4": 12.34, "16": 100}"#).await;
    for page in [a, b] {
        page.until_level(3, 42.0).await;
        page.until_level(4, 12.34).await;
        page.until_level(16, 100.0).await;
    }
}

/// What others do to a fader in the hand shows as a ghost mark; after release the rig's level counts.
async fn a_held_fader_does_not_jump(plain: &mut Plain, a: &Page, b: &Page) {
    a.press(5).await;
    a.drag(5, 0.6).await;
    let held = a.look().await.levels[&5];
    b.until_level(5, held).await;
    a.watch(5).await;

    plain.say(r#"{"5": 7}"#).await;
    b.until_level(5, 7.0).await;
    a.until("the ghost mark", |shown| shown.ghosts.get(&5) == Some(&7.0)).await;
    let seen = a.seen().await.levels;
    assert!(seen.iter().all(|level| *level == held), "the fader stayed in the hand: {seen:?}");

    a.drag(5, -0.2).await;
    let moved = a.look().await.levels[&5];
    assert!(moved < held, "{moved} is below {held}");
    b.until_level(5, moved).await;
    a.until("no ghost mark, once the hand's level counts again", |shown| shown.ghosts.is_empty()).await;
    let seen = a.seen().await.levels;
    assert!(seen.is_sorted_by(|before, after| before >= after), "downwards all the way: {seen:?}");
    assert!(seen.iter().all(|level| *level >= moved), "never where the others were: {seen:?}");

    plain.say(r#"{"5": 77}"#).await;
    a.until("the ghost mark", |shown| shown.ghosts.get(&5) == Some(&77.0)).await;
    a.release().await;
    a.until_level(5, 77.0).await;
    b.until_level(5, 77.0).await;
    a.until("no ghost mark after release", |shown| shown.ghosts.is_empty()).await;
}

/// Both pages show the very same map, which is the server's.
async fn both_show_the_map(server: &Server, a: &Page, b: &Page) {
    let (map, position) = server.map().await;
    for page in [a, b] {
        page.until(&format!("{map:?} at {position}"), |shown| shown.levels == map && shown.position == position).await;
    }
}

/// A killed server: the pages say so and take no moves; when it is back, they are too, with the stored levels.
async fn the_pages_come_back_by_themselves(server: Server, store: &std::path::Path, a: &Page, b: &Page) {
    let before = a.look().await;
    let address = server.address.clone();
    server.kill().await;
    for page in [a, b] {
        let shown = page.until("that it is offline", |shown| shown.state == "offline").await;
        assert_eq!((shown.unlocked, &shown.levels), (0, &before.levels), "locked, with the last known levels");
    }
    a.type_keys(3, ARROW_UP).await;
    assert_eq!(a.look().await.levels, before.levels, "a locked fader takes no moves");

    let server = Server::start(&address, store).await;
    for page in [a, b] {
        let shown = page.until("that it is live again", |shown| shown.state == "live").await;
        assert_eq!(shown.levels, before.levels, "the stored levels");
        assert_ne!(shown.position, before.position, "a new epoch");
    }
    b.type_keys(3, ARROW_UP).await;
    a.until_level(3, 43.0).await;
    both_show_the_map(&server, a, b).await;
}
