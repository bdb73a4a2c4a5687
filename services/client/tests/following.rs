//! The map stays current: through deltas, breaks, losses and new orders.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeMap;

use ghostlight_client::{Client, Follower, News, State};
use ghostlight_proto::ServerMessage;
use ghostlight_rig::{Beacon, Digest, Digests, Dimmer, KindId, Level, LogTime, Position, Revision, Snapshot, StoreId};
use support::{Script, Server, converges, map, news, next, options, origin, reaches, soon};

#[tokio::test]
async fn a_follower_gets_the_map_then_what_changes_and_who_did_it() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    script.change(r#"{"1": 50, "2": 0}"#);
    let (client, mut connection) = server.live(&script, options()).await;
    let mut follower = client.follow();

    let first = next(&mut follower).await;
    assert_eq!((first.position, first.news), (script.position(), map(r#"{"1": 50, "2": 0}"#)));

    connection.say(ServerMessage::Delta(script.change_by(r#"{"2": null, "3": 12.5}"#, origin("desk-2", 4)))).await;
    let second = next(&mut follower).await;
    assert_eq!((second.position, second.news), (script.position(), news(r#"{"2": null, "3": 12.5}"#)));
    assert_eq!(second.origins, origin("desk-2", 4).into_iter().collect::<Vec<_>>());
    assert!(!client.is_own(&second.origins[0]));
    converges(&client, &script).await;

    // A change that was refused moves the position, and is no news.
    connection.say(ServerMessage::Delta(script.change("{}"))).await;
    connection.say(ServerMessage::Delta(script.change_by(r#"{"1": 51}"#, origin("desk-1", 1)))).await;
    let third = next(&mut follower).await;
    assert_eq!(third.news, news(r#"{"1": 51}"#));
    assert!(client.is_own(&third.origins[0]));
}

/// The server may be a newer version than the client, for years.
#[tokio::test]
async fn what_a_newer_server_adds_is_passed_over() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    script.change(r#"{"1": 50}"#);
    let (client, mut connection) = server.live(&script, options()).await;
    let mut follower = client.follow();
    next(&mut follower).await;
    let more = |message: ServerMessage| {
        let text = String::from_utf8(message.encode().to_vec()).unwrap();
        format!(r#"{},"fades":{{"1":"slow"}},"tomorrow":[null]}}"#, text.strip_suffix('}').unwrap())
    };

    connection.say_text(r#"{"type":"cue","epoch":"dawn","levels":7,"origins":{}}"#).await;
    let delta = script.change_by(r#"{"2": 20}"#, origin("desk-2", 4));
    connection.say_text(more(ServerMessage::Delta(delta))).await;
    let second = next(&mut follower).await;
    assert_eq!((second.position, second.news), (script.position(), news(r#"{"2": 20}"#)));
    connection.say_text(more(script.beacon())).await;
    connection.say(ServerMessage::Delta(script.change(r#"{"3": 30}"#))).await;
    assert_eq!(next(&mut follower).await.news, news(r#"{"3": 30}"#), "on the same connection");
    assert_eq!(client.state(), State::Live);
    converges(&client, &script).await;
}

#[tokio::test]
async fn after_a_break_it_resumes_where_it_stood() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    script.change(r#"{"1": 50}"#);
    let (client, connection) = server.live(&script, options()).await;
    let mut follower = client.follow();
    next(&mut follower).await;

    drop(connection);
    script.change(r#"{"2": 20}"#);
    let (mut connection, hello) = server.accept().await;
    let stood = hello.resume.expect("a position to resume from");
    assert_eq!(stood, client.position().unwrap());
    assert_ne!(client.state(), State::Live, "before the answer the map may be old");
    connection.say(script.rest(stood.revision)).await;

    assert_eq!(next(&mut follower).await.news, news(r#"{"2": 20}"#), "only the rest is news");
    reaches(&client, State::Live).await;
    converges(&client, &script).await;
}

#[tokio::test]
async fn a_beacon_alone_answers_who_missed_nothing() {
    let server = Server::bind().await;
    let script = Script::new(7);
    let (client, connection) = server.live(&script, options()).await;
    drop(connection);
    let (mut connection, _) = server.accept().await;
    connection.say(script.beacon()).await;
    reaches(&client, State::Live).await;
}

#[tokio::test]
async fn a_gateway_without_a_map_is_not_taken_for_an_empty_rig() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    script.change(r#"{"1": 50}"#);
    let url = server.url();
    let serve = async {
        let (mut connection, _) = server.accept().await;
        connection.say(ServerMessage::Snapshot(Snapshot::default())).await;
        connection
            .say(ServerMessage::Beacon(Beacon {
                store: StoreId::default(),
                position: Position::default(),
                time: LogTime::default(),
                digests: Digests::default(),
            }))
            .await;
        connection.say(script.snapshot()).await;
        connection
    };
    let (client, _connection) = tokio::join!(soon("the map", Client::connect(&url, options())), serve);
    assert_eq!(client.unwrap().levels(), script.rig.snapshot().state.levels);
}

#[tokio::test]
async fn a_missing_delta_fetches_a_snapshot() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    script.change(r#"{"1": 50}"#);
    let (client, mut connection) = server.live(&script, options()).await;
    let mut follower = client.follow();
    next(&mut follower).await;

    script.change(r#"{"2": 20}"#);
    connection.say(ServerMessage::Delta(script.change(r#"{"3": 30}"#))).await;

    let (mut connection, hello) = server.accept().await;
    assert_eq!(hello.resume, None);
    // What comes before the snapshot belongs to another map, and does no harm.
    connection.say(script.beacon()).await;
    connection.say(ServerMessage::Delta(script.change(r#"{"4": 40}"#))).await;
    connection.say(script.snapshot()).await;
    assert_eq!(next(&mut follower).await.news, news(r#"{"2": 20, "3": 30, "4": 40}"#));
    converges(&client, &script).await;
}

#[tokio::test]
async fn a_lost_last_delta_shows_by_the_beacon() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    let (client, mut connection) = server.live(&script, options()).await;
    script.change(r#"{"1": 50}"#);
    connection.say(script.beacon()).await;
    let (mut connection, hello) = server.accept().await;
    assert_eq!(hello.resume, None);
    connection.say(script.snapshot()).await;
    converges(&client, &script).await;
}

#[tokio::test]
async fn a_map_that_differs_is_replaced_though_the_position_is_the_same() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    let mut other = Script::new(7);
    script.change(r#"{"1": 50}"#);
    other.change(r#"{"1": 60}"#);
    let (client, mut connection) = server.live(&script, options()).await;
    let mut follower = client.follow();
    next(&mut follower).await;

    connection
        .say(ServerMessage::Beacon(Beacon {
            store: StoreId::default(),
            position: script.position(),
            time: LogTime::default(),
            digests: [(KindId::Level, Digest::from_lanes([1, 2]))].into_iter().collect(),
        }))
        .await;
    let (mut connection, hello) = server.accept().await;
    assert_eq!(hello.resume, None);
    connection.say(other.snapshot()).await;
    assert_eq!(next(&mut follower).await.news, map(r#"{"1": 60}"#));
    connection.say(other.beacon()).await;
    connection.say(ServerMessage::Delta(other.change(r#"{"2": 1}"#))).await;
    converges(&client, &other).await;
}

/// The server has another store now. Its map is at the same position, and continues nothing.
#[tokio::test]
async fn the_map_of_another_store_is_taken_whole() {
    let server = Server::bind().await;
    let (mut old, mut new) = (Script::new(7), Script::new(7));
    (old.store, new.store) = (StoreId(1), StoreId(2));
    old.change(r#"{"1": 50}"#);
    new.change(r#"{"1": 60}"#);
    let (client, mut connection) = server.live(&old, options()).await;
    let mut follower = client.follow();
    next(&mut follower).await;
    connection.say(new.beacon()).await;
    let (mut connection, hello) = server.accept().await;
    assert_eq!(hello.resume, None);
    connection.say(new.snapshot()).await;
    assert_eq!(next(&mut follower).await.news, map(r#"{"1": 60}"#));
    connection.say(new.beacon()).await;
    connection.say(ServerMessage::Delta(new.change(r#"{"2": 1}"#))).await;
    assert_eq!(next(&mut follower).await.news, news(r#"{"2": 1}"#));
    converges(&client, &new).await;

    // As the answer to who resumes.
    drop(connection);
    let (mut connection, hello) = server.accept().await;
    assert!(hello.resume.is_some());
    connection.say(old.snapshot()).await;
    let (mut connection, hello) = server.accept().await;
    assert_eq!(hello.resume, None, "it is asked for once more, without what it may continue");
    connection.say(old.snapshot()).await;
    assert_eq!(next(&mut follower).await.news, map(r#"{"1": 50}"#));
    converges(&client, &old).await;
}

#[tokio::test]
async fn a_new_order_brings_a_new_map() {
    let server = Server::bind().await;
    let mut old = Script::new(7);
    old.change(r#"{"1": 50, "9": 9}"#);
    let (client, mut connection) = server.live(&old, options()).await;
    let mut follower = client.follow();
    next(&mut follower).await;

    let mut new = Script::new(8);
    connection.say(ServerMessage::Delta(new.change(r#"{"1": 60}"#))).await;
    let (mut connection, hello) = server.accept().await;
    assert_eq!(hello.resume, None);
    connection.say(new.snapshot()).await;
    assert_eq!(next(&mut follower).await.news, map(r#"{"1": 60}"#));
    converges(&client, &new).await;
}

#[tokio::test]
async fn a_server_that_answers_a_resume_with_a_snapshot_of_a_new_order_is_followed() {
    let server = Server::bind().await;
    let old = Script::new(7);
    let (client, connection) = server.live(&old, options()).await;
    drop(connection);
    let mut new = Script::new(8);
    new.change(r#"{"1": 60}"#);
    let (mut connection, hello) = server.accept().await;
    assert!(hello.resume.is_some());
    connection.say(new.snapshot()).await;
    converges(&client, &new).await;
}

#[tokio::test]
async fn a_server_that_was_set_back_is_asked_twice_and_then_believed() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    script.change(r#"{"1": 50}"#);
    let (client, connection) = server.live(&script, options()).await;
    drop(connection);

    let mut back = Script::new(6);
    back.change(r#"{"2": 20}"#);
    let (mut connection, _) = server.accept().await;
    connection.say(back.snapshot()).await;
    let (mut connection, hello) = server.accept().await;
    assert_eq!(hello.resume, None);
    assert_eq!(client.position(), Some(script.position()), "not believed yet");
    connection.say(back.snapshot()).await;
    converges(&client, &back).await;
}

#[tokio::test]
async fn an_older_snapshot_of_the_same_order_does_not_turn_the_clock_back() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    let behind = script.snapshot();
    script.change(r#"{"1": 50}"#);
    let (client, connection) = server.live(&script, options()).await;
    drop(connection);
    let (mut connection, _) = server.accept().await;
    connection.say(behind).await;
    // It confirms nothing, so the map is not live before a beacon at its position.
    connection.say(script.beacon()).await;
    reaches(&client, State::Live).await;
    converges(&client, &script).await;
}

#[tokio::test]
async fn a_server_that_stays_behind_is_believed_in_the_end() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    let (behind, beacon) = (script.snapshot(), script.beacon());
    let at = script.position();
    script.change(r#"{"1": 50}"#);
    let (client, connection) = server.live(&script, options()).await;
    drop(connection);
    let (mut connection, _) = server.accept().await;
    connection.say(behind.clone()).await;
    connection.say(beacon).await;
    let (mut connection, hello) = server.accept().await;
    assert_eq!(hello.resume, None, "it asks for the whole map");
    connection.say(behind).await;
    reaches(&client, State::Live).await;
    assert_eq!(client.position(), Some(at));
}

/// What a follower was told, put together, up to a position.
async fn collect(mut follower: Follower, end: Position) -> BTreeMap<Dimmer, Level> {
    let mut told = BTreeMap::new();
    loop {
        let change = next(&mut follower).await;
        match change.news {
            News::State(state) => told = state.levels,
            News::Update(update) => {
                told.extend(update.levels.into_iter().map(|(dimmer, level)| (dimmer, level.unwrap())));
            }
        }
        if change.position == end {
            return told;
        }
    }
}

#[tokio::test]
async fn a_slow_follower_skips_to_the_newest() {
    const CHANGES: u64 = 10_000;
    let server = Server::bind().await;
    let mut script = Script::new(7);
    let (client, mut connection) = server.live(&script, options()).await;
    let mut slow = client.follow();
    next(&mut slow).await;
    let quick = tokio::spawn(collect(client.follow(), Position::new(7, CHANGES)));

    for change in 0..CHANGES {
        let json = format!(r#"{{"{}": {}}}"#, change % 3 + 1, change % 101);
        connection.say(ServerMessage::Delta(script.change_by(&json, origin("desk-2", change)))).await;
    }
    converges(&client, &script).await;
    assert_eq!(
        quick.await.unwrap(),
        script.rig.snapshot().state.levels,
        "who reads along gets there by what it is told"
    );

    let change = next(&mut slow).await;
    assert_eq!(change.position, script.position());
    assert_eq!(change.news, News::Update(script.rig.map().since(Revision(0)).unwrap()));
    assert_eq!(change.origins.len(), 1_024, "what is remembered of who did it is bounded");
    assert_eq!(change.origins.last().unwrap().seq, CHANGES - 1);

    client.shutdown().await;
    assert_eq!(soon("the end", slow.changed()).await, None, "nothing is left to tell");
}

#[tokio::test]
async fn the_last_change_is_told_after_the_end() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    let (client, mut connection) = server.live(&script, options()).await;
    let mut follower = client.follow();
    next(&mut follower).await;
    connection.say(ServerMessage::Delta(script.change(r#"{"1": 50}"#))).await;
    converges(&client, &script).await;
    client.shutdown().await;
    assert_eq!(next(&mut follower).await.news, news(r#"{"1": 50}"#));
    assert_eq!(soon("the end", follower.changed()).await, None);
}

#[tokio::test]
async fn a_message_of_the_future_is_passed_over() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    let (client, mut connection) = server.live(&script, options()).await;
    connection.say_text(r#"{"type": "weather", "sunny": true}"#).await;
    connection.say_text("{").await;
    connection.say(ServerMessage::Delta(script.change(r#"{"1": 50}"#))).await;
    converges(&client, &script).await;
}

#[tokio::test]
async fn a_client_that_was_started_gets_there_when_a_server_does() {
    let server = Server::bind().await;
    let mut script = Script::new(7);
    script.change(r#"{"1": 50}"#);
    let client = Client::start(&server.url(), options()).unwrap();
    assert_eq!((client.position(), client.levels().len()), (None, 0));
    drop(server.accept_tcp().await);
    let (mut connection, _) = server.accept().await;
    connection.say(script.snapshot()).await;
    converges(&client, &script).await;
}
