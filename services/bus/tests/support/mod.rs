//! A real nats-server for one test.

#![allow(dead_code, reason = "every test binary compiles this module and uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

pub(crate) mod logged;

use std::ops::Deref;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::stream::Stream;
use ghostlight_bus::Log;
use ghostlight_bus::nats::{Connection, NatsEcho, NatsLog, NatsSettings, StreamSettings};
use ghostlight_proto::{decode_entry, subjects};
use ghostlight_rig::{Entry, LogPosition, Partition, Position, Revision};
use ghostlight_servers::{NatsOptions, NatsServer};

use crate::laws::{entry, rig, soon};

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

/// A server as it starts by itself.
pub(crate) async fn server() -> NatsServer {
    NatsServer::start(&NatsOptions::default()).await.unwrap()
}

/// A server with more lines in its configuration.
pub(crate) async fn server_with(config: &str) -> NatsServer {
    NatsServer::start(&NatsOptions { config: config.to_owned(), ..NatsOptions::default() }).await.unwrap()
}

/// A log that is reached with these settings, once an entry got there: so they are good.
pub(crate) async fn works(settings: &NatsSettings) {
    let connection = soon("the connection", Connection::open("test", settings)).await.unwrap();
    let log = NatsLog::new(connection, StreamSettings::default());
    soon("the order to begin", async { while log.begin(LogPosition::default()).await.is_err() {} }).await;
    taken(&log, &entry(1), Position::default()).await;
}

/// A connection to one of these servers.
pub(crate) async fn connection(urls: &str) -> Connection {
    let settings = NatsSettings { urls: urls.to_owned(), ..NatsSettings::default() };
    soon("the connection", Connection::open("test", &settings)).await.unwrap()
}

/// A log that is reached there, in a stream as it is by itself.
pub(crate) async fn log_at(urls: &str) -> NatsLog {
    NatsLog::new(connection(urls).await, StreamSettings::default())
}

/// A log in a server of its own.
pub(crate) async fn log() -> OnNats<NatsLog> {
    log_of(Partition::default()).await
}

/// The log of a partition, in a server of its own.
pub(crate) async fn log_of(partition: Partition) -> OnNats<NatsLog> {
    let server = server().await;
    let settings = StreamSettings { partition, ..StreamSettings::default() };
    let adapter = NatsLog::new(connection(&server.url()).await, settings);
    OnNats { server, adapter }
}

/// An echo through a server of its own.
pub(crate) async fn echo() -> OnNats<NatsEcho> {
    echo_of(Partition::default()).await
}

/// The echo of a partition, through a server of its own.
pub(crate) async fn echo_of(partition: Partition) -> OnNats<NatsEcho> {
    let server = server().await;
    let adapter = NatsEcho::new(connection(&server.url()).await, partition);
    OnNats { server, adapter }
}

/// The stream, past the adapter.
pub(crate) async fn stream(url: &str) -> Stream {
    let client = soon("the connection", async_nats::connect(url)).await.unwrap();
    let jetstream = jetstream::new(client);
    answer("the stream", async || jetstream.get_stream(subjects::stream(Partition::default())).await.ok()).await
}

/// Removes the stream. A server that was just writing it leaves some of its files, and the next stream would have the
/// entries that are in them.
pub(crate) async fn remove_stream(server: &NatsServer) {
    let client = soon("the connection", async_nats::connect(server.url())).await.unwrap();
    let stream = subjects::stream(Partition::default());
    soon("the end of the stream", jetstream::new(client).delete_stream(&stream)).await.unwrap();
    let files = server.folder().join("jetstream/$G/streams").join(stream);
    until("the end of its files", async || {
        let _ = std::fs::remove_dir_all(&files);
        !files.exists()
    })
    .await;
}

/// All entries that the stream has, past the adapter, by their revisions.
pub(crate) async fn held(url: &str) -> Vec<(Revision, Entry)> {
    let stream = stream(url).await;
    let state = &stream.cached_info().state;
    let mut held = Vec::new();
    for sequence in state.first_sequence.max(1)..=state.last_sequence {
        let message = answer("an entry", async || stream.get_raw_message(sequence).await.ok()).await;
        held.push((Revision(sequence), decode_entry(&message.payload).unwrap()));
    }
    held
}

/// Just the entries.
pub(crate) async fn entries_held(url: &str) -> Vec<Entry> {
    held(url).await.into_iter().map(|(_, entry)| entry).collect()
}

/// Appends an entry for the rig `main`, again until it is taken; for when it may be refused.
pub(crate) async fn taken(log: &impl Log, entry: &Entry, seen: Position) -> Position {
    let main = rig("main");
    let taking = async {
        loop {
            if let Ok(position) = log.append(&main, entry, seen).await {
                return position;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon("an append", taking).await
}

/// Asks again until the answer is yes.
pub(crate) async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    answer(what, async || ask().await.then_some(())).await;
}

/// Asks again until there is an answer.
pub(crate) async fn answer<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    soon(what, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}
