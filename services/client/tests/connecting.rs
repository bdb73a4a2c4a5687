//! Connections that are not made, break, fall silent, and are closed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::{Duration, Instant};

use ghostlight_client::{Client, ConnectError, Options, Pace, State};
use support::{Script, Server, options, reaches, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

/// Answers one connection with these bytes, once its request has come.
async fn answer(server: &Server, response: &str) {
    let mut socket = server.accept_tcp().await;
    let mut request = [0; 4_096];
    soon("a request", socket.read(&mut request)).await.unwrap();
    soon("the client to read", socket.write_all(response.as_bytes())).await.unwrap();
    let _ = soon("the end", socket.read(&mut request)).await;
}

#[tokio::test]
async fn a_server_without_the_subprotocol_is_named_as_such() {
    let server = Server::bind().await;
    let url = server.url();
    let serve = async {
        let socket = server.accept_tcp().await;
        // A handshake that knows no subprotocols.
        tokio_tungstenite::accept_async(socket).await
    };
    let (client, _socket) = tokio::join!(soon("an answer", Client::connect(&url, options())), serve);
    let error = client.unwrap_err();
    assert!(matches!(&error, ConnectError::NotGhostlight { .. }), "{error:?}");
    assert!(error.to_string().ends_with("it did not accept the subprotocol ghostlight.v1"), "{error}");
}

#[tokio::test]
async fn another_kind_of_server_is_named_as_such_at_once() {
    let server = Server::bind().await;
    let url = server.url();
    for response in
        ["HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"]
    {
        let (client, ()) = tokio::join!(Client::connect(&url, options()), answer(&server, response));
        let error = client.unwrap_err();
        assert!(matches!(&error, ConnectError::NotGhostlight { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_ready_is_tried_again() {
    let server = Server::bind().await;
    let script = Script::new(7);
    let url = server.url();
    let serve = async {
        answer(&server, "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
        let (mut connection, _) = server.accept().await;
        connection.say(script.snapshot()).await;
        connection
    };
    let (client, _connection) = tokio::join!(soon("a client", Client::connect(&url, options())), serve);
    assert_eq!(client.unwrap().position(), Some(script.position()));
}

#[tokio::test]
async fn where_nobody_listens_there_is_an_error_in_time() {
    let url = Server::bind().await.url();
    let options = Options { answer_within: Duration::from_millis(200), ..options() };
    let error = soon("an answer", Client::connect(&url, options)).await.unwrap_err();
    assert!(matches!(&error, ConnectError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("no server answers at {url} within 0.2 s")), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn where_nobody_answers_there_is_an_error_in_time() {
    let server = Server::bind().await;
    let url = server.url();
    let options = Options { answer_within: Duration::from_millis(200), ..options() };
    let (client, _socket) = tokio::join!(soon("an answer", Client::connect(&url, options)), server.accept_tcp());
    assert!(matches!(client.unwrap_err(), ConnectError::Unavailable { .. }));
}

#[tokio::test]
async fn attempts_back_off() {
    let server = Server::bind().await;
    let pace = Pace { backoff_first: Duration::from_millis(40), ..Pace::default() };
    let client = Client::start(&server.url(), Options { pace, ..options() }).unwrap();
    let mut attempts = Vec::new();
    for _ in 0..5 {
        drop(server.accept_tcp().await);
        attempts.push(Instant::now());
    }
    // The waits are 40, 80, 160 and 320 ms, of which at most half is left to chance.
    let total = attempts[4] - attempts[0];
    assert!(total >= Duration::from_millis(300), "{total:?}");
    soon("the end", client.shutdown()).await;
}

/// A new version is rolled out, and the client comes to one server after the other just before it stops: it goes to the
/// next soon each time, rather than wait twice as long as the time before.
#[tokio::test]
async fn servers_that_say_that_they_stop_are_no_reason_to_wait_longer() {
    let server = Server::bind().await;
    let script = Script::new(7);
    let pace =
        Pace { backoff_first: Duration::from_millis(10), backoff_most: Duration::from_secs(600), ..options().pace };
    let (client, mut connection) = server.live(&script, Options { pace, ..options() }).await;
    // Doubled each time, the last wait would be far longer than a test waits for anything.
    for _ in 0..15 {
        connection.send_on().await;
        let (next, hello) = server.accept().await;
        assert_eq!(hello.resume, Some(script.position()));
        connection = next;
        connection.say(script.beacon()).await;
        reaches(&client, State::Live).await;
    }
}

#[tokio::test]
async fn without_beacons_the_map_is_stale_until_one_comes() {
    let server = Server::bind().await;
    let script = Script::new(7);
    let pace = Pace { stale_after: Duration::from_millis(50), ..Pace::default() };
    let (client, mut connection) = server.live(&script, Options { pace, ..options() }).await;
    reaches(&client, State::Stale).await;
    let mut status = client.status();
    status.mark_unchanged();
    connection.say(script.beacon()).await;
    soon("another state", status.changed()).await.unwrap();
    // It may be stale again by now; what counts is that it was live without another connection.
    reaches(&client, State::Stale).await;
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_left() {
    let server = Server::bind().await;
    let script = Script::new(7);
    let pace = Pace { silent_after: Duration::from_millis(100), ..options().pace };
    let (_client, _silent) = server.live(&script, Options { pace, ..options() }).await;
    let (_connection, hello) = server.accept().await;
    assert_eq!(hello.resume, Some(script.position()));
}

#[tokio::test]
async fn a_server_that_never_answers_hello_is_left() {
    let server = Server::bind().await;
    let pace = Pace { silent_after: Duration::from_millis(100), ..options().pace };
    let _client = Client::start(&server.url(), Options { pace, ..options() }).unwrap();
    let (_silent, _) = server.accept().await;
    server.accept().await;
}

#[tokio::test]
async fn shutdown_says_goodbye_and_so_does_a_drop() {
    let server = Server::bind().await;
    let script = Script::new(7);
    let (client, mut connection) = server.live(&script, options()).await;
    let mut status = client.status();
    let (closed, ()) = tokio::join!(connection.frame(), soon("the end", client.shutdown()));
    assert!(matches!(closed, Some(Message::Close(_))), "{closed:?}");
    assert_eq!(status.borrow_and_update().state, State::Closed);

    let (client, mut connection) = server.live(&script, options()).await;
    drop(client);
    assert!(matches!(connection.frame().await, Some(Message::Close(_))));
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_at_once() {
    let error = Client::connect("https://127.0.0.1:1", options()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Address(_)), "{error:?}");
    assert!(error.to_string().contains("TLS"), "{error}");
}
