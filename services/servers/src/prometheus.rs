//! A Prometheus server.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::ports::Port;
use crate::process::Launch;
use crate::service::Service;
use crate::{probe, programs};

/// Labels with their values.
pub type Labels = BTreeMap<String, String>;

/// The options of a Prometheus.
#[derive(Clone, Debug)]
pub struct PrometheusOptions {
    /// How often it reads its targets and evaluates its rules. A target that takes longer to answer is down.
    pub interval: Duration,
    /// Files of rules. Prometheus gets copies of them.
    pub rules: Vec<PathBuf>,
    /// How long the condition of an alert must hold before the alert fires, in place of each `for` in the rules.
    pub hold: Option<Duration>,
}

impl Default for PrometheusOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), rules: Vec::new(), hold: None }
    }
}

/// A target from which Prometheus reads metrics, at `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The label `job`.
    pub job: String,
    /// The target's address, which is the label `instance`.
    pub address: SocketAddr,
}

/// A series in an answer, with its current value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The series' labels. Its name is `__name__`.
    pub labels: Labels,
    /// The value of the series.
    pub value: f64,
}

/// An alert that is firing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Alert {
    /// The alert's labels. Its name is `alertname`.
    pub labels: Labels,
    /// The alert's texts for people.
    pub annotations: Labels,
}

impl Alert {
    /// The alert's name; empty if it has none.
    pub fn name(&self) -> &str {
        self.labels.get("alertname").map_or("", String::as_str)
    }
}

/// An exemplar: one example of what a series counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// The series' labels.
    pub series: Labels,
    /// The exemplar's own labels: `trace_id`.
    pub labels: Labels,
    /// The exemplar's value.
    pub value: f64,
}

/// A Prometheus that stores exemplars, on a port and in a folder of its own. It is killed when this value is dropped.
pub struct Prometheus {
    service: Service,
    port: Port,
    folder: TempDir,
}

impl Prometheus {
    /// Starts a server that reads these targets, and waits until it is ready.
    ///
    /// # Errors
    /// Prometheus is not installed, a file of rules cannot be read, or the server did not become ready.
    pub async fn start(options: &PrometheusOptions, targets: &[Target]) -> io::Result<Self> {
        let program = programs::prometheus()?;
        let (port, folder) = (Port::reserve()?, TempDir::new()?);
        let config = folder.path().join("prometheus.yml");
        fs::write(&config, configuration(options, folder.path())?)?;
        let args = vec![
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", folder.path().join("data").display()),
            format!("--web.listen-address={}", port.address()),
            "--enable-feature=exemplar-storage".to_owned(),
        ];
        let launch = Launch { program, args, environment: None, folder: folder.path().to_owned(), user: None };
        let mut prometheus = Self { service: Service::new(launch, "TERM"), port, folder };
        prometheus.read(targets)?;
        let address = prometheus.address();
        prometheus.service.start(async || probe::get(address, "/-/ready").await.is_some()).await?;
        Ok(prometheus)
    }

    /// Replaces the targets. Prometheus notices within seconds.
    ///
    /// # Errors
    /// The server's folder cannot be written.
    pub fn read(&self, targets: &[Target]) -> io::Result<()> {
        let list = |target: &Target| {
            serde_json::json!({
                "targets": [target.address.to_string()],
                "labels": { "job": target.job },
            })
        };
        let list: Vec<_> = targets.iter().map(list).collect();
        // The file is renamed into place, so that Prometheus never reads half of it.
        let new = self.folder.path().join("targets.new");
        fs::write(&new, serde_json::to_string(&list)?)?;
        fs::rename(new, targets_file(self.folder.path()))
    }

    /// The server's address.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The number of the server's process.
    ///
    /// # Errors
    /// The server is not running.
    pub fn pid(&self) -> io::Result<u32> {
        Ok(self.service.process()?.pid())
    }

    /// The answer to a query of instant values, which may be empty.
    ///
    /// # Errors
    /// The server does not answer, the query is wrong, or its answer is not a list of series.
    pub async fn query(&self, query: &str) -> io::Result<Vec<Sample>> {
        let answer: Vector = self.ask(&format!("/api/v1/query?query={}", encoded(query))).await?;
        let sample = |sample: RawSample| {
            let value = sample.value.1.parse().map_err(|_| wrong(&format!("{query} is {}", sample.value.1)))?;
            Ok(Sample { labels: sample.metric, value })
        };
        answer.result.into_iter().map(sample).collect()
    }

    /// Repeats a query until its answer meets a condition, and returns that answer.
    ///
    /// # Errors
    /// As of [`Prometheus::query`], or the condition was not met in time; the error quotes the last answer.
    pub async fn until(&self, query: &str, is_so: impl Fn(&[Sample]) -> bool) -> io::Result<Vec<Sample>> {
        let mut last = Vec::new();
        let asked = probe::until(query, async || {
            last = self.query(query).await?;
            Ok(is_so(&last).then(|| last.clone()))
        });
        let answer = asked.await;
        answer.map_err(|error| io::Error::new(error.kind(), format!("{error}; the last answer: {last:?}")))
    }

