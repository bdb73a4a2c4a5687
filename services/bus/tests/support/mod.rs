//! A real nats-server for one test.

#![allow(dead_code, reason = "every test binary compiles this module and uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::ops::Deref;

use ghostlight_bus::nats::{Connection, NatsEcho, NatsLog, NatsSettings, StreamSettings};
use ghostlight_servers::{NatsOptions, NatsServer};

use crate::laws::soon;

/// An adapter, and the server that it needs.
pub(crate) struct OnNats<T> {
    pub(crate) server: NatsServer,
    pub(crate) adapter: T,
}

impl<T> Deref for OnNats<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.adapter
    }
}

/// A connection to a server.
pub(crate) async fn connection(server: &NatsServer) -> Connection {
    let settings = NatsSettings { urls: server.url(), ..NatsSettings::default() };
    soon("the connection", Connection::open("test", &settings)).await.unwrap()
}

/// A log in a server of its own.
pub(crate) async fn log() -> OnNats<NatsLog> {
    let server = NatsServer::start(&NatsOptions::default()).await.unwrap();
    let adapter = NatsLog::new(connection(&server).await, StreamSettings::default());
    OnNats { server, adapter }
}

/// An echo through a server of its own.
pub(crate) async fn echo() -> OnNats<NatsEcho> {
    let server = NatsServer::start(&NatsOptions::default()).await.unwrap();
    let adapter = NatsEcho::new(connection(&server).await);
    OnNats { server, adapter }
}
