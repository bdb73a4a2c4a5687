//! What becomes of a change that was asked for: it happened, it did not, or nobody knows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use ghostlight_client::{Options, Pace, SetError, State};
use ghostlight_proto::ServerMessage;
use support::{Script, Server, levels, options, origin, reaches, soon};

#[tokio::test]
async fn an_ack_tells_the_position_and_the_map_shows_the_change() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    let (client, mut connection) = server.live(&script, options()).await;
    let serve = async {
        let set = connection.hear_set().await;
        assert_eq!(set.update.levels, levels(r#"{"1": 50, "2": null}"#));
        let delta = script.change_by(r#"{"1": 50, "2": null}"#, origin("desk-1", set.seq));
        // The answer overtakes the echo.
        connection.ack(set.seq, delta.position).await;
        connection.say(ServerMessage::Delta(delta)).await;
    };
    let (position, ()) = tokio::join!(soon("the ack", client.set(levels(r#"{"1": 50, "2": null}"#))), serve);
    assert_eq!(position, Ok(script.position()));
    assert_eq!(client.levels(), script.rig.snapshot().state.levels, "read your writes");
}

#[tokio::test]
async fn a_refusal_tells_why() {
    let server = Server::bind().await;
    let (client, mut connection) = server.live(&Script::new(7), options()).await;
    let serve = async {
        let seq = connection.hear_set().await.seq;
        connection.refuse(seq, "unavailable").await;
        let seq = connection.hear_set().await.seq;
        connection.refuse(seq, "unknown_outcome").await;
    };
    let ask = async {
        let refused = client.set(levels(r#"{"1": 50}"#)).await.unwrap_err();
        assert_eq!(refused, SetError::Refused { code: "unavailable".to_owned(), message: "no".to_owned() });
        assert_eq!(refused.to_string(), "no (unavailable)");
        assert_eq!(client.set(levels(r#"{"1": 50}"#)).await, Err(SetError::Unknown));
    };
    soon("both answers", async { tokio::join!(serve, ask) }).await;
    assert_eq!(client.state(), State::Live, "the connection stays");
}

#[tokio::test]
async fn an_unanswered_change_is_unknown_and_never_sent_again() {
    let server = Server::bind().await;
    let script = Script::new(7);
    let (client, mut connection) = server.live(&script, options()).await;
    let serve = async {
        let lost = connection.hear_set().await.seq;
        drop(connection);
        let (mut connection, _) = server.accept().await;
        connection.say(script.beacon()).await;
        (lost, connection)
    };
    let (unknown, (lost, mut connection)) = tokio::join!(client.set(levels(r#"{"1": 50}"#)), serve);
    assert_eq!(unknown, Err(SetError::Unknown));

    reaches(&client, State::Live).await;
    let serve = async {
        let set = connection.hear_set().await;
        assert_eq!(
            set.update.levels,
            levels(r#"{"2": 20}"#),
            "the next change that is heard is the next one asked for"
        );
        assert!(set.seq > lost, "no number comes twice");
        connection.ack(set.seq, script.position()).await;
    };
    let (known, ()) = tokio::join!(client.set(levels(r#"{"2": 20}"#)), serve);
    assert_eq!(known, Ok(script.position()));
}

#[tokio::test]
async fn without_a_connection_nothing_is_sent() {
    let server = Server::bind().await;
    let pace = Pace { backoff_first: Duration::from_secs(60), backoff_most: Duration::from_secs(60), ..options().pace };
    let (client, connection) = server.live(&Script::new(7), Options { pace, ..options() }).await;
    drop(connection);
    reaches(&client, State::Offline).await;
    assert_eq!(soon("an answer", client.set(levels(r#"{"1": 50}"#))).await, Err(SetError::Offline));
    soon("the end", client.shutdown()).await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_left() {
    let server = Server::bind().await;
    let pace = Pace { unanswered_after: Duration::from_millis(100), ..options().pace };
    let (client, mut connection) = server.live(&Script::new(7), Options { pace, ..options() }).await;
    let (unknown, _) = tokio::join!(soon("an answer", client.set(levels(r#"{"1": 50}"#))), connection.hear_set());
    assert_eq!(unknown, Err(SetError::Unknown));
    server.accept().await;
}

#[tokio::test]
async fn at_most_64_changes_are_under_way_and_all_get_their_answers() {
    const ASKED: usize = 200;
    const MAX: u64 = 64;
    let server = Server::bind().await;
    let script = Script::new(7);
    let (client, mut connection) = server.live(&script, options()).await;
    let client = Arc::new(client);
    let asks = (0..ASKED).map(|ask| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.set(levels(&format!(r#"{{"{}": 50}}"#, ask + 1))).await })
    });
    let asks: Vec<_> = asks.collect();
    for _ in 0..MAX {
        connection.hear_set().await;
    }
    // Only answers let more through: for each answer, exactly one.
    for answered in 1..=(ASKED as u64 - MAX) {
        connection.ack(answered, script.position()).await;
        assert_eq!(connection.hear_set().await.seq, answered + MAX);
    }
    for seq in (ASKED as u64 - MAX + 1)..=ASKED as u64 {
        connection.ack(seq, script.position()).await;
    }
    for answer in soon("all answers", join_all(asks)).await {
        assert_eq!(answer.unwrap(), Ok(script.position()));
    }
}
