//! A deployment: NATS, PostgreSQL, state services and gateways, each in a process of its own.

use std::net::SocketAddr;

use ghostlight_servers::{NatsOptions, NatsServer, Postgres, Proxy};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

use crate::process::Process;
use crate::support::{Map, until};

/// A deployment with one NATS server.
pub(crate) struct Deployment {
    pub(crate) nats: NatsServer,
    pub(crate) store: String,
}

impl Deployment {
    /// Starts NATS, and makes a database.
    pub(crate) async fn new(name: &str) -> Self {
        let nats = NatsServer::start(&NatsOptions::default()).await.unwrap();
        let store = Postgres::shared().await.unwrap().database(name).await.unwrap();
        Self { nats, store }
    }

    /// Starts a state service.
    pub(crate) fn state(&self) -> Process {
        state(&self.nats.url(), &self.store)
    }

    /// Starts a state service and waits until it is ready.
    pub(crate) async fn ready_state(&self) -> Process {
        let state = self.state();
        state.says("store").await;
        state
    }

    /// Starts a gateway.
    pub(crate) async fn gateway(&self) -> Gateway {
        Gateway::start(&self.nats.url(), "127.0.0.1:0").await
    }

    /// Starts a gateway that tells what it counts, and where.
    pub(crate) async fn counting_gateway(&self) -> (Gateway, String) {
        let args = ["gateway", "--bus", &self.nats.url(), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        let process = Process::start(&args.map(str::to_owned));
        let (address, admin) = (process.address().await, process.admin().await);
        (Gateway { process, address }, admin)
    }

    /// Starts a gateway behind a proxy, which can cut it off from NATS.
    pub(crate) async fn cuttable_gateway(&self) -> (Gateway, Proxy) {
        let proxy = Proxy::to(self.nats.address()).unwrap();
        (Gateway::start(&format!("nats://{}", proxy.address()), "127.0.0.1:0").await, proxy)
    }
}

/// Starts a state service.
pub(crate) fn state(bus: &str, store: &str) -> Process {
    Process::start(&["state", "--bus", bus, "--store", store].map(str::to_owned))
}

/// A gateway.
pub(crate) struct Gateway {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Gateway {
    pub(crate) async fn start(bus: &str, listen: &str) -> Self {
        let process = Process::start(&["gateway", "--bus", bus, "--listen", listen].map(str::to_owned));
        let address = process.address().await;
        Self { process, address }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks for a change of the rig `main`.
    pub(crate) async fn post(&self, levels: Value) -> Response {
        Client::new().post(self.url("/")).json(&levels).send().await.unwrap()
    }

    /// Changes the rig `main`, as soon as changes are taken.
    pub(crate) async fn set(&self, levels: Value) {
        until("a change to be taken", async || {
            let answer = self.post(levels.clone()).await;
            let status = answer.status();
            assert!(matches!(status, StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE), "{status}");
            (status == StatusCode::OK).then_some(())
        })
        .await;
    }

    /// Reads the rig `main`.
    pub(crate) async fn get(&self) -> Response {
        Client::new().get(self.url("/v1/rigs/main/levels")).send().await.unwrap()
    }

    /// Waits until it answers this map.
    pub(crate) async fn shows(&self, map: &Map) {
        until(&format!("{map:?} at {}", self.address), async || {
            let answer = self.get().await;
            let shown = answer.status().is_success();
            (shown && answer.json::<Map>().await.unwrap() == *map).then_some(())
        })
        .await;
    }

    /// Where its rig `main` stands: epoch and revision.
    pub(crate) async fn position(&self) -> (u64, u64) {
        let tag = self.get().await.headers()["etag"].to_str().unwrap().trim_matches('"').to_owned();
        let (epoch, revision) = tag.split_once('-').unwrap();
        (epoch.parse().unwrap(), revision.parse().unwrap())
    }
}
