//! A Prometheus reads what it is told to, answers what it is asked, and ends with its owner.

use std::net::SocketAddr;
use std::time::Duration;

use ghostlight_servers::{Prometheus, PrometheusOptions, Target, promtool};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::{is_alive, within};

const METRICS: &str = "# TYPE echo histogram\n\
    echo_bucket{le=\"0.5\"} 3 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 0.25\n\
    echo_bucket{le=\"+Inf\"} 4\n\
    echo_count 4\n\
    echo_sum 2.5\n\
    # EOF\n";

const RULES: &str = r#"
groups:
  - name: house
    rules:
      - alert: Slow
        expr: echo_sum > 2
        for: 1h
        labels: { severity: warning }
        annotations: { summary: "{{ $labels.job }} is slow" }
      - alert: Fast
        expr: echo_sum < 2
"#;

/// Serves the metrics to whoever asks, for as long as the task runs.
async fn target(job: &str) -> (Target, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\
                        content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n\r\n";
            let _ = stream.write_all(format!("{head}{METRICS}").as_bytes()).await;
        }
    });
    (Target { job: job.to_owned(), address }, task)
}

fn instance(address: SocketAddr) -> (String, String) {
    ("instance".to_owned(), address.to_string())
}

#[tokio::test]
async fn it_reads_its_targets_and_answers_queries_alerts_and_exemplars() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    std::fs::write(&rules, RULES).unwrap();
    let (stage, task) = target("stage").await;
    let options = PrometheusOptions {
        interval: Duration::from_millis(500),
        rules: vec![rules],
        hold: Some(Duration::from_millis(500)),
    };
    let server = within("the server", Prometheus::start(&options, std::slice::from_ref(&stage))).await.unwrap();

    let read = server.until("echo_count{job=\"stage\"}", |samples| !samples.is_empty()).await.unwrap();
    assert_eq!(read[0].value, 4.0);
    assert!(
        read[0].labels.contains_key("__name__")
            && read[0].labels.iter().any(|(k, v)| (k.clone(), v.clone()) == instance(stage.address))
    );

    let alert = server.until_firing("Slow").await.unwrap();
    assert_eq!(
        (alert.labels["severity"].as_str(), alert.annotations["summary"].as_str()),
        ("warning", "stage is slow")
    );
    assert_eq!(server.firing().await.unwrap(), [alert], "the other one does not fire");

    let exemplars = server.exemplars("echo_bucket").await.unwrap();
    assert_eq!(exemplars.len(), 1, "{exemplars:?}");
    assert_eq!(exemplars[0].labels["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!((exemplars[0].value, exemplars[0].series["le"].as_str()), (0.25, "0.5"));

    assert!(server.query("nothing_of_that_name").await.unwrap().is_empty());
    let error = server.query("sum by (").await.unwrap_err().to_string();
    assert!(error.contains("parse error"), "{error}");

    // One that has ended is down; another one is read when it is named.
    task.abort();
    server.until("up{job=\"stage\"}", |samples| samples.iter().any(|sample| sample.value == 0.0)).await.unwrap();
    let (foyer, _task) = target("foyer").await;
    server.read(&[stage, foyer]).unwrap();
    server.until("up == 1", |samples| samples.iter().any(|sample| sample.labels["job"] == "foyer")).await.unwrap();
}

#[tokio::test]
async fn it_ends_with_its_owner_and_tells_what_is_wrong() {
    let server = within("the server", Prometheus::start(&PrometheusOptions::default(), &[])).await.unwrap();
    let pid = server.pid().unwrap();
    assert!(is_alive(pid));
    drop(server);
    assert!(!is_alive(pid));

    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    std::fs::write(&rules, "groups: [{ name: wrong, rules: [{ alert: Wrong, expr: 'sum by (' }] }]").unwrap();
    let options = PrometheusOptions { rules: vec![rules], ..PrometheusOptions::default() };
    let error = within("the refusal", Prometheus::start(&options, &[])).await.err().unwrap().to_string();
    assert!(error.contains("parse error"), "{error}");
}

#[test]
fn its_tool_is_there_too() {
    let output = promtool().unwrap().arg("--version").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("promtool, version"));
}
