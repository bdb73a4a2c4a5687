//! Two real gateways on one log, over a bus that loses, doubles and reorders, and can be cut.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use ghostlight_bus::memory::{MemoryEcho, MemoryLog};
use ghostlight_bus::{Announcement, Announcements, Echo, EchoError, Heard, Question, Requests};
use ghostlight_gateway::{Gateway, Limits};
use ghostlight_rig::{Partition, RigName};
use ghostlight_state::{Instruments, Parts, StateService, Superseded};
use ghostlight_store::Durability;
use ghostlight_telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::relay::Spoils;
use crate::server::DEADLINE;

/// One gateway's echo, which spoils one in so many announcements, and can be cut.
struct BadEcho {
    sound: Arc<MemoryEcho>,
    spoils: Spoils,
    /// Where it begins to count, so that two gateways do not miss the same.
    heard: usize,
    is_cut: watch::Receiver<bool>,
}

const ONE_IN: usize = 10;

#[async_trait]
impl Echo for BadEcho {
    fn announce(&self, rig: &RigName, announcement: Announcement) {
        self.sound.announce(rig, announcement);
    }

    async fn requests(&self) -> Result<Box<dyn Requests>, EchoError> {
        self.sound.requests().await
    }

    async fn follow(&self, rig: &RigName) -> Result<Box<dyn Announcements>, EchoError> {
        let sound = self.sound.follow(rig).await?;
        let (heard, is_cut) = (self.heard, self.is_cut.clone());
        Ok(Box::new(BadAnnouncements { sound, spoils: self.spoils, is_cut, heard, next: VecDeque::new(), held: None }))
    }

    async fn ask(&self, question: Question) -> Result<Bytes, EchoError> {
        // Who hears nothing for long asks: a gateway that is cut off gets no answer either.
        let _ = self.is_cut.clone().wait_for(|is_cut| !is_cut).await;
        self.sound.ask(question).await
    }
}

struct BadAnnouncements {
    sound: Box<dyn Announcements>,
    spoils: Spoils,
    is_cut: watch::Receiver<bool>,
    heard: usize,
    /// What comes before anything else.
    next: VecDeque<Heard>,
    /// What the next one overtakes.
    held: Option<Heard>,
}

#[async_trait]
impl Announcements for BadAnnouncements {
    async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = self.next.pop_front() {
                return Some(heard);
            }
            let heard = self.sound.next().await?;
            // What has come by then waits with the rest.
            if *self.is_cut.borrow() {
                self.next.push_back(heard);
                self.is_cut.wait_for(|is_cut| !is_cut).await.ok()?;
                continue;
            }
            if let Some(held) = self.held.take() {
                self.next.extend([heard, held]);
                continue;
            }
            self.heard += 1;
            match self.spoils {
                _ if !self.heard.is_multiple_of(ONE_IN) => return Some(heard),
                Spoils::Nothing | Spoils::Alters => return Some(heard),
                Spoils::Drops => {}
                Spoils::Doubles => self.next.extend([heard.clone(), heard]),
                Spoils::Reorders => self.held = Some(heard),
            }
        }
    }
}

/// A gateway that serves.
pub(crate) struct Serves {
    address: SocketAddr,
    pub(crate) is_cut: watch::Sender<bool>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Serves {
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(DEADLINE, self.task).await.unwrap().unwrap();
    }
}

/// One log, one state service, and two gateways.
pub(crate) struct Deployment {
    pub(crate) gateways: Vec<Serves>,
    shutdown: CancellationToken,
    state: JoinHandle<Result<(), Superseded>>,
}

impl Deployment {
    pub(crate) async fn start(folder: &Path, spoils: Spoils) -> Self {
        let url = format!("sqlite:{}", folder.join("rigs.db").display());
        let store = ghostlight_store::open(&url, Durability::Relaxed).await.unwrap();
        let (log, sound) = (Arc::new(MemoryLog::default()), Arc::new(MemoryEcho::default()));
        let parts = Parts {
            log: log.clone(),
            echo: sound.clone(),
            store,
            most_rigs: 10,
            partition: Partition::default(),
            instruments: Instruments::new(&Telemetry::default(), "sqlite"),
        };
        let (state, shutdown) = (StateService::start(parts).await.unwrap(), CancellationToken::new());
        let state = tokio::spawn(state.run(shutdown.clone()));
        let mut gateways = Vec::new();
        for heard in [0, ONE_IN / 2] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
            let is_cut = watch::Sender::new(false);
            let echo = BadEcho { sound: sound.clone(), spoils, heard, is_cut: is_cut.subscribe() };
            let gateway = Gateway::new(log.clone(), Arc::new(echo), Limits::default(), &Telemetry::default());
            let task = tokio::spawn(gateway.serve(listener, shutdown.clone()));
            gateways.push(Serves { address, is_cut, shutdown, task });
        }
        Self { gateways, shutdown, state }
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.gateways.iter().map(|gateway| format!("http://{}", gateway.address)).collect()
    }

    pub(crate) async fn stop(self) {
        for gateway in self.gateways {
            gateway.stop().await;
        }
        self.shutdown.cancel();
        tokio::time::timeout(DEADLINE, self.state).await.unwrap().unwrap().unwrap();
    }
}
