//! Servers that want to know who we are.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use ghostlight_bus::nats::{ConnectError, Connection, NatsLog, NatsSettings, StreamSettings};
use ghostlight_bus::{AppendError, Log};
use ghostlight_rig::Position;
use ghostlight_servers::NatsServer;
use nkeys::KeyPair;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::laws::{entry, rig, soon};
use crate::support::logged::Logged;
use crate::support::{server_with, until, works};

const WITH_PASSWORD: &str = r#"authorization { user: "desk", password: "cur:t@in/%é" }"#;
const WITH_TOKEN: &str = r#"authorization { token: "cur:t@in" }"#;

/// Settings for a server, with who we are before its address.
fn as_who(login: &str, server: &NatsServer) -> NatsSettings {
    NatsSettings { urls: format!("nats://{login}{}", server.address()), ..NatsSettings::default() }
}

/// Tries to get in for a while, in vain. What is logged says why, once, and no secret.
async fn refused(settings: &NatsSettings, why: &str, secret: &str) {
    let logged = Logged::listen();
    let connection = soon("the connection", Connection::open("test", settings)).await.unwrap();
    let log = NatsLog::new(connection.clone(), StreamSettings::default());
    let answer = soon("the refusal", log.append(&rig("main"), &entry(1), Position::default())).await;
    assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
    until("several tries", async || logged.all().matches("authorization violation").count() > 5).await;
    let told = logged.warnings();
    assert!(told.len() == 1 && told[0].contains(why), "{told:#?}");
    let refusals = connection.standing().refusals;
    assert!(refusals.logins >= 3 && refusals.certificates + refusals.others == 0, "{refusals:?}");
    assert!(!logged.all().contains(secret), "{}", logged.all());
    assert!(!format!("{log:?}").contains(secret), "{log:?}");
}

#[tokio::test]
async fn a_user_and_password_in_the_url() {
    let server = server_with(WITH_PASSWORD).await;
    works(&as_who("desk:cur%3At%40in%2F%25%C3%A9@", &server)).await;
    let why = format!("nats://{}: authorization violation", server.address());
    refused(&as_who("desk:tabs@", &server), &why, "tabs").await;
    refused(&as_who("", &server), &why, "tabs").await;
}

#[tokio::test]
async fn a_token_in_the_url() {
    let server = server_with(WITH_TOKEN).await;
    works(&as_who("cur%3At%40in@", &server)).await;
    refused(&as_who("tabs@", &server), "authorization violation", "tabs").await;
}

#[tokio::test]
async fn one_url_of_several_tells_who_we_are_to_all() {
    let server = server_with(WITH_PASSWORD).await;
    let nobody = "nats://desk:cur%3At%40in%2F%25%C3%A9@127.0.0.1:1";
    let settings = NatsSettings { urls: format!("{nobody},{}", server.url()), ..NatsSettings::default() };
    works(&settings).await;
}

/// A token of the kind that NATS signs with keys of its own.
fn token(issuer: &KeyPair, subject: &KeyPair, kind: &str, mut claims: Value) -> String {
    claims["type"] = kind.into();
    claims["version"] = 2.into();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = json!({
        "jti": kind, "iat": now, "name": kind, "nats": claims, "iss": issuer.public_key(), "sub": subject.public_key(),
    });
    let header = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let signed = [header, token].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes())).join(".");
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&issuer.sign(signed.as_bytes()).unwrap()))
}

/// A server that knows users by what its operator has signed, and the credentials of one of them.
async fn server_of_an_operator() -> (NatsServer, String) {
    let (operator, system, account, user) =
        (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_account(), KeyPair::new_user());
    let unlimited = json!({
        "limits": {
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
            "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
        },
    });
    let config = format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{\n  {}: {}\n  {}: {}\n}}",
        token(&operator, &operator, "operator", json!({"system_account": system.public_key()})),
        system.public_key(),
        system.public_key(),
        token(&operator, &system, "account", json!({})),
        account.public_key(),
        token(&operator, &account, "account", unlimited),
    );
    let signed = token(&account, &user, "user", json!({"pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1}));
    let credentials = format!(
        "-----BEGIN NATS USER JWT-----\n{signed}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        user.seed().unwrap()
    );
    (server_with(&config).await, credentials)
}

fn file_with(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[tokio::test]
async fn credentials_in_a_file() {
    let (server, credentials) = server_of_an_operator().await;
    let file = file_with(&credentials);
    let settings = NatsSettings { credentials: Some(file.path().to_owned()), ..as_who("", &server) };
    works(&settings).await;

    // Those of another operator's user.
    let (_other, credentials) = server_of_an_operator().await;
    let file = file_with(&credentials);
    let secret = credentials.lines().find(|line| line.starts_with("SU")).unwrap();
    let settings = NatsSettings { credentials: Some(file.path().to_owned()), ..as_who("", &server) };
    refused(&settings, "authorization violation", secret).await;
}

#[tokio::test]
async fn credentials_that_cannot_be_read_are_told_at_once() {
    let file = file_with("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY");
    let unreadable = NatsSettings {
        urls: "nats://127.0.0.1:1".to_owned(),
        credentials: Some(file.path().to_owned()),
        ..NatsSettings::default()
    };
    let missing = NatsSettings { credentials: Some("/nowhere/desk.creds".into()), ..unreadable.clone() };
    for settings in [unreadable, missing] {
        let error = Connection::open("test", &settings).await.err().unwrap();
        let file = settings.credentials.unwrap();
        assert!(matches!(&error, ConnectError::Credentials(_)), "{error:?}");
        let told = error.to_string();
        assert!(told.contains(file.to_str().unwrap()) && !told.contains("SUACS"), "{told}");
    }
}
