//! What a kubelet does with a container: asks whether it has started, whether it is ready, and whether it lives.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::watch;

use super::image::words;
use super::render::{Network, Places};
use crate::files::said;
use crate::manifests::Workload;

/// More often than a kubelet, so that a test is over sooner.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// What a container is asked.
pub(crate) struct Probes {
    startup: Probe,
    readiness: Probe,
    liveness: Probe,
}

/// One question.
pub(crate) struct Probe {
    asks: Asks,
    /// The answer counts within this.
    within: Duration,
    /// It is believed that the answer is bad after so long.
    believed_after: Duration,
}

enum Asks {
    Get(String),
    Exec(Exec),
}

/// A command in a pod.
#[derive(Clone)]
pub(crate) struct Exec {
    pub(crate) command: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
}

/// How a container is, as far as its kubelet knows.
#[derive(Clone, Default)]
pub(crate) struct Health {
    pub(crate) has_started: bool,
    pub(crate) is_ready: bool,
    /// How often it was found to live.
    pub(crate) lived: u32,
    /// Why it was found not to live: each time.
    pub(crate) lifeless: Vec<String>,
}

impl Probes {
    /// What a container of a pod is asked there, where a command finds this environment.
    pub(crate) fn of(
        workload: Workload<'_>,
        container: &Value,
        places: &Places,
        environment: &BTreeMap<String, String>,
    ) -> Self {
        let probe = |name: &str| {
            let probe = &container[name];
            let number = |key: &str, unless: u64| probe.get(key).map_or(unless, |value| value.as_u64().unwrap());
            let asks = match (probe.get("httpGet"), probe.get("exec")) {
                (Some(get), None) => {
                    let port = workload.port(&get["port"]).unwrap_or_else(|| panic!("{get}: no such port"));
                    Asks::Get(format!("http://{}{}", places.address(port), said(get, "path")))
                }
                (None, Some(exec)) => Asks::Exec(Exec::of(exec, places, environment)),
                _ => panic!("{name} of {} is {probe}", workload.name()),
            };
            // What a probe does not say is as Kubernetes has it.
            let seconds = Duration::from_secs;
            let believed_after = seconds(number("periodSeconds", 10) * number("failureThreshold", 3));
            Probe { asks, within: seconds(number("timeoutSeconds", 1)), believed_after }
        };
        Self { startup: probe("startupProbe"), readiness: probe("readinessProbe"), liveness: probe("livenessProbe") }
    }

    /// Asks whether it is ready.
    ///
    /// # Errors
    /// It is not, and what it says of that.
    pub(crate) async fn ready(&self) -> Result<String, String> {
        self.readiness.ask().await
    }

    /// Asks all of it again and again, for as long as the pod is not to end.
    pub(crate) async fn watch(&self, health: &watch::Sender<Health>) {
        while self.startup.ask().await.is_err() {
            tokio::time::sleep(PROBE_INTERVAL).await;
        }
        health.send_modify(|health| health.has_started = true);
        let mut answered_well = Instant::now();
        loop {
            let ready = self.readiness.ask().await.is_ok();
            if ready {
                answered_well = Instant::now();
            }
            let is_believed = answered_well.elapsed() > self.readiness.believed_after;
            let lives = self.liveness.ask().await;
            health.send_modify(|health| {
                health.is_ready = ready || (health.is_ready && !is_believed);
                match lives {
                    Ok(_) => health.lived += 1,
                    Err(why) => health.lifeless.push(why),
                }
            });
            tokio::time::sleep(PROBE_INTERVAL).await;
        }
    }
}

impl Probe {
    async fn ask(&self) -> Result<String, String> {
        let asking = async {
            match &self.asks {
                Asks::Get(url) => get(url).await,
                Asks::Exec(exec) => exec.run().await,
            }
        };
        tokio::time::timeout(self.within, asking).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }
}

async fn get(url: &str) -> Result<String, String> {
    let failed = |error: reqwest::Error| error.to_string();
    let answer = reqwest::get(url).await.map_err(failed)?;
    let is_good = answer.status().is_success();
    let text = answer.text().await.map_err(failed)?;
    if is_good { Ok(text) } else { Err(text) }
}

impl Exec {
    /// The command that a probe or a hook names.
    pub(crate) fn of(action: &Value, places: &Places, environment: &BTreeMap<String, String>) -> Self {
        let command = words(action, "command").iter().map(|word| places.render(word, &Network::default())).collect();
        Self { command, environment: environment.clone() }
    }

    /// Runs it to its end, and gives what it says.
    ///
    /// # Errors
    /// It fails; with what it says.
    pub(crate) async fn run(&self) -> Result<String, String> {
        self.run_with("").await
    }

    /// Runs it to its end with this as its input.
    ///
    /// # Errors
    /// As of [`Self::run`].
    pub(crate) async fn run_with(&self, input: &str) -> Result<String, String> {
        let (program, args) = self.command.split_first().unwrap();
        // It is looked for on the PATH that is given to it.
        let mut command = Command::new("env");
        command.env_clear().envs(&self.environment).arg(program).args(args).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let given = async move {
            // Who does not read it to its end says so by failing, or has no use for it.
            let _ = stdin.write_all(input.as_bytes()).await;
        };
        let (output, ()) = tokio::join!(child.wait_with_output(), given);
        let output = output.unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            return Ok(said(&output.stdout));
        }
        Err(said(&output.stdout) + &said(&output.stderr))
    }
}
