//! Several consoles on one rig: everyone sees what one does, and nobody's fader jumps in the hand.

use std::time::Instant;

use crate::Deployment;
use crate::page::Page;
use crate::screen::DESK;
use crate::server::{Plain, Server};

const PAGE_UP: &str = "\u{e00e}";
const ARROW_UP: &str = "\u{e013}";

#[tokio::test]
async fn hands_scripts_and_sockets_share_one_rig() {
    let deployment = Deployment::start().await;
    let server = &deployment.server;
    let mut plain = Plain::connect(server).await;
    let (a, b) = (deployment.open(DESK).await, deployment.open(DESK).await);
    everyone_sees_what_one_does(server, &mut plain, &a, &b).await;
    a_held_fader_does_not_jump(&mut plain, &a, &b).await;
    drags_that_cross_do_not_meet(&a, &b).await;
    two_hands_on_one_fader_each_keep_their_own(server, &a, &b).await;
    both_show_the_map(server, &a, &b).await;
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
    a.until("the ghost mark", |shown| shown.ghosts.get(&5).is_some_and(|ghost| ghost.0 == 7.0)).await;
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
    a.until("the ghost mark", |shown| shown.ghosts.get(&5).is_some_and(|ghost| ghost.0 == 77.0)).await;
    a.release().await;
    a.until_level(5, 77.0).await;
    b.until_level(5, 77.0).await;
    a.until("no ghost mark after release", |shown| shown.ghosts.is_empty()).await;
}

/// Two consoles drag two faders at the same time.
async fn drags_that_cross_do_not_meet(a: &Page, b: &Page) {
    a.watch(6).await;
    b.watch(7).await;
    tokio::join!(a.press(6), b.press(7));
    tokio::join!(a.drag(6, 0.7), b.drag(7, 0.3));
    let (six, seven) = (a.look().await.levels[&6], b.look().await.levels[&7]);
    tokio::join!(a.release(), b.release());
    for page in [a, b] {
        page.until_level(6, six).await;
        page.until_level(7, seven).await;
    }
    for (page, level) in [(a, six), (b, seven)] {
        let seen = page.seen().await;
        assert!(seen.levels.is_sorted() && seen.ghosts.is_empty(), "up to {level} without a jump: {seen:?}");
    }
}

/// Both drag one fader: each shows its own hand's level and where the other holds it, by name; then the rig decides.
async fn two_hands_on_one_fader_each_keep_their_own(server: &Server, a: &Page, b: &Page) {
    for (page, name) in [(a, "Booth"), (b, "Stage left")] {
        rename(page, name).await;
    }
    tokio::join!(a.press(8), b.press(8));
    a.watch(8).await;
    b.watch(8).await;
    tokio::join!(a.drag(8, 0.8), b.drag(8, 0.3));
    let (high, low) = (a.look().await.levels[&8], b.look().await.levels[&8]);
    assert!(high > 60.0 && low < 45.0, "each shows what its own hand holds: {high}, {low}");
    for (page, own) in [(a, high), (b, low)] {
        let seen = page.seen().await.levels;
        assert!(seen.is_sorted() && seen.last() == Some(&own), "never where the other was: {seen:?}");
    }
    // Whoever did not have the last word sees a ghost mark with the other's name.
    let rig = server.rig().await["levels"]["8"].as_f64().unwrap();
    let (page, other) = if rig == high { (b, "Booth") } else { (a, "Stage left") };
    let marked = |ghost: &(f64, String)| *ghost == (rig, other.to_owned());
    page.until("whose ghost it is", |shown| shown.ghosts.get(&8).is_some_and(marked)).await;
    tokio::join!(a.release(), b.release());
    for page in [a, b] {
        page.until_level(8, rig).await;
        page.until("no ghost mark", |shown| shown.ghosts.is_empty()).await;
    }
}

/// Gives a console a name, as its operator does, and waits until it says so itself.
async fn rename(page: &Page, name: &str) {
    page.script(
        "const name = document.getElementById('name'); name.value = arguments[0]; name.form.requestSubmit()",
        vec![name.into()],
    )
    .await;
    page.until(&format!("that it is {name}"), |shown| shown.consoles.iter().any(|one| one.contains(name))).await;
    page.until_live().await;
}

/// Both pages show the very same map, which is the server's.
async fn both_show_the_map(server: &Server, a: &Page, b: &Page) {
    let (map, position) = server.map().await;
    for page in [a, b] {
        page.until(&format!("{map:?} at {position}"), |shown| shown.levels == map && shown.position == position).await;
    }
}