    /// The alerts that are firing.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn firing(&self) -> io::Result<Vec<Alert>> {
        let answer: RawAlerts = self.ask("/api/v1/alerts").await?;
        Ok(answer.alerts.into_iter().filter(|alert| alert.state == "firing").map(|alert| alert.alert).collect())
    }

    /// Waits until an alert is firing, and returns it: one of them, if there are several.
    ///
    /// # Errors
    /// The server does not answer, or the alert does not fire in time; the error quotes those that do.
    pub async fn until_firing(&self, name: &str) -> io::Result<Alert> {
        let mut last = Vec::new();
        let asked = probe::until(name, async || {
            last = self.firing().await?;
            Ok(last.iter().find(|alert| alert.name() == name).cloned())
        });
        let answer = asked.await;
        answer.map_err(|error| io::Error::new(error.kind(), format!("{error}; what fires: {last:?}")))
    }

    /// The exemplars of the series in a query.
    ///
    /// # Errors
    /// The server does not answer, or the query is wrong.
    pub async fn exemplars(&self, query: &str) -> io::Result<Vec<Exemplar>> {
        // From 1970 on, which includes all exemplars.
        let path = format!("/api/v1/query_exemplars?query={}&start=0&end=9999999999", encoded(query));
        let answer: Vec<RawExemplars> = self.ask(&path).await?;
        let each = answer
            .into_iter()
            .flat_map(|RawExemplars { series, exemplars }| exemplars.into_iter().map(move |raw| (series.clone(), raw)));
        let exemplar = |(series, RawExemplar { labels, value }): (Labels, RawExemplar)| {
            let value = value.parse().map_err(|_| wrong(&format!("an exemplar is {value}")))?;
            Ok(Exemplar { series, labels, value })
        };
        each.map(exemplar).collect()
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str) -> io::Result<T> {
        let answer = probe::answer(self.address(), path).await;
        let (_, body) = answer.ok_or_else(|| wrong(&format!("no answer to {path}")))?;
        let answer: Answer = serde_json::from_str(&body).map_err(|_| wrong(&format!("{path} answered {body}")))?;
        if let Some(error) = answer.error {
            return Err(wrong(&format!("{path}: {error}")));
        }
        T::deserialize(answer.data).map_err(|error| wrong(&format!("{path} answered {body}: {error}")))
    }
}

/// A command that runs the `promtool` of the tests' Prometheus, without arguments.
///
/// # Errors
/// promtool is not installed.
pub fn promtool() -> io::Result<Command> {
    programs::promtool().map(Command::new)
}

/// <https://prometheus.io/docs/prometheus/latest/querying/api/>
#[derive(Deserialize)]
struct Answer {
    error: Option<String>,
    #[serde(default)]
    data: serde_json::Value,
}

#[derive(Deserialize)]
struct Vector {
    result: Vec<RawSample>,
}

#[derive(Deserialize)]
struct RawSample {
    metric: Labels,
    /// The time, and the value as text.
    value: (f64, String),
}

#[derive(Deserialize)]
struct RawAlerts {
    alerts: Vec<RawAlert>,
}

#[derive(Deserialize)]
struct RawAlert {
    state: String,
    #[serde(flatten)]
    alert: Alert,
}

#[derive(Deserialize)]
struct RawExemplars {
    #[serde(rename = "seriesLabels")]
    series: Labels,
    exemplars: Vec<RawExemplar>,
}

#[derive(Deserialize)]
struct RawExemplar {
    labels: Labels,
    value: String,
}

fn wrong(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}

fn encoded(query: &str) -> impl std::fmt::Display {
    utf8_percent_encode(query, NON_ALPHANUMERIC)
}

fn targets_file(folder: &Path) -> PathBuf {
    folder.join("targets.json")
}

fn configuration(options: &PrometheusOptions, folder: &Path) -> io::Result<String> {
    let every = options.interval.as_millis();
    let mut config = format!(
        "global: {{ scrape_interval: {every}ms, scrape_timeout: {every}ms, evaluation_interval: {every}ms }}\n\
         scrape_configs: [{{ job_name: tests, file_sd_configs: [{{ files: [{:?}], refresh_interval: 1s }}] }}]\n\
         rule_files:\n",
        targets_file(folder),
    );
    for (number, rules) in options.rules.iter().enumerate() {
        let text = fs::read_to_string(rules)?;
        let copy = folder.join(format!("rules-{number}.yml"));
        fs::write(&copy, options.hold.map_or_else(|| text.clone(), |hold| held(&text, hold)))?;
        let _ = writeln!(config, "  - {copy:?}");
    }
    Ok(config)
}

/// The same rules with another duration in each `for`.
fn held(rules: &str, hold: Duration) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix("for:") {
        Some(_) => format!("{}for: {}ms\n", &line[..line.len() - line.trim_start().len()], hold.as_millis()),
        None => format!("{line}\n"),
    };
    rules.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_held_as_long_as_the_test_wants() {
        let rules =
            "rules:\n  - alert: Dark\n    expr: light == 0 # for: ever\n    for: 5m\n    labels: { for: house }\n";
        let held = held(rules, Duration::from_secs(2));
        assert_eq!(held, rules.replace("for: 5m", "for: 2000ms"));
    }
}
