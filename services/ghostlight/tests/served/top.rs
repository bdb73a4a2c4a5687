//! `ghostlight top`, as a script runs it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use ghostlight_telemetry::metrics::{GatewayMetrics, Metrics, Spoken, Stage};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::cli::{Ran, program, run};
use crate::support::unused_address;

/// A process that has taken 30 more changes whenever it is asked.
async fn gateway() -> String {
    let metrics = Metrics::default();
    metrics.describe_process("1.2.3", "gateway");
    let gateway = GatewayMetrics::new(&metrics);
    gateway.connections.of(Spoken::Full).set(12);
    served(Router::new().route(
        "/metrics",
        get(async move || {
            gateway.changes.add(30);
            (0..30).for_each(|_| gateway.echo.took(Duration::from_millis(3)));
            (0..30).for_each(|_| gateway.stages.of(Stage::Append).took(Duration::from_micros(1_500)));
            metrics.prometheus()
        }),
    ))
    .await
}

async fn served(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A port that nobody listens on: it was free just now.
async fn nowhere() -> String {
    format!("http://{}", unused_address().await)
}

async fn top(args: &[&str], urls: &[&str]) -> Ran {
    let mut command = program(&["top", "--interval", "0.2"]);
    command.args(args);
    urls.iter().for_each(|url| {
        command.args(["--url", url]);
    });
    run(command).await
}

#[tokio::test]
async fn a_script_gets_one_table() {
    let (here, away) = (gateway().await, nowhere().await);
    // Without a terminal it is the same as if it had been asked for.
    for args in [&["--once"][..], &[]] {
        let ran = top(args, &[&here, &away]).await;
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
        let line = |start: &str| {
            let found = ran.out.lines().find(|line| line.starts_with(start));
            found.unwrap_or_else(|| panic!("{start}: {ran:?}")).split_whitespace().collect::<Vec<_>>()
        };
        assert_eq!(line(&here["http://".len()..])[1..3], ["gateway", "1.2.3"]);
        assert_eq!(line(&away["http://".len()..])[1], "away");
        assert_eq!(line("!")[..3], ["!", &away["http://".len()..], "away:"]);
        assert_eq!(line("end to end")[3..], ["p50", "3.5", "ms,", "p99", "5", "ms"], "halfway from 2 to 5 ms");
        assert_eq!(line("slowest"), ["slowest", "append"]);
        assert_eq!(line("consoles"), ["consoles", "12:", "12", "full"]);
    }
}

#[tokio::test]
async fn a_program_gets_one_object() {
    let here = gateway().await;
    let ran = top(&["--json"], &[&here]).await;
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let view: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(view["alarms"].as_array().map(Vec::len), Some(0), "{view}");
    let gateway = &view["processes"][0]["gateway"];
    // 30 in 0.2 seconds and whatever the asking took.
    let rate = gateway["changes_per_second"].as_f64().unwrap();
    assert!(rate > 0.0 && rate <= 150.0, "{rate}");
    assert_eq!((&gateway["connections"]["full"], &view["whole"]["connections"]["full"]), (&12.0.into(), &12.0.into()));
    assert_eq!(view["stages"][0]["stage"], "append");
    assert_eq!(view["stages"][0]["worst"]["within_seconds"], 0.002);
    assert!(view["processes"][0]["memory_bytes"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn where_no_process_answers_it_is_69_and_says_why() {
    let asked = Arc::new(AtomicU64::new(0));
    let counted = asked.clone();
    let other = served(Router::new().route(
        "/metrics",
        get(async move || {
            counted.fetch_add(1, Ordering::Relaxed);
            "process_cpu_seconds_total 1\n"
        }),
    ));
    let (other, nothing, away) = (other.await, served(Router::new()).await, nowhere().await);
    let ran = top(&["--once"], &[&other, &nothing, &away]).await;
    assert_eq!((ran.code, ran.err.as_str()), (Some(69), ""), "{ran:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    for why in ["not come from Ghostlight's admin listener", "404", "refused"] {
        assert!(ran.out.contains(why), "{why}: {ran:?}");
    }
}
