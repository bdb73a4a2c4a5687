//! A nats-server keeps what it stored, through every way of ending it.

use async_nats::jetstream::{self, stream};
use ghostlight_servers::{NatsOptions, NatsServer, SyncInterval};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{hangs, is_alive, state, until, within};

async fn started() -> NatsServer {
    within("the server", NatsServer::start(&NatsOptions::default())).await.unwrap()
}

async fn connect(server: &NatsServer) -> jetstream::Context {
    jetstream::new(within("the connection", async_nats::connect(server.url())).await.unwrap())
}

/// Stores messages in a stream, which is made if it is not there.
async fn store(server: &NatsServer, messages: usize) {
    let config = stream::Config { name: "LIGHTS".to_owned(), subjects: vec!["lights".into()], ..Default::default() };
    let context = connect(server).await;
    within("the stream", context.get_or_create_stream(config)).await.unwrap();
    for _ in 0..messages {
        let stored = within("it is taken in", context.publish("lights", "on".into())).await.unwrap();
        within("it is acknowledged", stored.into_future()).await.unwrap();
    }
}

/// How many messages the stream has.
async fn stored(server: &NatsServer) -> u64 {
    let context = connect(server).await;
    let mut stream = within("the stream", context.get_stream("LIGHTS")).await.unwrap();
    within("its state", stream.info()).await.unwrap().state.messages
}

/// What the server answers on its monitoring port.
async fn monitoring(server: &NatsServer, path: &str) -> String {
    within("the answer", async {
        let mut stream = TcpStream::connect(server.monitoring()).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    })
    .await
}

#[tokio::test]
async fn what_is_stored_outlives_every_end() {
    let mut server = started().await;
    let (url, first) = (server.url(), server.pid().unwrap());
    store(&server, 1).await;

    server.restart().await.unwrap();
    assert!(!is_alive(first));
    store(&server, 1).await;
    let second = server.pid().unwrap();
    server.kill().await.unwrap();
    assert!(!is_alive(second));
    assert!(TcpStream::connect(server.address()).await.is_err(), "somebody still listens");
    assert!(server.pid().is_err() && server.pause().is_err());

    server.start_again().await.unwrap();
    assert_eq!(server.url(), url);
    assert_eq!(stored(&server).await, 2);
    assert!(server.start_again().await.is_err(), "it is running already");
}

#[tokio::test]
async fn a_paused_server_answers_nothing_and_can_go_on_or_be_stopped() {
    let mut server = started().await;
    server.pause().unwrap();
    let pid = server.pid().unwrap();
    until("the server is held", async || state(pid) == Some('T')).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    assert!(hangs(stream.read_u8()).await, "it greets");

    server.resume().unwrap();
    assert_eq!(within("the greeting", stream.read_u8()).await.unwrap(), b'I');
    server.pause().unwrap();
    server.stop().await.unwrap();
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn an_older_copy_brings_back_what_was_stored_then() {
    let mut server = started().await;
    store(&server, 2).await;
    assert!(server.copy_folder().is_err(), "not while it runs");
    server.stop().await.unwrap();
    let copy = server.copy_folder().unwrap();

    server.start_again().await.unwrap();
    store(&server, 3).await;
    assert_eq!(stored(&server).await, 5);
    assert!(server.restore_folder(&copy).is_err(), "not while it runs");
    server.stop().await.unwrap();
    server.restore_folder(&copy).unwrap();
    server.start_again().await.unwrap();
    assert_eq!(stored(&server).await, 2);
    assert!(server.folder().join("jetstream").is_dir());
}

#[tokio::test]
async fn options_are_the_servers() {
    let by_default = started().await;
    assert!(!monitoring(&by_default, "/jsz").await.contains("\"sync_always\": true"));

    let options = NatsOptions {
        sync_interval: SyncInterval::Always,
        max_memory: Some(1 << 20),
        max_file: Some(3 << 20),
        config: "authorization { token: \"curtain\" }\nmax_payload: 4096".to_owned(),
    };
    let server = within("the server", NatsServer::start(&options)).await.unwrap();
    let (jsz, varz) = (monitoring(&server, "/jsz").await, monitoring(&server, "/varz").await);
    for expected in ["\"sync_always\": true", "\"max_memory\": 1048576", "\"max_storage\": 3145728"] {
        assert!(jsz.contains(expected), "no {expected} in {jsz}");
    }
    assert!(varz.contains("\"max_payload\": 4096"), "{varz}");
    assert!(within("the refusal", async_nats::connect(server.url())).await.is_err());
    let with_token = async_nats::ConnectOptions::with_token("curtain".to_owned()).connect(server.url());
    within("the connection", with_token).await.unwrap();
}

#[tokio::test]
async fn what_the_server_says_against_its_configuration_is_told() {
    let options = NatsOptions { config: "curtain: up".to_owned(), ..NatsOptions::default() };
    let error = within("the error", NatsServer::start(&options)).await.err().unwrap().to_string();
    assert!(error.contains("unknown field \"curtain\""), "{error}");
}

#[tokio::test]
async fn a_dropped_server_is_gone_with_its_folder_even_while_it_is_held() {
    for held in [false, true] {
        let server = started().await;
        let (pid, folder) = (server.pid().unwrap(), server.folder());
        if held {
            server.pause().unwrap();
        }
        drop(server);
        assert!(!is_alive(pid));
        assert!(!folder.exists());
    }
}
