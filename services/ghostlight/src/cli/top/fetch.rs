//! Asking the processes, all at once and each with a deadline.

use std::error::Error;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

use super::rates::Reading;
use super::scrape::Scrape;

/// How long a process has to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// All that is read of an answer: some hundred series are a few ten thousand bytes.
const MAX_BYTES: usize = 4 << 20;

/// The admin listener of a process.
#[derive(Clone, Debug)]
pub struct Listener {
    name: String,
    metrics: Url,
}

impl std::str::FromStr for Listener {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut metrics = Url::parse(text).map_err(|error| error.to_string())?;
        let (Some(host), Some(port)) = (metrics.host_str(), metrics.port_or_known_default()) else {
            return Err("http://HOST:PORT is wanted".to_owned());
        };
        if metrics.scheme() != "http" || !matches!(metrics.path(), "/" | "/metrics") {
            return Err("http://HOST:PORT is wanted".to_owned());
        }
        let name = format!("{host}:{port}");
        metrics.set_path("/metrics");
        Ok(Self { name, metrics })
    }
}

/// Who is asked.
#[derive(Debug)]
pub struct Asker {
    client: Client,
    listeners: Vec<Listener>,
    began: Instant,
}

impl Asker {
    /// Asks these, itself: no proxy, and nobody else to whom an answer points.
    ///
    /// # Errors
    /// When there can be no client.
    pub fn new(listeners: Vec<Listener>) -> reqwest::Result<Self> {
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(ANSWER_TIMEOUT).build()?;
        Ok(Self { client, listeners, began: Instant::now() })
    }

    /// What each of them says now.
    pub async fn ask(&self) -> Vec<Reading> {
        join_all(self.listeners.iter().map(|listener| self.ask_one(listener))).await
    }

    async fn ask_one(&self, listener: &Listener) -> Reading {
        let answer = match self.text(listener).await {
            Ok(text) => Scrape::parse(&text).map_err(|error| error.to_string()),
            Err(why) => Err(why),
        };
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Reading {
            name: listener.name.clone(),
            at_seconds: self.began.elapsed().as_secs_f64(),
            unix_seconds: unix.as_secs_f64(),
            answer,
        }
    }

    async fn text(&self, listener: &Listener) -> Result<String, String> {
        let asked = self.client.get(listener.metrics.clone()).send().await;
        let mut answer = asked.and_then(Response::error_for_status).map_err(|error| why(&error))?;
        let mut body = Vec::new();
        while let Some(more) = answer.chunk().await.map_err(|error| why(&error))? {
            if body.len() + more.len() > MAX_BYTES {
                return Err("its answer is too long".to_owned());
            }
            body.extend_from_slice(&more);
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

/// The cause, without what everybody knows: whom was asked.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", ANSWER_TIMEOUT.as_secs());
    }
    if let Some(status) = error.status() {
        return format!("it answers {status}");
    }
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_a_host_and_a_port() {
        for (text, name) in [
            ("http://127.0.0.1:9464", "127.0.0.1:9464"),
            ("http://127.0.0.1:9464/metrics", "127.0.0.1:9464"),
            ("http://one", "one:80"),
            ("http://[::1]:9464/", "[::1]:9464"),
        ] {
            let listener: Listener = text.parse().unwrap();
            assert_eq!((listener.name.as_str(), listener.metrics.path()), (name, "/metrics"), "{text}");
        }
        for text in ["", "127.0.0.1:9464", "https://one:9464", "http://", "http://one:70000", "http://one/other"] {
            assert!(text.parse::<Listener>().is_err(), "{text}");
        }
    }
}
