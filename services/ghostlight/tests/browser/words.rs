//! The words: a press sets one, a hold shows it, and every console has the same ones.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::Deployment;
use crate::page::Page;
use crate::screen::{DESK, PHONE, TABLET};

const ENTER: &str = "\u{e007}";
const BACKSPACE: char = '\u{e003}';

/// The words that a page shows.
async fn shown(page: &Page) -> Value {
    page.script("return [...document.querySelectorAll('#words-list bdi')].map((word) => word.textContent)", vec![])
        .await
}

async fn until_words(page: &Page, words: &[&str]) {
    let wanted = json!(words);
    page.until_true(
        &format!("the words {words:?}"),
        &format!(
            "return JSON.stringify([...document.querySelectorAll('#words-list bdi')].map((word) => word.textContent)) \
             === JSON.stringify({wanted})"
        ),
    )
    .await;
}

fn word(name: &str) -> String {
    format!("#words-list [data-item='{name}']")
}

#[tokio::test]
async fn a_press_sets_a_word_and_a_hold_only_shows_it() {
    let deployment = Deployment::start().await;
    deployment.server.word("front wash", &json!({"1": 100, "2": 50})).await;
    deployment.server.word("at full", &json!({"3": 70})).await;
    let (page, other) = (deployment.open(DESK).await, deployment.open(DESK).await);
    page.keys("w").await;
    until_words(&page, &["at full", "front wash"]).await;

    // The mouse.
    page.press_at(&word("front wash")).await;
    page.until("the marks", |shown| shown.ghosts == [(1, (100.0, String::new())), (2, (50.0, String::new()))].into())
        .await;
    page.until_text("command-said", "front wash full").await;
    page.release().await;
    page.until("no marks", |shown| shown.ghosts.is_empty()).await;
    assert!(deployment.server.map().await.0.is_empty(), "nothing was done");
    page.click(&word("front wash")).await;
    other.until_level(1, 100.0).await;
    other.until_level(2, 50.0).await;
    page.until_text("command-said", "Done: front wash full").await;
    page.click(&word("at full")).await;
    other.until_level(3, 70.0).await;
    deployment.server.post(r#"{"3": null}"#).await;
    page.until("it is gone", |shown| !shown.levels.contains_key(&3)).await;

    // The keyboard; the name has keywords in it.
    page.script("document.querySelector(arguments[0]).focus()", vec![json!(word("at full"))]).await;
    page.key_down('\u{e00d}').await;
    page.until("the mark", |shown| shown.ghosts.contains_key(&3)).await;
    page.key_up('\u{e00d}').await;
    page.until("no mark", |shown| shown.ghosts.is_empty()).await;
    assert!(!deployment.server.map().await.0.contains_key(&3));
    page.keys(ENTER).await;
    other.until_level(3, 70.0).await;

    // What a screen reader clicks.
    deployment.server.post(r#"{"3": 0}"#).await;
    page.until_level(3, 0.0).await;
    let name = "return document.querySelector(arguments[0]).textContent";
    assert_eq!(page.script(name, vec![json!(word("at full"))]).await, "at full 1 dimmer");
    page.script("document.querySelector(arguments[0]).click()", vec![json!(word("at full"))]).await;
    other.until_level(3, 70.0).await;
}

#[tokio::test]
async fn fingers_set_and_hold_words() {
    let deployment = Deployment::start().await;
    deployment.server.word("warm", &json!({"1": 100})).await;
    for screen in [PHONE, TABLET] {
        deployment.server.post(r#"{"1": 0}"#).await;
        let page = deployment.open(screen).await;
        page.until_level(1, 0.0).await;
        page.click("#command-open").await;
        until_words(&page, &["warm"]).await;
        let place = page.middle(&word("warm")).await;
        page.touch("touchStart", &[place]).await;
        page.until("the mark", |shown| shown.ghosts.contains_key(&1)).await;
        page.touch("touchEnd", &[]).await;
        page.until("no mark", |shown| shown.ghosts.is_empty()).await;
        assert_eq!(deployment.server.map().await.0[&1], 0.0);
        page.touch("touchStart", &[place]).await;
        page.touch("touchEnd", &[]).await;
        page.until_level(1, 100.0).await;
    }
}

#[tokio::test]
async fn looks_are_recorded_and_told_to_everyone() {
    let deployment = Deployment::start().await;
    deployment.server.post(r#"{"1": 10, "2": 20, "3": 30}"#).await;
    let (page, other) = (deployment.open(DESK).await, deployment.open(DESK).await);
    page.until_level(3, 30.0).await;
    other.keys("w").await;
    page.keys("w").await;
    let what = "const what = document.getElementById('record-what'); return what.selectedOptions[0].textContent";
    page.until_true("what is recorded", &format!("{what} === '3 above 0 %'")).await;
    let record = async |name: &str| {
        page.click("#record-name").await;
        page.keys(name).await;
        page.keys(ENTER).await;
    };
    record("Everything").await;
    until_words(&other, &["everything"]).await;

    // What this page has changed since.
    page.type_keys(2, "75").await;
    page.keys(ENTER).await;
    page.until_true("one has changed", &format!("{what} === '1 changed'")).await;
    record("mine").await;
    until_words(&other, &["everything", "mine"]).await;

    // What is selected, also without a level.
    for dimmer in [3, 4] {
        page.click(&format!("[data-dimmer='{dimmer}'] .number")).await;
    }
    page.until_true("two are selected", &format!("{what} === '2 selected'")).await;
    record("\"q\" \\ 1").await;
    until_words(&other, &["\"q\" \\ 1", "everything", "mine"]).await;
    let words = json!({
        "\"q\" \\ 1": {"3": 30, "4": 0}, "everything": {"1": 10, "2": 20, "3": 30}, "mine": {"2": 75},
    });
    assert_eq!(deployment.server.words().await, words);

    // A name that is taken is asked about.
    record("Mine").await;
    page.until_text("confirm-text", "There is a word mine").await;
    page.keys(ENTER).await; // that cancels
    page.until_true("it is closed", "return !document.getElementById('confirm').open").await;
    assert_eq!(deployment.server.words().await, words);
    page.click("#record-form button").await;
    page.click("#confirm-ok").await;
    page.until_text("command-said", "Done: last record mine").await;
    assert_eq!(deployment.server.words().await["mine"], json!({"3": 30, "4": 0}));
    page.until_true(
        "the list of changes tells it",
        "return document.getElementById('last').textContent.includes('word “mine” set')",
    )
    .await;
}

#[tokio::test]
async fn words_are_renamed_and_deleted_and_both_are_asked_about() {
    let deployment = Deployment::start().await;
    deployment.server.word("wash", &json!({"1": 100})).await;
    deployment.server.word("cyc", &json!({"2": 50})).await;
    let (page, other) = (deployment.open(DESK).await, deployment.open(TABLET).await);
    other.click("#command-open").await;
    page.keys("w").await;
    until_words(&page, &["cyc", "wash"]).await;
    page.click("#words-edit").await;
    let rename = async |from: &str, to: &str| {
        page.click(&word(from)).await;
        page.until_true("the question", "return document.getElementById('ask').open").await;
        page.keys(&BACKSPACE.to_string()).await;
        page.keys(to).await;
        page.keys(ENTER).await;
    };
    rename("wash", "Front Wash").await;
    until_words(&other, &["cyc", "front wash"]).await;
    rename("front wash", "cyc").await;
    page.until_text("confirm-text", "There is a word cyc").await;
    page.click("#confirm [value=cancel]").await;
    assert_eq!(deployment.server.words().await, json!({"cyc": {"2": 50}, "front wash": {"1": 100}}));
    rename("front wash", "cyc").await;
    page.until_text("confirm-text", "There is a word cyc").await;
    page.click("#confirm-ok").await;
    until_words(&other, &["cyc"]).await;
    assert_eq!(deployment.server.words().await, json!({"cyc": {"1": 100}}));

    page.click(&word("cyc")).await;
    page.click("#ask-other").await;
    page.until_text("confirm-text", "Delete the word cyc").await;
    page.click("#confirm-ok").await;
    until_words(&other, &[]).await;
    other.until_text("words-told", "No words yet").await;
    assert!(deployment.server.map().await.0.is_empty(), "no light has moved");
}

/// A dictionary as large as a rig may have neither breaks the page nor fills it.
#[tokio::test]
async fn a_hundred_thousand_words_are_searched_and_completed() {
    // A build without optimisation, on a busy machine, takes its time for them.
    let deployment = Deployment::start_with(&["--answer-seconds", "60"]).await;
    let page = deployment.open(DESK).await;
    let mut words = String::from("{");
    for number in 0..100_000 {
        let _ = write!(words, "{}\"look {number}\":{{\"{}\":50}}", if number > 0 { "," } else { "" }, number % 512 + 1);
    }
    words.push('}');
    let url = format!("http://{}/v1/rigs/main/words", deployment.server.address);
    let put = reqwest::Client::new().put(url).header("content-type", "application/json").body(words);
    assert!(put.send().await.unwrap().status().is_success());
    page.keys("w").await;
    page.until_text("words-told", "96 of 100000 are shown").await;
    page.keys("99999").await;
    until_words(&page, &["look 99999"]).await;
    // Opened anew, it takes all of them from a snapshot.
    page.go(&deployment.server.page()).await;
    page.until_live().await;
    page.keys("/").await;
    page.until_text("words-told", "96 of 100000 are shown").await;
    let asked = "window.slowest = 0; const field = document.getElementById('command-text'); \
                 field.addEventListener('input', () => { window.at = performance.now(); }, true); \
                 field.addEventListener('input', () => { window.slowest = Math.max(window.slowest, performance.now() - window.at); });";
    page.script(asked, vec![]).await;
    page.keys("1 full; look 9999").await;
    page.until_true("they are completed", "return document.querySelectorAll('#command-options li').length === 8").await;
    page.keys("9 at 50").await;
    page.until("the preview", |shown| shown.ghosts.len() == 1).await;
    page.until_text("command-said", "1 full; look 99999 at 50 · 2 dimmers").await;
    let slowest = page.script("return window.slowest", vec![]).await.as_f64().unwrap();
    println!("{slowest} ms at most for one key");
    assert!(slowest < 1_000.0, "{slowest} ms for one key");
    assert_eq!(shown(&page).await.as_array().unwrap().len(), 96);
}
