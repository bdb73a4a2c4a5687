//! A page in a browser: what it shows, and hands on it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::screen::Screen;
use crate::{PATIENCE, devtools};

/// What a page shows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Shown {
    /// The connection's state.
    pub(crate) state: String,
    /// The position of the map.
    pub(crate) position: String,
    /// The levels of the faders in sight in percent, by dimmer; without those that have none.
    pub(crate) levels: BTreeMap<u16, f64>,
    /// Their labels.
    pub(crate) labels: BTreeMap<u16, String>,
    /// Their ghost marks, and who left them.
    pub(crate) ghosts: BTreeMap<u16, (f64, String)>,
    /// Those that are selected.
    pub(crate) selected: Vec<u16>,
    /// How many of them take moves.
    pub(crate) unlocked: usize,
    /// The grand master.
    pub(crate) master: f64,
    /// Whether it says that the rig is blacked out.
    pub(crate) blackout: bool,
    /// The consoles that it lists.
    pub(crate) consoles: Vec<String>,
    /// The last changes that it tells, the newest first.
    pub(crate) changes: Vec<String>,
}

/// Answers after a frame, in which whatever happened before has been drawn.
const LOOK: &str = r#"
    const [answer] = arguments;
    const text = (selector) => [...document.querySelectorAll(selector)].map((one) => one.textContent.replace(/\s+/g, ' ').trim());
    const level = (fader) => Number(fader.getAttribute('aria-valuenow'));
    requestAnimationFrame(() => requestAnimationFrame(() => {
        // All of it now: a fader that scrolls out of sight becomes another dimmer's.
        const faders = [...document.querySelectorAll('#board [data-dimmer]')].filter((fader) => fader.checkVisibility());
        const each = (which, value) => Object.fromEntries(faders.filter(which).map((f) => [f.dataset.dimmer, value(f)]));
        answer({
            state: document.body.dataset.state,
            position: document.body.dataset.position ?? '',
            levels: each((f) => !('unset' in f.dataset), level),
            labels: each((f) => f.querySelector('.label').textContent, (f) => f.querySelector('.label').textContent),
            ghosts: each((f) => 'ghost' in f.dataset, (f) => [Number(f.dataset.ghost), f.dataset.ghostBy ?? '']),
            selected: faders.filter((f) => 'selected' in f.dataset).map((f) => Number(f.dataset.dimmer)),
            unlocked: faders.filter((f) => f.getAttribute('aria-disabled') === 'false').length,
            master: level(document.getElementById('master')),
            blackout: document.getElementById('blackout').getAttribute('aria-pressed') === 'true',
            consoles: text('#presence li'),
            changes: text('#changes li'),
        });
    }));
"#;

/// Notes what a fader shows from now on.
const WATCH: &str = r#"
    const fader = document.querySelector(`[data-dimmer="${arguments[0]}"]`);
    window.seen = { levels: [], ghosts: [] };
    const note = () => {
        window.seen.levels.push(Number(fader.getAttribute('aria-valuenow')));
        if ('ghost' in fader.dataset) window.seen.ghosts.push(Number(fader.dataset.ghost));
    };
    note();
    window.watch?.disconnect();
    window.watch = new MutationObserver(note);
    window.watch.observe(fader, { attributeFilter: ['aria-valuenow', 'data-ghost'] });
"#;

/// What a fader has shown since it is watched, as often as it was drawn.
#[derive(Debug, Deserialize)]
pub(crate) struct Seen {
    /// Its levels.
    pub(crate) levels: Vec<f64>,
    /// Its ghost marks.
    pub(crate) ghosts: Vec<f64>,
}

/// Keys that are held while others are typed.
pub(crate) const SHIFT: char = '\u{e008}';
pub(crate) const CONTROL: char = '\u{e009}';

/// A page in a browser.
pub(crate) struct Page {
    client: Client,
    _profile: TempDir,
}

impl Page {
    pub(crate) fn new(client: Client, profile: TempDir) -> Self {
        Self { client, _profile: profile }
    }

    /// Goes to an address.
    pub(crate) async fn go(&self, url: &str) {
        self.client.goto(url).await.expect("the page opens");
    }

    /// Gives the page another screen.
    pub(crate) async fn resize(&self, screen: Screen) {
        let Screen { width, height, touch, .. } = screen;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let fingers = json!({ "enabled": touch, "maxTouchPoints": 5 });
        self.devtools("Emulation.setTouchEmulationEnabled", fingers).await;
    }

