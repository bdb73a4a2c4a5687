//! Chromium, driven through WebDriver.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::PATIENCE;

/// Chromium talks to nobody but us.
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A running ChromeDriver. Dropped, it takes its browsers with it, also when a test panics.
pub(crate) struct Driver {
    port: u16,
    _process: Child,
}

impl Driver {
    /// Starts ChromeDriver on a free port.
    pub(crate) async fn start() -> Self {
        let mut process = Command::new(program(&["chromedriver"]))
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
        let port = async {
            while let Some(line) = lines.next_line().await.expect("chromedriver's output") {
                if let Some((_, port)) = line.split_once("was started successfully on port ") {
                    return port.trim_end_matches('.').parse().expect("a port");
                }
            }
            panic!("chromedriver ended without a word about its port");
        };
        let port = timeout(PATIENCE, port).await.expect("chromedriver tells its port");
        Self { port, _process: process }
    }

    /// Opens a page in a browser of its own, so that no page is in the background.
    pub(crate) async fn open(&self, url: &str) -> Page {
        let profile = tempfile::tempdir().expect("a directory for the browser's profile");
        let mut args: Vec<String> = FLAGS.map(str::to_owned).into();
        args.push(format!("--user-data-dir={}", profile.path().display()));
        args.push("--window-size=1024,768".to_owned());
        let browser = program(&["chromium", "chromium-browser", "google-chrome"]);
        let options = json!({ "goog:chromeOptions": { "binary": browser, "args": args } });
        let serde_json::Value::Object(capabilities) = options else { unreachable!("it is an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .expect("Chromium starts");
        client.goto(url).await.expect("the page opens");
        Page { client, _profile: profile }
    }
}

impl Drop for Driver {
    /// Asks it to end its browsers and itself: killed, it would leave them behind.
    fn drop(&mut self) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let Ok(mut socket) = TcpStream::connect_timeout(&address, PATIENCE) else { return };
        let _ = socket.set_read_timeout(Some(PATIENCE));
        let _ = socket.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        let _ = socket.read_to_end(&mut Vec::new());
    }
}

/// Where the first of these programs is that this machine has.
fn program(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = || std::env::split_paths(&path);
    let mut found = names.iter().flat_map(|name| places().map(move |place| place.join(name)));
    found.find(|file| file.is_file()).unwrap_or_else(|| {
        panic!(
            "{} is not on the PATH, and the test of the page needs it. `cargo xtask test` installs it; on Debian: \
             apt-get install chromium chromium-driver",
            names[0]
        )
    })
}

/// What a page shows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Shown {
    /// The connection's state.
    pub(crate) state: String,
    /// The position of the map.
    pub(crate) position: String,
    /// The faders' levels in percent, by dimmer; without those that have none.
    pub(crate) levels: BTreeMap<u16, f64>,
    /// The ghost marks.
    pub(crate) ghosts: BTreeMap<u16, f64>,
    /// How many faders take moves.
    pub(crate) unlocked: usize,
}

/// Answers after a frame, in which whatever happened before has been drawn.
const LOOK: &str = r#"
    const [answer] = arguments;
    const faders = [...document.querySelectorAll('[data-dimmer]')];
    const each = (which, level) => Object.fromEntries(faders.filter(which).map((f) => [f.dataset.dimmer, level(f)]));
    requestAnimationFrame(() => requestAnimationFrame(() => answer({
        state: document.body.dataset.state,
        position: document.body.dataset.position ?? '',
        levels: each((f) => !('unset' in f.dataset), (f) => Number(f.getAttribute('aria-valuenow'))),
        ghosts: each((f) => 'ghost' in f.dataset, (f) => Number(f.dataset.ghost)),
        unlocked: faders.filter((f) => f.getAttribute('aria-disabled') === 'false').length,
    })));
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

/// A page in a browser.
pub(crate) struct Page {
    client: Client,
    _profile: TempDir,
}

impl Page {
    /// What it shows now.
    pub(crate) async fn look(&self) -> Shown {
        let shown = self.client.execute_async(LOOK, Vec::new()).await.expect("the page answers");
        serde_json::from_value(shown).expect("what it shows")
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

    /// Waits until it shows this level of a dimmer.
    pub(crate) async fn until_level(&self, dimmer: u16, level: f64) -> Shown {
        self.until(&format!("dimmer {dimmer} at {level}"), |shown| shown.levels.get(&dimmer) == Some(&level)).await
    }

    /// Takes the fader's cap with the mouse.
    pub(crate) async fn press(&self, dimmer: u16) {
        let cap = self.find(&format!("[data-dimmer='{dimmer}'] .cap")).await;
        let mouse = mouse()
            .then(PointerAction::MoveToElement { element: cap, duration: None, x: 0.0, y: 0.0 })
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
        self.client.perform_actions(mouse).await.expect("the mouse takes the cap");
    }

    /// Moves the mouse up by this share of the fader's travel, in steps as a hand would. Negative is down.
    pub(crate) async fn drag(&self, dimmer: u16, share: f64) {
        const STEPS: u8 = 20;
        const STEP: Duration = Duration::from_millis(16);
        let travel = self.find(&format!("[data-dimmer='{dimmer}'] .travel")).await;
        let (.., height) = travel.rectangle().await.expect("its place");
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

    /// Types on the fader.
    pub(crate) async fn type_keys(&self, dimmer: u16, keys: &str) {
        let fader = self.find(&format!("[data-dimmer='{dimmer}']")).await;
        fader.send_keys(keys).await.expect("the fader takes keys");
    }

    /// From now on, notes what the fader shows.
    pub(crate) async fn watch(&self, dimmer: u16) {
        self.client.execute(WATCH, vec![json!(dimmer)]).await.expect("the page watches");
    }

    /// What has been noted.
    pub(crate) async fn seen(&self) -> Seen {
        let seen = self.client.execute("return window.seen", Vec::new()).await.expect("the page answers");
        serde_json::from_value(seen).expect("what was seen")
    }

    async fn find(&self, selector: &str) -> fantoccini::elements::Element {
        self.client.find(Locator::Css(selector)).await.expect("the page has it")
    }
}

/// One and the same mouse each time: it goes on where it was.
fn mouse() -> MouseActions {
    MouseActions::new("mouse".to_owned())
}
