//! Beside NATS alone: the yardsticks count, and leave nothing behind. The server is the stand-in; NATS is real.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, StorageType};
use async_nats::jetstream::{self, Context};
use futures_util::TryStreamExt;
use ghostlight_bench::{Failure, Measure, NatsServers, Options, Report, Yardstick};
use ghostlight_servers::{NatsOptions, NatsServer};

use crate::support::{answers, bare, brief, run};

/// NATS with a log, and what measures it.
struct Joined {
    nats: NatsServer,
    jetstream: Context,
}

impl Joined {
    async fn start() -> Self {
        let nats = NatsServer::start(&NatsOptions::default()).await.unwrap();
        let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
        let log = Config {
            name: "GHOSTLIGHT".into(),
            subjects: vec!["ghostlight.*.changes".into()],
            storage: StorageType::Memory,
            ..Config::default()
        };
        jetstream.create_stream(log).await.unwrap();
        Self { nats, jetstream }
    }

    /// A short run against a bare server.
    async fn options(&self, measure: Measure, most: u64) -> Options {
        let mut options = brief(measure, bare().await, Yardstick::None);
        let monitoring = Some(format!("http://{}", self.nats.monitoring()));
        options.nats = Some(NatsServers { urls: self.nats.url(), monitoring });
        options.effort.most = most;
        options
    }

    async fn measure(&self, measure: Measure, most: u64) -> Report {
        run(&self.options(measure, most).await).await.unwrap()
    }

    async fn streams(&self) -> Vec<String> {
        self.jetstream.stream_names().try_collect().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn echoes_of_nats_are_counted() {
    let joined = Joined::start().await;
    let report = joined.measure(Measure::Echo, 30).await;
    let [quick, paced] = &report.measures[..] else { panic!("{report:?}") };
    for measured in [quick, paced] {
        assert_eq!(answers(measured), [("ghostlight", 60), ("hops", 60), ("kv", 60)], "2 rounds of 30");
        let wanted: Vec<_> = measured.wanted.iter().map(|want| (want.figure, want.over, want.met.is_some())).collect();
        assert_eq!(wanted, [("p50_us", Some("hops"), true), ("p50_us", Some("kv"), true)]);
    }
    let log = report.log.as_ref().unwrap();
    assert_eq!((log.storage, log.replicas, log.sync.as_deref()), ("memory", 1, Some("120 s")));
    assert!(report.notes.iter().any(|note| note.contains("the log took nothing")), "{:?}", report.notes);
    assert_eq!(joined.streams().await, ["GHOSTLIGHT"]);

    let table = report.to_string();
    for part in ["kept in memory, replicas 1, sync_interval 120 s", "over hops", "wanted at most 1.6 of kv"] {
        assert!(table.contains(part), "{part:?} is missing in\n{table}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["log"]["replicas"], 1);
    assert_eq!(json["measures"][0]["wanted"][0]["at_most"], 1.3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn puts_are_counted() {
    let joined = Joined::start().await;
    let report = joined.measure(Measure::Http, 200).await;
    let [one, many] = &report.measures[..] else { panic!("{report:?}") };
    assert_eq!(answers(one), [("ghostlight", 400), ("kv", 400)], "2 rounds of 200");
    assert_eq!(answers(many), [("ghostlight", 400), ("kv", 400), ("kv shared", 400)]);
    let wanted: Vec<_> = many.wanted.iter().map(|want| (want.over, want.met.is_some())).collect();
    assert_eq!(wanted, [(Some("kv"), true), (Some("kv shared"), true)]);
    assert_eq!(joined.streams().await, ["GHOSTLIGHT"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_remains_of_a_run_that_is_ended_or_was_killed() {
    let joined = Joined::start().await;
    for name in ["GHOSTLIGHT_BENCH", "KV_GHOSTLIGHT_BENCH"] {
        let left_over = Config { name: name.into(), subjects: vec![format!("left.{name}")], ..Config::default() };
        joined.jetstream.create_stream(left_over).await.unwrap();
    }
    let mut options = joined.options(Measure::Echo, u64::MAX).await;
    options.effort.lasting = Duration::from_secs(1);
    let hops = async_nats::connect(joined.nats.url()).await.unwrap();
    let mut hops = hops.subscribe("ghostlight-bench.back").await.unwrap();
    let runs = async {
        let ended = async { drop(futures_util::StreamExt::next(&mut hops).await) };
        ghostlight_bench::run(&options, ended).await
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), runs).await.unwrap();
    assert!(matches!(ended, Err(Failure::Ended)), "{ended:?}");
    assert_eq!(joined.streams().await, ["GHOSTLIGHT"]);
}

#[tokio::test]
async fn what_cannot_be_measured_beside_it_is_told() {
    let joined = Joined::start().await;
    let options = joined.options(Measure::Echo, 1).await;
    let told = async |urls: &str, monitoring: Option<&str>| {
        let mut options = options.clone();
        options.nats = Some(NatsServers { urls: urls.into(), monitoring: monitoring.map(str::to_owned) });
        run(&options).await.unwrap_err()
    };
    let remote = told("nats://192.0.2.1:4222", None).await;
    assert!(matches!(remote, Failure::Remote(_)), "{remote}");
    let no_url = told("http://user:secret@nowhere", None).await;
    assert!(matches!(no_url, Failure::Nats(_)) && !no_url.to_string().contains("secret"), "{no_url}");
    let away = told("nats://127.0.0.1:1", None).await;
    assert!(matches!(away, Failure::Nats(_)), "{away}");
    let no_monitoring = told(&joined.nats.url(), Some(&options.url)).await;
    assert!(no_monitoring.to_string().contains("is not a monitoring port"), "{no_monitoring}");

    joined.jetstream.delete_stream("GHOSTLIGHT").await.unwrap();
    let no_log = told(&joined.nats.url(), None).await;
    assert!(no_log.to_string().contains("the stream GHOSTLIGHT"), "{no_log}");
    assert_eq!(joined.streams().await, [""; 0]);
}