    /// Runs a command of the browser's own protocol.
    pub(crate) async fn devtools(&self, command: &str, params: Value) -> Value {
        devtools::run(&self.client, command, params).await
    }

    /// Runs a script in the page.
    pub(crate) async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Runs a script that answers later, by calling its last argument.
    pub(crate) async fn script_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute_async(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// What it shows now.
    pub(crate) async fn look(&self) -> Shown {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // ChromeDriver has answered `null` for a script that answers with an object. To look once more changes nothing.
            let shown = self.script_async(LOOK, Vec::new()).await;
            if !shown.is_null() {
                return serde_json::from_value(shown).expect("what it shows");
            }
            assert!(Instant::now() < deadline, "ChromeDriver never answered what the page shows");
        }
    }

    /// Waits until it shows what is wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Shown) -> bool) -> Shown {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shown = self.look().await;
            if wanted(&shown) {
                return shown;
            }
            assert!(Instant::now() < deadline, "the page never showed {what}; it shows {shown:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until a script answers that something is so.
    pub(crate) async fn until_true(&self, what: &str, script: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.script(script, Vec::new()).await != json!(true) {
            assert!(Instant::now() < deadline, "never: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until an element has a text in it.
    pub(crate) async fn until_text(&self, id: &str, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shown = self.script("return document.getElementById(arguments[0]).textContent", vec![json!(id)]).await;
            if shown.as_str().is_some_and(|shown| shown.contains(text)) {
                return;
            }
            assert!(Instant::now() < deadline, "#{id} never had {text:?}; it has {shown}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until it is live.
    pub(crate) async fn until_live(&self) -> Shown {
        self.until("that it is live", |shown| shown.state == "live" && shown.unlocked > 0).await
    }

    /// Waits until it shows this level of a dimmer.
    pub(crate) async fn until_level(&self, dimmer: u16, level: f64) -> Shown {
        self.until(&format!("dimmer {dimmer} at {level}"), |shown| shown.levels.get(&dimmer) == Some(&level)).await
    }

    /// Takes a fader's cap with the mouse, and waits until it is in the hand.
    pub(crate) async fn press(&self, dimmer: u16) {
        self.press_at(&format!("[data-dimmer='{dimmer}'] .cap")).await;
        let held = format!("return 'held' in document.querySelector(`[data-dimmer='{dimmer}']`).dataset");
        self.until_true("the fader is in the hand", &held).await;
    }

    /// Presses the mouse on something, and holds it.
    pub(crate) async fn press_at(&self, selector: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let element = self.find(selector).await;
            let mouse = mouse()
                .then(PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 })
                .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
            match self.client.perform_actions(mouse).await {
                Ok(()) => return,
                // The page has drawn it anew in between.
                Err(error) if error.to_string().contains("stale element") && Instant::now() < deadline => {}
                Err(error) => panic!("{selector} takes no mouse: {error}"),
            }
        }
    }

    /// Moves the mouse up by this share of the fader's travel, in steps as a hand would. Negative is down.
    pub(crate) async fn drag(&self, dimmer: u16, share: f64) {
        self.drag_over(&format!("[data-dimmer='{dimmer}'] .travel"), share).await;
    }

    /// Moves the mouse up by this share of the height of something.
    pub(crate) async fn drag_over(&self, selector: &str, share: f64) {
        const STEPS: u8 = 20;
        const STEP: Duration = Duration::from_millis(16);
        let (.., height) = self.find(selector).await.rectangle().await.expect("its place");
        let reached = |step: u8| (-share * height * f64::from(step) / f64::from(STEPS)).round();
        let steps = (0..STEPS).fold(mouse(), |mouse, step| {
            let y = reached(step + 1) - reached(step);
            mouse.then(PointerAction::MoveBy { duration: Some(STEP), x: 0.0, y })
        });
        self.client.perform_actions(steps).await.expect("the mouse moves");
    }

    /// Lets go.
    pub(crate) async fn release(&self) {
        let mouse = mouse().then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.client.perform_actions(mouse).await.expect("the mouse lets go");
    }

    /// Clicks something.
    pub(crate) async fn click(&self, selector: &str) {
        self.press_at(selector).await;
        self.release().await;
    }

    /// Clicks something twice.
    pub(crate) async fn double_click(&self, selector: &str) {
        let element = self.find(selector).await;
        let to = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
        let (down, up) =
            (PointerAction::Down { button: MOUSE_BUTTON_LEFT }, PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        let mouse = mouse().then(to).then(down.clone()).then(up.clone()).then(down).then(up);
        self.client.perform_actions(mouse).await.expect("the mouse clicks twice");
    }

    /// Turns the wheel over something, by so many pixels; negative is away from the hand.
    pub(crate) async fn wheel(&self, selector: &str, delta_y: i32) {
        let (x, y) = self.middle(selector).await;
        let turn = json!({ "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": delta_y });
        self.devtools("Input.dispatchMouseEvent", turn).await;
    }

    /// Presses a key, and holds it.
    pub(crate) async fn key_down(&self, value: char) {
        let key = KeyActions::new("keyboard".to_owned()).then(KeyAction::Down { value });
        self.client.perform_actions(key).await.expect("the key goes down");
    }

    /// Lets go of a key.
    pub(crate) async fn key_up(&self, value: char) {
        let key = KeyActions::new("keyboard".to_owned()).then(KeyAction::Up { value });
        self.client.perform_actions(key).await.expect("the key comes up");
    }

    /// Puts the keyboard on a fader.
    pub(crate) async fn focus(&self, dimmer: u16) {
        let focus = "document.querySelector(`#board [data-dimmer=\"${arguments[0]}\"]`).focus()";
        self.script(focus, vec![json!(dimmer)]).await;
    }

    /// Types where the focus is, one key after the other.
    pub(crate) async fn keys(&self, keys: &str) {
        let typed = keys.chars().fold(KeyActions::new("keyboard".to_owned()), |typed, value| {
            typed.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        self.client.perform_actions(typed).await.expect("the keys are taken");
    }

    /// Types with Shift held.
    pub(crate) async fn shifted(&self, keys: &str) {
        self.chord(&[SHIFT], keys).await;
    }

    /// Types with these keys held.
    pub(crate) async fn chord(&self, held: &[char], keys: &str) {
        let keyboard = KeyActions::new("keyboard".to_owned());
        let typed = held.iter().fold(keyboard, |typed, &value| typed.then(KeyAction::Down { value }));
        let typed = keys
            .chars()
            .fold(typed, |typed, value| typed.then(KeyAction::Down { value }).then(KeyAction::Up { value }));
        let typed = held.iter().rev().fold(typed, |typed, &value| typed.then(KeyAction::Up { value }));
        self.client.perform_actions(typed).await.expect("the keys are taken");
    }

    /// Types on a fader.
    pub(crate) async fn type_keys(&self, dimmer: u16, keys: &str) {
        self.focus(dimmer).await;
        self.keys(keys).await;
    }

    /// From now on, notes what the fader shows.
    pub(crate) async fn watch(&self, dimmer: u16) {
        self.script(WATCH, vec![json!(dimmer)]).await;
    }

    /// What has been noted.
    pub(crate) async fn seen(&self) -> Seen {
        serde_json::from_value(self.script("return window.seen", Vec::new()).await).expect("what was seen")
    }

    /// The middle of something, in CSS pixels.
    pub(crate) async fn middle(&self, selector: &str) -> (f64, f64) {
        let place = "const r = document.querySelector(arguments[0]).getBoundingClientRect(); \
                     return [r.x + r.width / 2, r.y + r.height / 2]";
        serde_json::from_value(self.script(place, vec![json!(selector)]).await).expect("a place")
    }

    /// Touches the screen with these fingers, or moves them there, or lifts them.
    pub(crate) async fn touch(&self, kind: &str, fingers: &[(f64, f64)]) {
        let points = fingers.iter().zip(0..).map(|((x, y), id)| json!({ "x": x, "y": y, "id": id }));
        let touch = json!({ "type": kind, "touchPoints": points.collect::<Vec<_>>() });
        self.devtools("Input.dispatchTouchEvent", touch).await;
    }

    /// Taps something with a finger.
    pub(crate) async fn tap(&self, selector: &str) {
        let place = self.middle(selector).await;
        self.touch("touchStart", &[place]).await;
        self.touch("touchEnd", &[]).await;
    }

    /// A picture of what it shows, as PNG.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.expect("a picture")
    }

    async fn find(&self, selector: &str) -> Element {
        let found = self.client.find(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("the page has no {selector}: {error}"))
    }
}

/// One and the same mouse each time: it goes on where it was.
fn mouse() -> MouseActions {
    MouseActions::new("mouse".to_owned())
}
