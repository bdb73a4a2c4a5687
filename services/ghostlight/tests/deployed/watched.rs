//! A real deployment under a real Prometheus: the dashboard shows it, and alerts fire when something is wrong with it.

use std::net::SocketAddr;
use std::time::Duration;

use ghostlight_servers::{NatsOptions, NatsServer, Postgres, Prometheus, PrometheusOptions, Target};
use serde_json::json;

use crate::dashboard::queries;
use crate::files::deploy;
use crate::process::Process;
use crate::support::{Console, until, within};

/// Two gateways, two state services, consoles, and who watches all that.
struct Watched {
    nats: NatsServer,
    postgres: Postgres,
    states: Vec<Process>,
    _gateways: Vec<Process>,
    addresses: Vec<SocketAddr>,
    targets: Vec<Target>,
    prometheus: Prometheus,
}

impl Watched {
    async fn start() -> Self {
        let nats = NatsServer::start(&NatsOptions::default()).await.unwrap();
        let postgres = Postgres::start().await.unwrap();
        let store = postgres.database("watched").await.unwrap();
        let url = nats.url();
        let state = || {
            Process::start(&["state", "--bus", &url, "--store", &store, "--admin", "127.0.0.1:0"].map(str::to_owned))
        };
        // Traced, so that histograms have examples; nobody takes the spans.
        let traced = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9".to_owned())];
        let gateway = || {
            let args = ["gateway", "--bus", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
            Process::start_with(&args.map(str::to_owned), &traced)
        };
        let (states, gateways) = (vec![state(), state()], vec![gateway(), gateway()]);
        let mut targets = Vec::new();
        for (job, processes) in [("ghostlight-state", &states), ("ghostlight-gateway", &gateways)] {
            for process in processes {
                let address = process.admin().await.trim_start_matches("http://").parse().unwrap();
                targets.push(Target { job: job.to_owned(), address });
            }
        }
        for state in &states {
            state.says("store").await;
        }
        let mut addresses = Vec::new();
        for gateway in &gateways {
            addresses.push(gateway.address().await);
        }
        let options = PrometheusOptions {
            interval: Duration::from_millis(500),
            rules: vec![deploy("dashboards/alerts.yaml")],
            hold: Some(Duration::from_secs(1)),
        };
        let prometheus = Prometheus::start(&options, &targets).await.unwrap();
        Self { nats, postgres, states, _gateways: gateways, addresses, targets, prometheus }
    }

    /// Changes something, over HTTP.
    async fn change(&self, level: usize) {
        let url = format!("http://{}/", self.addresses[level % 2]);
        let asked = reqwest::Client::new().post(url).json(&json!({"1": level % 100})).send();
        let status = within("an answer", asked).await.unwrap().status();
        assert!(status.is_success() || status == reqwest::StatusCode::SERVICE_UNAVAILABLE, "{status}");
    }

    /// Lets a gateway hear of a map that no state service has, at the position where all stand.
    async fn tell_a_lie(&self) {
        let levels = reqwest::get(format!("http://{}/v1/rigs/main/levels", self.addresses[0])).await.unwrap();
        let position = levels.headers()["etag"].to_str().unwrap().trim_matches('"').to_owned();
        let (epoch, revision) = position.split_once('-').unwrap();
        let lie = format!(
            r#"{{"type":"beacon","epoch":{epoch},"revision":{revision},"digests":{{"levels":"0123456789abcdef"}}}}"#
        );
        let client = async_nats::connect(self.nats.url()).await.unwrap();
        client.publish("ghostlight.main.echo", lie.into()).await.unwrap();
        client.flush().await.unwrap();
    }

    async fn fires(&self, alert: &str) -> String {
        let fires = async {
            let mut level = 0;
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                level += 1;
                self.change(level).await;
            }
        };
        tokio::select! {
            alert = self.prometheus.until_firing(alert) => alert.unwrap().labels["instance"].clone(),
            () = fires => unreachable!("it goes on for ever"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_shows_a_running_deployment_and_alerts_fire_on_what_is_wrong_with_it() {
    let mut watched = Watched::start().await;
    let mut consoles = Vec::new();
    for address in &watched.addresses {
        consoles.push(Console::open(*address, None).await);
    }
    // Every query of the dashboard has something to show.
    let mut level = 0;
    let mut left = queries().into_iter().map(|query| (query.place.clone(), query.for_prometheus())).collect::<Vec<_>>();
    until("the whole dashboard", async || {
        for _ in 0..20 {
            level += 1;
            watched.change(level).await;
        }
        let mut empty = Vec::new();
        for (place, query) in std::mem::take(&mut left) {
            let samples = watched.prometheus.query(&query).await.unwrap();
            if !samples.iter().any(|sample| !sample.value.is_nan()) {
                empty.push((place, query));
            }
        }
        left = empty;
        println!("still nothing: {left:?}");
        left.is_empty().then_some(())
    })
    .await;
    let examples = watched.prometheus.exemplars("ghostlight_echo_seconds_bucket").await.unwrap();
    assert!(examples.iter().any(|example| example.labels["trace_id"].len() == 32), "{examples:?}");
    let firing = watched.prometheus.firing().await.unwrap();
    assert!(firing.is_empty(), "all is well: {firing:?}");

    // A store that is held back.
    watched.postgres.pause().unwrap();
    watched.fires("GhostlightStoreLagging").await;
    let ready = reqwest::get(format!("http://{}/readyz", watched.targets[0].address)).await.unwrap();
    assert_eq!(ready.status(), reqwest::StatusCode::OK, "the show goes on");
    let ready = ready.text().await.unwrap();
    assert!(ready.starts_with("ready; the store has been behind for "), "{ready}");
    watched.postgres.resume().unwrap();

    // A replica that is not what the state service has.
    let lies = async {
        loop {
            watched.tell_a_lie().await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        diverged = watched.prometheus.until_firing("GhostlightReplicaDiverged") => drop(diverged.unwrap()),
        () = lies => unreachable!("it goes on for ever"),
    }

    // A state service that is gone.
    watched.states[1].kill().await;
    let instance = watched.fires("GhostlightDown").await;
    assert_eq!(instance, watched.targets[1].address.to_string());
}
