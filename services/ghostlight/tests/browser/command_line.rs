//! The command line: a text is previewed on the faders, and done once, with Enter.

use serde_json::json;

use crate::Deployment;
use crate::page::{CONTROL, Page, SHIFT};
use crate::screen::{DESK, PHONE, Screen, TABLET};
use crate::server::Wire;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";
const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";

/// The text in the command line.
async fn text(page: &Page) -> String {
    let value = page.script("return document.getElementById('command-text').value", vec![]).await;
    value.as_str().unwrap().to_owned()
}

/// The sentence below it.
async fn said(page: &Page) -> String {
    let said = page.script("return document.getElementById('command-said').textContent", vec![]).await;
    said.as_str().unwrap().to_owned()
}

/// A ghost mark of a preview: one without a name.
fn mark(level: f64) -> (f64, String) {
    (level, String::new())
}

#[tokio::test]
async fn a_text_is_previewed_on_the_faders_and_done_with_enter() {
    let deployment = Deployment::start().await;
    deployment.server.word("wash", &json!({"5": 100, "6": 50})).await;
    deployment.server.post(r#"{"1": 10, "5": 20}"#).await;
    let (page, other) = (deployment.open(DESK).await, deployment.open(DESK).await);
    page.until_level(5, 20.0).await;

    page.keys("/").await;
    page.keys("1 thru 3 at 50, wash at 50").await;
    page.until("the marks", |shown| shown.ghosts.len() == 5).await;
    let shown = page.look().await;
    let marks = [(1, mark(50.0)), (2, mark(50.0)), (3, mark(50.0)), (5, mark(50.0)), (6, mark(25.0))];
    assert_eq!(shown.ghosts, marks.into());
    assert_eq!((shown.levels[&1], shown.levels[&5]), (10.0, 20.0), "nothing has moved");
    assert_eq!(said(&page).await, "1 thru 3 at 50; wash at 50 · 5 dimmers");
    assert_eq!(deployment.server.map().await.0.len(), 2, "nothing was done");
    assert!(other.look().await.ghosts.is_empty(), "the others see nothing of it");

    page.keys(ENTER).await;
    for (dimmer, level) in [(1, 50.0), (3, 50.0), (5, 50.0), (6, 25.0)] {
        other.until_level(dimmer, level).await;
    }
    page.until_text("command-said", "Done: 1 thru 3 at 50; wash at 50").await;
    page.until_text("command-aloud", "Done: 1 thru 3 at 50").await;
    page.until("no marks", |shown| shown.ghosts.is_empty()).await;
    assert_eq!(text(&page).await, "");

    // Without a selection, the last one is meant; one on the board comes first.
    page.keys("at 70").await;
    page.until("the last selection", |shown| shown.ghosts.len() == 2 && shown.ghosts[&6] == mark(35.0)).await;
    page.click("[data-dimmer='8'] .number").await;
    page.until("the selection on the board", |shown| shown.ghosts == [(8, mark(70.0))].into()).await;
    page.click("#command-do").await;
    other.until_level(8, 70.0).await;
    assert_eq!(other.look().await.levels[&6], 25.0);
}

#[tokio::test]
async fn what_is_not_understood_is_marked_at_its_place() {
    let deployment = Deployment::start().await;
    deployment.server.word("wash", &json!({"5": 100})).await;
    let page = deployment.open(DESK).await;
    page.keys("/").await;
    page.keys("1 full; wosh at 5").await;
    page.until_text("command-said", "Found “wosh”").await;
    page.until_text("command-said", "did you mean “wash”?").await;
    page.until_text("command-aloud", "Found “wosh”").await;
    let marks = "const marks = document.getElementById('command-marks'); \
                 return [marks.textContent, marks.querySelector('mark').textContent]";
    assert_eq!(page.script(marks, vec![]).await, json!(["1 full; wosh", "wosh"]));
    let invalid = "return document.getElementById('command-text').getAttribute('aria-invalid')";
    assert_eq!(page.script(invalid, vec![]).await, "true");
    page.keys(ENTER).await;
    page.until_text("command-said", "Found “wosh”").await;
    assert_eq!(text(&page).await, "1 full; wosh at 5", "it stays");
    assert!(deployment.server.map().await.0.is_empty(), "nothing of it was done");
    page.keys("\u{e003}").await;
    page.until_text("command-said", "the end of the text").await;
}

#[tokio::test]
async fn names_are_completed_and_commands_of_before_come_back() {
    let deployment = Deployment::start().await;
    for word in ["front wash", "frost", "stage on"] {
        deployment.server.word(word, &json!({"5": 100})).await;
    }
    deployment.server.patch("cue.py", &json!({"labels": {"9": "Friar"}})).await;
    let page = deployment.open(DESK).await;
    page.until("the label", |shown| shown.labels.len() == 1).await;
    page.keys("/").await;
    page.keys("1 full; fr").await;
    let options = "return [...document.querySelectorAll('#command-options li')].map((option) => option.textContent)";
    page.until_true("options", "return document.querySelectorAll('#command-options li').length === 3").await;
    assert_eq!(page.script(options, vec![]).await, json!(["front washword", "frostword", "Friarlabel"]));
    let active = "const field = document.getElementById('command-text'); \
                  return [field.getAttribute('aria-expanded'), \
                    document.getElementById(field.getAttribute('aria-activedescendant'))?.textContent ?? '']";
    assert_eq!(page.script(active, vec![]).await, json!(["true", ""]));
    page.keys(DOWN).await;
    page.keys(UP).await;
    page.keys(DOWN).await;
    assert_eq!(page.script(active, vec![]).await, json!(["true", "front washword"]));
    page.keys(ENTER).await;
    assert_eq!(text(&page).await, "1 full; front wash ");
    assert_eq!(page.script(active, vec![]).await, json!(["false", ""]));
    page.keys("at 50; sta").await;
    page.until_true("options", "return document.querySelectorAll('#command-options li').length === 1").await;
    page.keys(TAB).await;
    assert_eq!(text(&page).await, r#"1 full; front wash at 50; "stage on" "#);
    page.keys("full").await;
    page.keys(ENTER).await;
    page.until_text("command-said", "Done").await;
    page.keys("2 full").await;
    page.keys(ENTER).await;
    page.until_text("command-said", "Done: 2 full").await;

    page.keys("half").await;
    for (key, wanted) in [
        (UP, "2 full"),
        (UP, r#"1 full; front wash at 50; "stage on" full"#),
        (UP, r#"1 full; front wash at 50; "stage on" full"#),
        (DOWN, "2 full"),
        (DOWN, "half"),
    ] {
        page.keys(key).await;
        assert_eq!(text(&page).await, wanted);
    }
    // They are there after the page was closed; and what nobody can read does no harm.
    page.go(&deployment.server.page()).await;
    page.until_live().await;
    page.keys("/").await;
    page.keys(UP).await;
    assert_eq!(text(&page).await, "2 full");
    page.script("localStorage.setItem('ghostlight.commands', '{broken')", vec![]).await;
    page.go(&deployment.server.page()).await;
    page.until_live().await;
    page.keys("/").await;
    page.keys(UP).await;
    assert_eq!(text(&page).await, "");
}

/// Enter that is pressed twice does a relative text once.
#[tokio::test]
async fn a_text_is_done_once() {
    let deployment = Deployment::start().await;
    deployment.server.post(r#"{"1": 10}"#).await;
    let page = deployment.open(DESK).await;
    page.until_level(1, 10.0).await;
    page.keys("/").await;
    page.keys("1 +10").await;
    page.keys(&ENTER.repeat(4)).await;
    page.until_text("command-said", "Done").await;
    page.until_level(1, 20.0).await;

    // No answer comes, but it was done: the same text again is not done again.
    let lose = "window.real = window.fetch; \
                window.fetch = async (...asked) => { await window.real(...asked); \
                  if (!JSON.parse(asked[1].body).dry_run) { window.fetch = window.real; throw new TypeError('lost'); } \
                  return window.real(...asked); }";
    page.script(lose, vec![]).await;
    page.keys("1 +10").await;
    page.keys(ENTER).await;
    page.until_text("command-said", "No answer came").await;
    page.until_level(1, 30.0).await;
    assert_eq!(text(&page).await, "1 +10");
    page.keys(ENTER).await;
    page.until_text("command-said", "Was done already").await;
    assert_eq!(deployment.server.map().await.0[&1], 30.0);
}

/// While others move, the preview of a relative text follows.
#[tokio::test]
async fn a_preview_follows_the_rig_and_ends_with_escape() {
    let deployment = Deployment::start().await;
    deployment.server.post(r#"{"1": 10}"#).await;
    let page = deployment.open(DESK).await;
    page.until_level(1, 10.0).await;
    page.focus(1).await;
    page.keys("/").await;
    page.keys("1 +10; master at 30").await;
    page.until("the mark", |shown| shown.ghosts.get(&1) == Some(&mark(20.0))).await;
    let master = "return document.getElementById('master').dataset.ghost";
    assert_eq!(page.script(master, vec![]).await, "30");
    let heard = "return document.querySelector('[data-dimmer=\"1\"]').getAttribute('aria-valuetext')";
    page.until_true("it can be heard", &format!("{heard}.includes('would go to 20')")).await;
    deployment.server.post(r#"{"1": 60}"#).await;
    page.until("the mark moves", |shown| shown.ghosts.get(&1) == Some(&mark(70.0))).await;
    page.keys(ESCAPE).await;
    page.until("no mark", |shown| shown.ghosts.is_empty()).await;
    let focused = "return document.activeElement.dataset.dimmer === '1' && document.getElementById('command').hidden";
    page.until_true("back where it was", focused).await;
    assert_eq!(deployment.server.map().await.0[&1], 60.0);
}

/// While the rig is away nothing is kept for later; the text stays.
#[tokio::test]
async fn nothing_is_done_later() {
    let deployment = Deployment::start().await;
    let wire = Wire::to(&deployment.server).await;
    let page = wire.open(&deployment, DESK).await;
    page.keys("/").await;
    page.keys("1 full").await;
    page.until("the mark", |shown| shown.ghosts.len() == 1).await;
    wire.cut();
    page.until("that it is offline", |shown| shown.state == "offline" && shown.ghosts.is_empty()).await;
    page.keys(ENTER).await;
    page.until_text("command-said", "Nothing is done while the rig is offline").await;
    wire.mend();
    page.until("the mark is back", |shown| shown.state == "live" && shown.ghosts.len() == 1).await;
    assert_eq!(text(&page).await, "1 full");
    assert!(deployment.server.map().await.0.is_empty());
    page.keys(ENTER).await;
    page.until_level(1, 100.0).await;
}

/// Undo and redo are said under the name of the page's connection, by keys and buttons.
#[tokio::test]
async fn undo_and_redo_are_said_by_keys_and_buttons() {
    let deployment = Deployment::start().await;
    let page = deployment.open(DESK).await;
    let note = "window.said = []; const real = window.fetch; \
                window.fetch = async (url, request) => { \
                  const { text } = JSON.parse(request?.body ?? '{}'); \
                  if (!/^(un|re)do$/.test(text ?? '')) return real(url, request); \
                  window.said.push([text, request.headers['ghostlight-client'].slice(0, 4), request.headers['idempotency-key'].length]); \
                  const answer = { text, understood: text, changes: { levels: { 1: 5 } }, notes: [], position: '1-1', dry_run: false }; \
                  return new Response(JSON.stringify(answer)); }";
    page.script(note, vec![]).await;
    page.chord(&[CONTROL], "z").await;
    page.chord(&[CONTROL, SHIFT], "z").await;
    page.until_text("notice", "Done: redo · 1 to 5 %").await;
    page.keys("/").await;
    page.chord(&[CONTROL], "z").await;
    page.until_text("command-said", "Done: undo").await;
    page.keys("12").await;
    page.chord(&[CONTROL], "z").await; // for the text alone
    page.click("#redo").await;
    page.until_text("command-said", "Done: redo").await;
    let told = page.script("return window.said", vec![]).await;
    assert_eq!(told, json!([["undo", "web-", 32], ["redo", "web-", 32], ["undo", "web-", 32], ["redo", "web-", 32]]));
}

/// What is heard stands in the command line, and nothing is done unasked.
#[tokio::test]
async fn speech_is_only_written_down() {
    let deployment = Deployment::start().await;
    let page = deployment.open(DESK).await;
    let fake = "class Fake { start() { window.speaker = this; } stop() { this.onend(); } } \
                delete window.SpeechRecognition; window.webkitSpeechRecognition = arguments[0] ? Fake : undefined;";
    let with = |there: bool| json!({ "source": fake.replace("arguments[0]", &there.to_string()) });
    let added = page.devtools("Page.addScriptToEvaluateOnNewDocument", with(true)).await;
    page.go(&deployment.server.page()).await;
    page.until_live().await;
    page.keys("/").await;
    page.click("#command-speak").await;
    page.script(
        "window.speaker.onresult({ results: [[{ transcript: 'channel 1 through 3' }], [{ transcript: ' at 50%' }]] })",
        vec![],
    )
    .await;
    page.until("the preview", |shown| shown.ghosts.len() == 3).await;
    assert_eq!(text(&page).await, "channel 1 through 3 at 50%");
    page.script("window.speaker.onerror({ error: 'network' }); window.speaker.onend()", vec![]).await;
    page.until_text("command-said", "speech service").await;
    assert!(deployment.server.map().await.0.is_empty());
    page.click("#command-do").await;
    page.until_level(3, 50.0).await;

    page.devtools("Page.removeScriptToEvaluateOnNewDocument", added).await;
    page.devtools("Page.addScriptToEvaluateOnNewDocument", with(false)).await;
    page.go(&deployment.server.page()).await;
    page.until_live().await;
    page.keys("/").await;
    page.until_true("no button without it", "return document.getElementById('command-speak').hidden").await;
}

/// With a finger too: the button opens it, and "Do it" does it.
async fn by_fingers(screen: Screen) {
    let deployment = Deployment::start().await;
    let page = deployment.open(screen).await;
    page.tap("#command-open").await;
    page.until_true("no keyboard covers the words", "return document.activeElement.id === 'command'").await;
    page.tap("#command-text").await;
    page.until_true("the focus is there", "return document.activeElement.id === 'command-text'").await;
    page.keys("1 full; 2 ful").await;
    page.until_true("options", "return document.querySelectorAll('#command-options li').length === 1").await;
    page.tap("#command-options li").await;
    assert_eq!(text(&page).await, "1 full; 2 full ");
    page.until("the marks", |shown| shown.ghosts.len() == 2).await;
    page.tap("#command-do").await;
    page.until_level(2, 100.0).await;
    page.tap("#command-close").await;
    page.until_true("it is closed", "return document.getElementById('command').hidden").await;
}

#[tokio::test]
async fn it_is_there_for_fingers_on_a_phone() {
    by_fingers(PHONE).await;
}

#[tokio::test]
async fn it_is_there_for_fingers_on_a_tablet() {
    by_fingers(TABLET).await;
}
