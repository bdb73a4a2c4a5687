//! What WebDriver has no words for: Chromium's own protocol, through ChromeDriver.

use std::str::FromStr;

use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::{Method, Url};
use serde_json::{Value, json};

/// One command of the Chrome DevTools protocol.
#[derive(Debug)]
struct DevTools {
    command: String,
    params: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as FromStr>::Err> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.command, "params": self.params }).to_string()))
    }
}

/// Runs a command, and answers what it answers.
pub(crate) async fn run(client: &Client, command: &str, params: Value) -> Value {
    let answer = client.issue_cmd(DevTools { command: command.to_owned(), params }).await;
    answer.unwrap_or_else(|error| panic!("{command}: {error}"))
}
