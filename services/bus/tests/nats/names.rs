//! Servers that are known by names, while DNS servers answer late or never.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use ghostlight_bus::Log;
use ghostlight_bus::nats::{Connection, NatsLog, NatsSettings, Resolve, StreamSettings};
use ghostlight_rig::{LogPosition, Position};
use ghostlight_servers::NatsServer;
use parking_lot::Mutex;

use crate::laws::{entry, soon};
use crate::support::logged::Logged;
use crate::support::{server, taken, until};

/// A resolver that knows some names, and whose other answers never come.
#[derive(Debug, Default)]
struct Hanging(Mutex<HashMap<String, SocketAddr>>);

impl Hanging {
    fn with<const N: usize>(names: [(&str, SocketAddr); N]) -> Arc<Self> {
        let resolver = Arc::new(Self::default());
        resolver.answer(names);
        resolver
    }

    /// Answers for these names from now on, and for no others.
    fn answer<const N: usize>(&self, names: [(&str, SocketAddr); N]) {
        *self.0.lock() = names.into_iter().map(|(name, address)| (name.to_owned(), address)).collect();
    }
}

#[async_trait]
impl Resolve for Hanging {
    async fn resolve(&self, host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        let known = self.0.lock().get(host).copied();
        match known {
            Some(address) => Ok(vec![address]),
            None => std::future::pending().await,
        }
    }
}

/// A connection to servers of these names, which only the resolver knows: no DNS server has names under `invalid`.
async fn connection<const N: usize>(names: [&str; N], resolver: &Arc<Hanging>) -> Connection {
    let urls: Vec<_> = names.iter().map(|name| format!("nats://{name}")).collect();
    let settings = NatsSettings { urls: urls.join(","), ..NatsSettings::default() };
    soon("the connection", Connection::open_with("test", &settings, resolver.clone())).await.unwrap()
}

/// Waits until an entry is taken. A server that has not had one yet makes a stream of its own.
async fn works(connection: &Connection, number: u16) {
    let log = NatsLog::new(connection.clone(), StreamSettings::default());
    soon("the order to begin", async { while log.begin(LogPosition::default()).await.is_err() {} }).await;
    taken(&log, &entry(number), Position::default()).await;
}

/// Kills the server, and waits until the connection has noticed and is up again.
async fn kill(server: &mut NatsServer, connection: &Connection) {
    let cuts = connection.standing().cuts;
    server.kill().await.unwrap();
    until("another server", async || connection.standing().cuts > cuts && connection.standing().is_up).await;
}

/// Two servers, and a connection to the first of them.
async fn connected_to_first(resolver: &Arc<Hanging>) -> (NatsServer, NatsServer, Connection) {
    let (first, mut second) = (server().await, server().await);
    resolver.answer([("a.invalid", first.address()), ("b.invalid", second.address())]);
    second.kill().await.unwrap();
    let connection = connection(["a.invalid", "b.invalid"], resolver).await;
    works(&connection, 1).await;
    second.start_again().await.unwrap();
    (first, second, connection)
}

#[tokio::test]
async fn addresses_that_were_known_are_enough_while_no_name_can_be_looked_up() {
    let resolver = Arc::new(Hanging::default());
    let (mut first, mut second, connection) = connected_to_first(&resolver).await;
    resolver.answer([]);
    kill(&mut first, &connection).await;
    works(&connection, 2).await;
    first.start_again().await.unwrap();
    kill(&mut second, &connection).await;
    works(&connection, 3).await;
}

#[tokio::test]
async fn a_name_that_is_not_answered_holds_up_no_other() {
    let server = server().await;
    let resolver = Hanging::with([("b.invalid", server.address())]);
    let connection = connection(["a.invalid", "b.invalid", "c.invalid"], &resolver).await;
    works(&connection, 1).await;
}

#[tokio::test]
async fn a_server_whose_name_is_answered_late_is_reached() {
    let server = server().await;
    let resolver = Hanging::with([]);
    let name = format!("localhost:{}", server.address().port());
    let connection = connection([&name], &resolver).await;
    assert!(!connection.standing().is_up);
    resolver.answer([("localhost", server.address())]);
    works(&connection, 1).await;
}

#[tokio::test]
async fn a_server_that_has_moved_is_reached_at_its_new_address() {
    let logged = Logged::listen();
    let resolver = Arc::new(Hanging::default());
    let (mut first, mut second, connection) = connected_to_first(&resolver).await;
    let moved = server().await;
    resolver.answer([("a.invalid", moved.address()), ("b.invalid", second.address())]);
    kill(&mut first, &connection).await;
    until("the new address", async || logged.all().contains("other addresses")).await;
    resolver.answer([]);
    kill(&mut second, &connection).await;
    works(&connection, 2).await;
}
