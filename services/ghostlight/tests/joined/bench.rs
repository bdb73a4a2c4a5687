//! `ghostlight bench` beside NATS alone: figures come out, whatever they are.

use async_nats::jetstream;
use futures_util::TryStreamExt;
use ghostlight_servers::{NatsOptions, NatsServer};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::deployment::{Gateway, state};
use crate::process::Process;
use crate::support::map;

#[tokio::test]
async fn a_gateway_is_measured_beside_nats_alone() {
    let nats = NatsServer::start(&NatsOptions::default()).await.unwrap();
    let folder = TempDir::new().unwrap();
    let state = state(&nats.url(), &format!("sqlite:{}", folder.path().join("rigs.db").display()));
    state.says("store").await;
    let gateway = Gateway::start(&nats.url(), "127.0.0.1:0").await;
    gateway.set(json!({"1": 50})).await;
    let (url, monitoring) = (gateway.url(""), format!("http://{}", nats.monitoring()));
    let args = ["bench", "--url", &url, "--nats", &nats.url(), "--nats-monitoring", &monitoring];
    let brief = "--only echo,http,writers --rounds 1 --seconds 1 --writers 10 --no-yardstick --json".split(' ');
    let args: Vec<_> = args.into_iter().chain(brief).map(str::to_owned).collect();
    let mut bench = Process::start(&args);
    assert_eq!(bench.ended().await, Some(0), "{:?}", bench.logged(""));

    let report: Value = serde_json::from_str(&bench.said().await).unwrap();
    assert_eq!(report["log"]["sync"], "120 s");
    assert!(!report["notes"].to_string().contains("the log took nothing"), "{}", report["notes"]);
    let measures = report["measures"].as_array().unwrap();
    let sides = |measure: &Value| {
        let sides = measure["sides"].as_array().unwrap().iter();
        sides.map(|side| side["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        measures.iter().map(sides).collect::<Vec<_>>(),
        [
            vec!["ghostlight", "kv"],
            vec!["ghostlight", "kv", "kv shared"],
            vec!["ghostlight", "hops", "kv"],
            vec!["ghostlight", "hops", "kv"],
            vec!["ghostlight"],
        ]
    );
    for measure in measures {
        for side in measure["sides"].as_array().unwrap() {
            assert!(side["answers"].as_u64().unwrap() > 0, "{measure:#}");
        }
    }
    let wanted: usize = measures.iter().map(|measure| measure["wanted"].as_array().unwrap().len()).sum();
    assert_eq!(wanted, 7, "two of the posts, two of each echo, one of the writers");

    // It has tidied up, in NATS and in the rig.
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    assert_eq!(jetstream.stream_names().try_collect::<Vec<_>>().await.unwrap(), ["GHOSTLIGHT"]);
    gateway.shows(&map(json!({"1": 50}))).await;
}
