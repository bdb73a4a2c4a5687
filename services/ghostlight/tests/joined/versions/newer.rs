//! A newer version, made of this one: what it says on NATS has more in it than this version knows.

use std::sync::Arc;

use async_nats::HeaderMap;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use ghostlight_bus::nats::{Connection, NatsEcho, NatsLog, NatsSettings, StreamSettings};
use ghostlight_bus::{Announcement, Announcements, Echo, EchoError, Question, Request, Requests};
use ghostlight_proto::subjects;
use ghostlight_rig::{Partition, Partitions, RigName};
use ghostlight_state::{Instruments, Parts, StateService, Superseded};
use ghostlight_telemetry::Telemetry;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::deployment::Deployment;
use crate::support::within;

/// As many rigs as the program allows if nothing is said.
const MAX_RIGS: usize = 1_000;

/// A state service of a newer version.
pub(super) struct NewerState {
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), Superseded>>,
}

impl NewerState {
    /// Starts one, and waits until it speaks.
    pub(super) async fn start(deployment: &Deployment) -> Self {
        let settings = NatsSettings { urls: deployment.nats.url(), ..NatsSettings::default() };
        let connection = Connection::open("newer", &settings).await.unwrap();
        let echo = NewerEcho {
            echo: NatsEcho::new(connection.clone(), Partition::default()),
            client: client(deployment).await,
        };
        let parts = Parts {
            log: Arc::new(NatsLog::new(connection, StreamSettings::default())),
            echo: Arc::new(echo),
            store: ghostlight_store::open(&deployment.store, Default::default()).await.unwrap(),
            most_rigs: MAX_RIGS,
            partition: Partition::default(),
            instruments: Instruments::new(&Telemetry::start("state", "0.2.0"), "postgresql"),
        };
        let state = within("the newer state service", StateService::start(parts)).await.unwrap();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(state.run(shutdown.clone()));
        Self { shutdown, running }
    }

    /// Ends it in good order.
    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        within("its end", self.running).await.unwrap().unwrap();
    }
}

/// The echo as a newer version uses it.
struct NewerEcho {
    echo: NatsEcho,
    client: async_nats::Client,
}

#[async_trait]
impl Echo for NewerEcho {
    /// Before what it has to say, it says something else.
    fn announce(&self, rig: &RigName, announcement: Announcement) {
        let cue = json!({"type": "cue", "levels": 7, "epoch": "dawn", "origins": {}});
        for text in [cue.to_string().into(), with_more(&announcement.text)] {
            let sent = self.client.publish_with_headers(subjects::echo(rig, Partitions::default()), headers(), text);
            sent.now_or_never().unwrap().unwrap();
        }
    }

    async fn requests(&self) -> Result<Box<dyn Requests>, EchoError> {
        Ok(Box::new(NewerRequests(self.echo.requests().await?)))
    }

    async fn follow(&self, rig: &RigName) -> Result<Box<dyn Announcements>, EchoError> {
        self.echo.follow(rig).await
    }

    async fn ask(&self, question: Question) -> Result<Bytes, EchoError> {
        self.echo.ask(question).await
    }
}

/// Questions, whose answers have more in them.
struct NewerRequests(Box<dyn Requests>);

#[async_trait]
impl Requests for NewerRequests {
    async fn next(&mut self) -> Option<Request> {
        let request = self.0.next().await?;
        let question = request.question.clone();
        Some(Request::new(question, |text| request.answer(with_more(&text))))
    }
}

/// A connection to NATS.
pub(super) async fn client(deployment: &Deployment) -> async_nats::Client {
    async_nats::connect(deployment.nats.url()).await.unwrap()
}

/// Headers that this version does not know, beside one that it does.
pub(super) fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Ghostlight-Tomorrow", "1");
    headers.append("Ghostlight-Tomorrow", "2");
    headers.insert(subjects::FOLD_MICROS, "20");
    headers
}

/// A message with members that this version does not know, in it and in what it lists.
pub(super) fn with_more(text: &[u8]) -> Bytes {
    let mut message: Value = serde_json::from_slice(text).unwrap();
    let tomorrow = json!({"levels": 7, "type": [null]});
    message["tomorrow"] = tomorrow.clone();
    // A kind that is yet to come: its member is above, here are its digest and its items.
    if message.get("digests").is_some() {
        message["digests"]["tomorrow"] = json!("0123456789abcdef");
    }
    for one in message.get_mut("origins").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(items) = one.get_mut("items") {
            items["tomorrow"] = json!(["dawn", 7]);
        }
    }
    for list in ["origins", "refused", "consoles", "changes", "rigs"] {
        for one in message[list].as_array_mut().into_iter().flatten() {
            one["tomorrow"] = tomorrow.clone();
        }
        // Asking for a member has made one.
        if message[list].is_null() {
            message.as_object_mut().unwrap().remove(list);
        }
    }
    message.to_string().into()
}
