//! Exporting: what is sent, and that a collector which does not take it costs nothing else.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use reqwest::Client;
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::collector::{Answers, Collector};
use crate::process::Process;
use crate::support::until;

/// Starts one server that stores in a folder.
fn serve(folder: &tempfile::TempDir, environment: &[(&str, String)]) -> Process {
    let store = format!("sqlite:{}", folder.path().join("rigs.db").display());
    let args =
        ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--store", &store, "--durability", "relaxed"];
    Process::start_with(&args.map(str::to_owned), environment)
}

async fn change(client: &Client, url: &str, level: usize) {
    let answer = client.post(url).json(&json!({"1": level % 100})).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_refuses_or_is_away_is_told_of_once_and_changes_go_on() {
    let (folder, collector, client) = (tempfile::tempdir().unwrap(), Collector::start().await, Client::new());
    collector.answer(Answers::Never);
    let server = serve(&folder, &collector.environment("grpc"));
    let url = format!("http://{}/", server.address().await);
    let mut level = 0;
    until("several attempts to export", async || {
        level += 1;
        change(&client, &url, level).await;
        (collector.exports() >= 6).then_some(())
    })
    .await;
    server.logs("traces cannot be exported").await;
    server.logs("metrics cannot be exported").await;
    let exports = collector.exports();
    until("more attempts", async || (collector.exports() >= exports + 4).then_some(())).await;
    assert_eq!(server.logged("cannot be exported").len(), 2, "once for traces, once for metrics");
    let failures = reqwest::get(format!("{}/metrics", server.admin().await)).await.unwrap().text().await.unwrap();
    let failures =
        failures.lines().find(|line| line.starts_with("ghostlight_export_failures_total{signal=\"traces\"}"));
    assert!(failures.unwrap().rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() >= 1.0, "{failures:?}");

    collector.answer(Answers::Well);
    until("spans", async || {
        level += 1;
        change(&client, &url, level).await;
        (!collector.spans().is_empty()).then_some(())
    })
    .await;
    server.logs("traces are exported again").await;
    server.signal("TERM");

    // Where nobody is.
    let nowhere =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9".to_owned()), ("OTEL_BSP_SCHEDULE_DELAY", "50".into())];
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(&folder, &nowhere);
    let url = format!("http://{}/", server.address().await);
    until("the log to say so", async || {
        level += 1;
        change(&client, &url, level).await;
        (!server.logged("traces cannot be exported").is_empty()).then_some(())
    })
    .await;
    server.signal("TERM");
    assert_eq!(server.ended().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_never_answers_holds_nothing_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "10".to_owned()),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "64".to_owned()),
    ];
    let mut server = serve(&folder, &environment);
    let (client, url) = (Client::new(), format!("http://{}/", server.address().await));
    // Many more than may wait to be exported.
    for level in 0..500 {
        change(&client, &url, level).await;
    }
    server.signal("TERM");
    assert_eq!(server.ended().await, Some(0), "it does not wait for the collector for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_pushed_under_names_that_become_those_that_are_scraped() {
    let (folder, collector, client) = (tempfile::tempdir().unwrap(), Collector::start().await, Client::new());
    let server = serve(&folder, &collector.environment("http/protobuf"));
    change(&client, &format!("http://{}/", server.address().await), 1).await;
    let pushed = until("metrics", async || {
        let metrics = collector.metrics();
        metrics.contains_key("ghostlight.stage").then_some(metrics)
    })
    .await;
    assert_eq!(pushed["ghostlight.stage"], "s");
    let scraped = reqwest::get(format!("{}/metrics", server.admin().await)).await.unwrap().text().await.unwrap();
    for (name, unit) in pushed {
        let unit = match unit.as_str() {
            "s" => "_seconds",
            "By" => "_bytes",
            "{revision}" => "_revisions",
            _ => "",
        };
        let name = format!("{}{unit}", name.replace('.', "_"));
        let is_there = scraped.lines().any(|line| line.starts_with(&name));
        assert!(is_there, "{name} is pushed and not scraped");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_histogram_names_a_trace_as_an_example() {
    let (folder, collector, client) = (tempfile::tempdir().unwrap(), Collector::start().await, Client::new());
    let server = serve(&folder, &collector.environment("http/protobuf"));
    change(&client, &format!("http://{}/", server.address().await), 1).await;
    let url = format!("{}/metrics", server.admin().await);
    let metrics = client.get(url).header("accept", "application/openmetrics-text").send().await.unwrap();
    assert!(metrics.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.ends_with("# EOF\n"));
    let example =
        metrics.lines().find(|line| line.starts_with("ghostlight_echo_seconds_bucket") && line.contains("trace_id"));
    let trace = example.unwrap().split("trace_id=\"").nth(1).unwrap()[..32].to_owned();
    until("that trace", async || (!collector.trace(&trace).is_empty()).then_some(())).await;
}

/// Puts TLS before an address, with a certificate for `localhost` that is written to a file. Returns the port.
async fn behind_tls(address: SocketAddr, certificate: &Path, protocol: &str) -> u16 {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(certificate, signed.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(vec![signed.cert.der().clone()], key).unwrap();
    // A server of gRPC insists on it.
    config.alpn_protocols = if protocol == "grpc" { vec![b"h2".to_vec()] } else { Vec::new() };
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut client) = acceptor.accept(stream).await else { continue };
            let mut collector = TcpStream::connect(address).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut collector).await });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_behind_tls_is_trusted_if_the_machine_trusts_its_certificate() {
    for protocol in ["grpc", "http/protobuf"] {
        let (folder, collector, client) = (tempfile::tempdir().unwrap(), Collector::start().await, Client::new());
        let certificate = folder.path().join("collector.pem");
        let address = if protocol == "grpc" { collector.grpc } else { collector.http };
        let port = behind_tls(address, &certificate, protocol).await;
        let mut environment = collector.environment(protocol);
        environment[0].1 = format!("https://localhost:{port}");

        let stranger = serve(&folder, &environment);
        change(&client, &format!("http://{}/", stranger.address().await), 1).await;
        stranger.logs("traces cannot be exported").await;
        stranger.signal("TERM");
        assert_eq!(collector.exports(), 0, "{protocol}: nobody knows the certificate");

        let folder = tempfile::tempdir().unwrap();
        environment.push(("SSL_CERT_FILE", certificate.display().to_string()));
        let server = serve(&folder, &environment);
        change(&client, &format!("http://{}/", server.address().await), 1).await;
        until("spans and metrics", async || {
            (!collector.spans().is_empty() && !collector.metrics().is_empty()).then_some(())
        })
        .await;
    }
}
