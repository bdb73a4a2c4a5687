//! The admin listener, and the log.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use ghostlight_servers::{NatsOptions, NatsServer, Postgres};

use crate::deployment::{TRACE, traceparent};
use crate::process::Process;
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

/// As whoever applies the example manifests unchanged has them: it works, and nobody can overlook it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_of_the_examples_are_told_everywhere_and_never_shown() {
    let users = [("gateway", "change-me-gateway"), ("state@house", "change-me-state"), ("own", "thrift-lobster")];
    let users = users.map(|(user, password)| format!("{{ user: \"{user}\", password: \"{password}\" }}")).join(", ");
    let config = format!("authorization {{ users: [{users}] }}");
    let nats = NatsServer::start(&NatsOptions { config, ..NatsOptions::default() }).await.unwrap();
    let bus = |login: &str| format!("nats://{login}@{}", nats.address());
    let gateway = |login: &str| {
        let args = ["gateway", "--bus", &bus(login), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        Process::start(&args.map(str::to_owned))
    };
    let (marked, own) = (gateway("gateway:change%2Dme-gateway"), gateway("own:thrift-lobster"));
    let in_bus = "the password in --bus is the example's";
    marked.logs(&format!("ALARM: {in_bus}: anyone who has read the manifests knows it")).await;
    let marked_url = marked.admin().await + "/readyz";
    let (status, why) = get(&marked_url).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(why.contains(&format!("; {in_bus}, change it")), "{why}");

    // The database lets everybody in, whatever the password is.
    let store = Postgres::shared().await.unwrap().database("examples").await.unwrap();
    let store = store.replace("ghostlight@", "ghostlight:change-me-database@");
    let bus = bus("state%40house:change-me-state");
    let args = ["state", "--bus", &bus, "--store", &store, "--admin", "127.0.0.1:0"].map(str::to_owned);
    let state = Process::start(&args);
    state.says("store").await;
    for setting in ["--bus", "--store"] {
        state.logs(&format!("ALARM: the password in {setting} is the example's")).await;
    }
    let ready = async |url: &String| {
        until("it to be ready", async || {
            let (status, how) = get(url).await;
            (status == StatusCode::OK).then_some(how)
        })
        .await
    };
    assert_eq!(ready(&marked_url).await, format!("ready; {in_bus}, change it\n"));
    assert_eq!(ready(&(own.admin().await + "/readyz")).await, "ready\n");
    // Consoles are not told.
    assert_eq!(ready(&format!("http://{}/readyz", marked.address().await)).await, "ready\n");
    let state_admin = state.admin().await;
    let both = format!("ready; {in_bus}, change it; the password in --store is the example's, change it\n");
    assert_eq!(ready(&format!("{state_admin}/readyz")).await, both);
    for (admin, count) in [(marked.admin().await, 1), (own.admin().await, 0), (state_admin, 2)] {
        let metrics = get(&format!("{admin}/metrics")).await.1;
        assert!(metrics.contains(&format!("\nghostlight_example_passwords {count}\n")), "{metrics}");
    }
    assert_eq!(own.logged("ALARM"), [""; 0]);
    for process in [&marked, &own, &state] {
        assert_eq!(process.logged("change-me"), [""; 0]);
    }
}
