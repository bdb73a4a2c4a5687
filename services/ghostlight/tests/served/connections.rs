//! How many connections there may be, and what those that have no place are told.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use reqwest::Client;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;

use crate::asking::{Wire, ask, get, post};
use crate::support::{Served, Socket, command, command_after, folder, open_connections, until, within};

async fn admin_connection(served: &Served) -> TcpStream {
    let admin = served.admin().await;
    within("a connection", TcpStream::connect(admin.trim_start_matches("http://"))).await.unwrap()
}

/// Whoever has no place is told so, however few files the system lets the server open; and it can still be seen from
/// outside.
#[tokio::test]
async fn with_few_open_files_there_are_few_places_and_nobody_hangs() {
    let (_folder, path) = folder();
    let mut command = command_after("ulimit -n 64", &path);
    let log = path.join("log");
    command.stderr(File::create(&log).unwrap());
    let served = Served::spawn(command).await;
    let mut consoles = Vec::new();
    let refusal = loop {
        match within("an answer", Socket::open(served.address, "/ws", None)).await {
            Ok(console) => consoles.push(console),
            Err(refusal) => break refusal,
        }
    };
    let Error::Http(refusal) = refusal else { panic!("it was not told: {refusal}") };
    assert_eq!(refusal.status(), 503);
    assert!(consoles.len() >= 8, "{} places", consoles.len());
    // More than the listener has, and more than there are files.
    let mut idle = Vec::new();
    for _ in 0..64 {
        idle.push(admin_connection(&served).await);
    }
    for console in &mut consoles {
        console.json().await;
    }
    consoles[0].send(r#"{"1": 50}"#).await;
    for console in &mut consoles {
        assert_eq!(console.json().await["1"], 50);
    }
    drop(idle);
    let url = format!("{}/healthz", served.admin().await);
    let is_told = async || (reqwest::get(&url).await.ok()?.status() == 200).then_some(());
    until("its health is told", is_told).await;
    assert!(fs::read_to_string(&log).unwrap().contains("too few open files for 10000 connections"));
}

#[tokio::test]
async fn one_address_does_not_take_the_places_of_others() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-connections-per-address", "2"]).await;
    let open = || open_connections(served.pid(), served.address.port());
    let _idle = [Wire::open(&served).await, Wire::open(&served).await];
    until("two connections", async || (open() == 2).then_some(())).await;
    let problem = get(&served, "/").await.problem(503, "unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("this address"), "{problem}");
    let other = Client::builder().local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))).build().unwrap();
    assert_eq!(ask(other.get(served.url("/healthz"))).await.status, 200);
}

#[tokio::test]
async fn the_admin_listener_has_places_of_its_own() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut idle = Vec::new();
    for _ in 0..64 {
        idle.push(admin_connection(&served).await);
    }
    let admin = served.admin().await;
    let port = admin.rsplit_once(':').unwrap().1.parse().unwrap();
    until("all places are taken", async || (open_connections(served.pid(), port) == 64).then_some(())).await;
    ask(Client::new().get(format!("{admin}/metrics"))).await.problem(503, "unavailable");
    assert_eq!(post(&served, "/", r#"{"1": 50}"#).await.status, 200, "consoles have theirs");
    drop(idle);
    until("there is room", async || {
        (ask(Client::new().get(format!("{admin}/metrics"))).await.status == 200).then_some(())
    })
    .await;
}

/// As `nc -N` does.
#[tokio::test]
async fn a_client_of_the_admin_listener_may_end_its_side_after_its_request() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let mut client = admin_connection(&served).await;
    client.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    within("the answer", client.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("ghostlight_sockets"), "{answer}");
}

fn logged(log: &Path, words: &str) -> usize {
    fs::read_to_string(log).unwrap().lines().filter(|line| line.contains(words)).count()
}

/// Without a file for another connection, the server tries again many times a second, and does not say so each time.
#[tokio::test]
async fn connections_that_cannot_be_accepted_are_told_once() {
    let (_folder, path) = folder();
    let log = path.join("log");
    let mut command = command(&path);
    command.args(["--listen", "127.0.0.1:0", "--log", "info,ghostlight_gateway=debug"]);
    command.stderr(File::create(&log).unwrap());
    let served = Served::spawn(command).await;
    let pid = Pid::from_raw(served.pid().try_into().unwrap()).unwrap();
    let limit = getrlimit(Resource::Nofile);
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(10), maximum: limit.maximum }).unwrap();
    let mut client = Wire::open(&served).await;
    client.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    until("it tried often", async || (logged(&log, "could not be accepted") > 10).then_some(())).await;
    assert_eq!(logged(&log, r#""WARN""#), 1, "{}", fs::read_to_string(&log).unwrap());
    prlimit(Some(pid), Resource::Nofile, limit).unwrap();
    client.read_until("ok\n").await;
}
