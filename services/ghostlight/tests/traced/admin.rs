//! The admin listener, and the log.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use ghostlight_servers::{NatsOptions, NatsServer};

use crate::process::Process;
use crate::stage::{TRACE, traceparent};
use crate::support::until;

async fn get(url: &str) -> (StatusCode, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_logged_can_be_changed_and_names_the_trace() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("rigs.db").display());
    let args = ["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--store", &store].map(str::to_owned);
    let server = Process::start(&args);
    let (client, admin) = (Client::new(), server.admin().await);
    let url = format!("http://{}/", server.address().await);
    let refused = async || {
        let change = client.post(&url).header("traceparent", traceparent(true)).json(&json!({"1": 101}));
        assert_eq!(change.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    };
    refused().await;
    assert_eq!(get(&format!("{admin}/log")).await, (StatusCode::OK, "info,async_nats=off\n".to_owned()));
    let set =
        async |filter: &'static str| client.put(format!("{admin}/log")).body(filter).send().await.unwrap().status();
    assert_eq!(set("ghostlight=no_such_level").await, StatusCode::BAD_REQUEST);
    assert_eq!(server.logged("a change was rejected"), [""; 0]);
    assert_eq!(set("info,ghostlight_gateway=debug").await, StatusCode::OK);
    refused().await;
    let line: Value = serde_json::from_str(&server.logs("a change was rejected").await).unwrap();
    assert_eq!((&line["level"], &line["code"]), (&json!("DEBUG"), &json!("bad_input")));
    assert_eq!(line["span"]["trace_id"], TRACE);
    assert_eq!(line["span"]["span_id"].as_str().unwrap().len(), 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_service_says_what_it_waits_for_and_when_it_is_ready() {
    let mut nats = NatsServer::start(&NatsOptions::default()).await.unwrap();
    let url = nats.url();
    nats.stop().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("rigs.db").display());
    let args = ["state", "--bus", &url, "--store", &store, "--admin", "127.0.0.1:0"].map(str::to_owned);
    let state = Process::start(&args);
    let admin = state.admin().await;
    assert_eq!(get(&format!("{admin}/healthz")).await, (StatusCode::OK, "ok\n".to_owned()));
    until("it to say what it waits for", async || {
        let (status, why) = get(&format!("{admin}/readyz")).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        (why.starts_with("waiting: ") && !why.contains("starts")).then_some(())
    })
    .await;
    nats.start_again().await.unwrap();
    until("it to be ready", async || (get(&format!("{admin}/readyz")).await.0 == StatusCode::OK).then_some(())).await;
    let metrics = get(&format!("{admin}/metrics")).await.1;
    assert!(metrics.contains("\nghostlight_speaking 1\n"), "{metrics}");
    assert!(metrics.contains("\nghostlight_nats_connected 1.0\n"));
    assert!(metrics.contains("ghostlight_build_info{version=\"0.1.0\",role=\"state\"} 1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_address_that_is_taken_is_an_error_and_the_usual_one_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let server = |name: &str, admin: Option<&str>| {
        let store = format!("sqlite:{}", folder.path().join(name).display());
        let mut args = ["serve", "--listen", "127.0.0.1:0", "--store", &store].map(str::to_owned).to_vec();
        args.extend(admin.into_iter().flat_map(|admin| ["--admin".to_owned(), admin.to_owned()]));
        Process::start(&args)
    };
    let (first, second) = (server("a.db", None), server("b.db", None));
    let taken = first.admin().await;
    assert_ne!(taken, second.admin().await);
    let mut third = server("c.db", Some(taken.trim_start_matches("http://")));
    third.logs("--admin: cannot listen on 127.0.0.1:").await;
    assert_eq!(third.ended().await, Some(1));
    let off = server("d.db", Some("off"));
    off.says("store").await;
}
