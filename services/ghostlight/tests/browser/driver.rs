//! Chromium, driven through WebDriver.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::PATIENCE;
use crate::page::Page;
use crate::screen::Screen;

/// Chromium talks to nobody but us.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// So often ChromeDriver is started before it is said that it cannot be.
const STARTS: usize = 5;

/// A running ChromeDriver. Dropped, it takes its browsers with it, also when a test panics.
pub(crate) struct Driver {
    port: u16,
    _process: Child,
}

impl Driver {
    /// Starts ChromeDriver on a free port. It chooses one of IPv4, and ends if another has the same of IPv6: then it is
    /// started again.
    pub(crate) async fn start() -> Self {
        for _ in 0..STARTS {
            if let Some(driver) = Self::try_to_start().await {
                return driver;
            }
        }
        panic!("chromedriver ended {STARTS} times without a word about its port");
    }

    async fn try_to_start() -> Option<Self> {
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
                    return Some(port.trim_end_matches('.').parse().expect("a port"));
                }
            }
            None
        };
        let port = timeout(PATIENCE, port).await.expect("chromedriver tells its port")?;
        Some(Self { port, _process: process })
    }

    /// Opens a page in a browser of its own, so that no page is in the background.
    pub(crate) async fn open(&self, url: &str, screen: Screen) -> Page {
        self.open_with(url, screen, &[]).await
    }

    /// Opens a page in a browser of its own with these further flags.
    pub(crate) async fn open_with(&self, url: &str, screen: Screen, flags: &[&str]) -> Page {
        let profile = tempfile::tempdir().expect("a directory for the browser's profile");
        let mut args: Vec<String> = FLAGS.map(str::to_owned).into();
        args.extend(flags.iter().map(|flag| (*flag).to_owned()));
        args.push(format!("--user-data-dir={}", profile.path().display()));
        args.push(format!("--window-size={},{}", screen.width, screen.height));
        let browser = program(&["chromium", "chromium-browser", "google-chrome"]);
        let options = json!({ "goog:chromeOptions": { "binary": browser, "args": args } });
        let serde_json::Value::Object(capabilities) = options else { unreachable!("it is an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .expect("Chromium starts");
        let page = Page::new(client, profile);
        page.resize(screen).await;
        page.go(url).await;
        page
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
