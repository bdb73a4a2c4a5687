//! A PostgreSQL keeps what was committed, through every way of ending it.

use ghostlight_servers::Postgres;
use sqlx::{Connection, PgConnection, Row};

use crate::support::{children, hangs, is_alive, within};

async fn started() -> Postgres {
    within("the server", Postgres::start()).await.unwrap()
}

async fn connect(url: &str) -> PgConnection {
    within("the connection", PgConnection::connect(url)).await.unwrap()
}

async fn execute(connection: &mut PgConnection, sql: &'static str) {
    within(sql, sqlx::raw_sql(sql).execute(connection)).await.unwrap();
}

async fn asked(connection: &mut PgConnection, sql: &'static str) -> String {
    within(sql, sqlx::query(sql).fetch_one(connection)).await.unwrap().get(0)
}

#[tokio::test]
async fn what_is_committed_outlives_every_end() {
    let mut server = started().await;
    let url = within("the database", server.database("show")).await.unwrap();
    execute(&mut connect(&url).await, "CREATE TABLE cue (number int); INSERT INTO cue VALUES (1)").await;

    // The connection stays open, and nobody waits for it.
    let mut open = connect(&url).await;
    server.restart().await.unwrap();
    assert!(within("the failure", open.ping()).await.is_err());
    execute(&mut connect(&url).await, "INSERT INTO cue VALUES (2)").await;

    let mut open = connect(&url).await;
    let pid = server.pid().unwrap();
    let all = [children(pid), vec![pid]].concat();
    assert!(all.len() > 2, "it consists of {all:?}");
    server.kill().await.unwrap();
    assert!(all.iter().all(|pid| !is_alive(*pid)), "of {all:?} some live");
    assert!(within("the failure", open.ping()).await.is_err());
    assert!(server.pid().is_err() && server.pause().is_err());

    server.start_again().await.unwrap();
    assert_eq!(asked(&mut connect(&url).await, "SELECT count(*)::text FROM cue").await, "2");
    assert!(server.start_again().await.is_err(), "it is running already");
}

#[tokio::test]
async fn a_standby_can_be_read_and_once_it_is_promoted_written() {
    let mut server = started().await;
    let url = within("the database", server.database("show")).await.unwrap();
    execute(&mut connect(&url).await, "CREATE TABLE cue (number int); INSERT INTO cue VALUES (1)").await;
    server.restart_as_standby().await.unwrap();
    let mut open = connect(&url).await;
    assert_eq!(asked(&mut open, "SELECT number::text FROM cue").await, "1");
    let refused = within("the refusal", sqlx::query("INSERT INTO cue VALUES (2)").execute(&mut open)).await;
    let code = refused.unwrap_err().as_database_error().and_then(|error| error.code().map(String::from));
    assert_eq!(code.as_deref(), Some("25006"), "read_only_sql_transaction");

    within("the promotion", server.promote()).await.unwrap();
    execute(&mut open, "INSERT INTO cue VALUES (2)").await;
    assert!(within("the refusal", server.promote()).await.is_err(), "it is no standby any more");
    server.restart().await.unwrap();
    assert_eq!(asked(&mut connect(&url).await, "SELECT count(*)::text FROM cue").await, "2");
}

#[tokio::test]
async fn a_paused_server_answers_nobody_and_can_go_on_or_end() {
    let mut server = started().await;
    let url = within("the database", server.database("show")).await.unwrap();
    let mut open = connect(&url).await;
    server.pause().unwrap();
    assert!(hangs(PgConnection::connect(&url)).await, "it lets somebody in");
    let mut answer = Box::pin(open.ping());
    assert!(hangs(&mut answer).await, "it answers");
    server.resume().unwrap();
    within("the answer", answer).await.unwrap();

    server.pause().unwrap();
    server.stop().await.unwrap();
    server.start_again().await.unwrap();
    server.pause().unwrap();
    server.kill().await.unwrap();
    server.start_again().await.unwrap();
    let pid = server.pid().unwrap();
    let all = [children(pid), vec![pid]].concat();
    server.pause().unwrap();
    drop(server);
    assert!(!is_alive(pid));
    crate::support::until("all are gone", async || all.iter().all(|pid| !is_alive(*pid))).await;
}

#[tokio::test]
async fn the_server_is_shared_and_databases_are_not() {
    let server = within("the server", Postgres::shared()).await.unwrap();
    let again = within("the server", Postgres::shared()).await.unwrap();
    assert_eq!(server.pid().unwrap(), again.pid().unwrap());
    let one = within("the database", server.database("one")).await.unwrap();
    let other = within("the database", again.database("other")).await.unwrap();
    assert_ne!(one, other);
    execute(&mut connect(&one).await, "CREATE TABLE cue (number int)").await;
    execute(&mut connect(&other).await, "CREATE TABLE cue (number int)").await;
    let error = within("the refusal", server.database("one")).await.unwrap_err().to_string();
    assert!(error.contains("already exists"), "{error}");
    assert_eq!(asked(&mut connect(&one).await, "SHOW fsync").await, "on");
}

#[tokio::test]
async fn others_than_the_first_user_need_a_password() {
    let server = within("the server", Postgres::shared()).await.unwrap();
    let url = within("the database", server.database("guarded")).await.unwrap();
    execute(&mut connect(&url).await, "CREATE ROLE guest LOGIN PASSWORD 'curtain'").await;
    let as_guest = |password: &str| url.replacen("ghostlight@", &format!("guest:{password}@"), 1);
    connect(&as_guest("curtain")).await;
    assert!(within("the refusal", PgConnection::connect(&as_guest("wrong"))).await.is_err());
}
