//! Scrapes all processes at once, each with a time limit.

use std::error::Error;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::Uri;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use url::Url;

use crate::rates::Reading;
use crate::scrape::Scrape;

/// How long a process may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The largest answer that is read. Some hundred series have some ten thousand bytes.
const MAX_BYTES: usize = 4 << 20;

const TOO_LONG: &str = "the answer is too long";

/// The admin listener of a process.
#[derive(Clone, Debug)]
pub struct Listener {
    name: String,
    metrics: Uri,
}

impl std::str::FromStr for Listener {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut metrics = Url::parse(text).map_err(|error| error.to_string())?;
        let (Some(host), Some(port)) = (metrics.host_str(), metrics.port_or_known_default()) else {
            return Err("a URL is of the form http://HOST:PORT".to_owned());
        };
        if metrics.scheme() != "http" || !matches!(metrics.path(), "/" | "/metrics") {
            return Err("a URL is of the form http://HOST:PORT".to_owned());
        }
        let name = format!("{host}:{port}");
        metrics.set_path("/metrics");
        let metrics = metrics.as_str().parse().map_err(|error: hyper::http::uri::InvalidUri| error.to_string())?;
        Ok(Self { name, metrics })
    }
}

/// Scrapes the admin listeners of processes.
#[derive(Debug)]
pub struct Asker {
    client: Client<HttpConnector, Empty<Bytes>>,
    listeners: Vec<Listener>,
    began: Instant,
}

impl Asker {
    /// Scrapes these listeners, without a proxy, and does not follow redirections.
    pub fn new(listeners: Vec<Listener>) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, listeners, began: Instant::now() }
    }

    /// Scrapes all listeners at once.
    pub async fn ask(&self) -> Vec<Reading> {
        join_all(self.listeners.iter().map(|listener| self.ask_one(listener))).await
    }

    async fn ask_one(&self, listener: &Listener) -> Reading {
        let text = tokio::time::timeout(ANSWER_TIMEOUT, self.text(listener)).await;
        let text = text.unwrap_or_else(|_| Err(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs())));
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Reading {
            name: listener.name.clone(),
            at_seconds: self.began.elapsed().as_secs_f64(),
            unix_seconds: unix.as_secs_f64(),
            answer: text.and_then(|text| Scrape::parse(&text).map_err(|error| error.to_string())),
        }
    }

    async fn text(&self, listener: &Listener) -> Result<String, String> {
        let answer = self.client.get(listener.metrics.clone()).await.map_err(|error| cause(&error))?;
        if !answer.status().is_success() {
            return Err(format!("the status is {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
        let body =
            body.map_err(|error| if error.is::<LengthLimitError>() { TOO_LONG.to_owned() } else { cause(&*error) })?;
        Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
    }
}

/// The innermost cause of an error. The outer ones only say which process was asked.
fn cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
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
