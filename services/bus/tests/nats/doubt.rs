//! A loss that is told for a moment only is none: a server that was held, or has just come to lead, may not know yet all
//! that the stream has.

use std::sync::{Arc, Mutex};

use async_nats::Client;
use bytes::Bytes;
use futures_util::StreamExt;
use ghostlight_bus::nats::NatsLog;
use ghostlight_bus::{Entries, Log};
use ghostlight_rig::{LogPosition, Position};
use ghostlight_servers::NatsServer;

use crate::laws::{begun, entry, next, soon};
use crate::support::{log_at, server_with, taken, until};

/// What is asked of the stream is asked here, where the test answers; it knows the truth from the server.
const MAPPINGS: &str =
    r#"mappings { "$JS.API.STREAM.INFO.GHOSTLIGHT": asked, truth: "$JS.API.STREAM.INFO.GHOSTLIGHT" }"#;

/// What is old is told so often, one time after the other.
const TIMES: usize = 3;

/// A log in a server that may not know all that it has.
struct Forgetful {
    log: NatsLog,
    client: Client,
    /// What it tells before it tells the truth.
    old: Arc<Mutex<Vec<Bytes>>>,
    _server: NatsServer,
}

impl Forgetful {
    async fn start() -> Self {
        let server = server_with(MAPPINGS).await;
        let client = soon("the connection", async_nats::connect(server.url())).await.unwrap();
        let old = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(tell(client.clone(), old.clone()));
        // Whoever asks before somebody listens is told that there is nobody, and asks again.
        let log = log_at(&server.url()).await;
        until("the stream", async || log.begin(LogPosition::default()).await.is_ok()).await;
        Self { log, client, old, _server: server }
    }

    /// Appends five entries and reads them; the last, of which nothing is known from now on, for a moment.
    async fn forget(&self, start: Position, entries: &mut dyn Entries) -> LogPosition {
        let (mut last, mut old) = (LogPosition::from(start), Bytes::new());
        for number in 1..=5 {
            taken(&self.log, &entry(number), start).await;
            let logged = next(entries).await;
            last = LogPosition { position: Position { revision: logged.revision, ..start }, stamp: logged.stamp };
            if number == 3 {
                old = truth(&self.client).await;
            }
        }
        *self.old.lock().unwrap() = vec![old; TIMES];
        last
    }

    fn knows_all(&self) -> bool {
        self.old.lock().unwrap().is_empty()
    }
}

/// Answers whoever asks what the stream has.
async fn tell(client: Client, old: Arc<Mutex<Vec<Bytes>>>) {
    let mut asked = client.subscribe("asked").await.unwrap();
    while let Some(question) = asked.next().await {
        let old = old.lock().unwrap().pop();
        let answer = match old {
            Some(old) => old,
            None => truth(&client).await,
        };
        client.publish(question.reply.unwrap(), answer).await.unwrap();
    }
}

async fn truth(client: &Client) -> Bytes {
    soon("the truth", client.request("truth", Bytes::new())).await.unwrap().payload
}

#[tokio::test]
async fn an_order_goes_on_though_its_end_is_not_known_for_a_moment() {
    let forgetful = Forgetful::start().await;
    let (start, mut entries) = begun(&forgetful.log).await;
    let last = forgetful.forget(start, entries.as_mut()).await;
    assert_eq!(soon("the order to begin", forgetful.log.begin(last)).await, Ok(last));
    assert!(forgetful.knows_all(), "nobody was told what is old");
}

#[tokio::test]
async fn a_reader_reads_on_though_what_it_has_read_is_not_known_for_a_moment() {
    let forgetful = Forgetful::start().await;
    let (start, mut entries) = begun(&forgetful.log).await;
    forgetful.forget(start, entries.as_mut()).await;
    tokio::select! {
        read = entries.next() => panic!("{read:?}"),
        () = until("the moment to pass", async || forgetful.knows_all()) => {}
    }
    taken(&forgetful.log, &entry(6), start).await;
    assert_eq!(next(entries.as_mut()).await.entry, entry(6));
}
