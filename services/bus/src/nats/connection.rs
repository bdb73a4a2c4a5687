//! The one connection of a process to the NATS servers, and what is known of it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event};
use backon::{BackoffBuilder as _, ExponentialBuilder};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::NatsSettings;
use super::address::Addresses;
use super::log_throttle::LogThrottle;
use super::servers::{Refusals, Servers};

/// A server that is silent for two of these is given up, and another one is tried: a stopped process keeps its
/// connections open.
const PING_INTERVAL: Duration = Duration::from_secs(1);

/// How long connecting may take, with the handshakes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The pauses between attempts to connect: 13 to 26 ms, in the end 250 to 500 ms. A server that is back is found well within
/// two seconds. Jitter adds up to as much again, so that many processes do not come back all at once.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(13))
    .with_max_delay(Duration::from_millis(250))
    .with_jitter()
    .without_max_times();

/// After so many attempts the pauses grow no more.
const MAX_GROWTH: usize = 6;

/// What may wait for a follower that does not listen; what comes then is lost, and it is told so.
const MAX_UNHEARD: usize = 16_384;

/// What may wait to be sent.
const MAX_UNSENT: usize = 16_384;

/// A server that has not answered is left for another no more often than this: moving costs what is under way.
const SERVER_CHANGE_INTERVAL: Duration = Duration::from_secs(3);

/// How long a server may take to know what it was told.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(1);

/// NATS cannot be used as it is set up. That a server is away, or does not let us in, is none of these: that may change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// A URL that is none.
    #[error("{0:?} is no NATS URL: write nats://HOST:4222, several separated by commas")]
    Url(String),
    /// URLs with several users, or tokens.
    #[error("the NATS URLs have different users, passwords or tokens: the servers are one, and know the same users")]
    Logins,
    /// The credentials cannot be read.
    #[error("the credentials cannot be read: {0}")]
    Credentials(String),
    /// A certificate or its key cannot be read.
    #[error("the certificates cannot be read: {0}")]
    Certificates(String),
    /// Anything else.
    #[error("NATS cannot be used: {0}")]
    Other(String),
}

/// A connection to the NATS servers: made anew for as long as the process runs, whenever it is lost.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) client: Client,
    link: watch::Receiver<Link>,
    servers: Arc<Servers>,
    moved: Arc<Mutex<Option<Instant>>>,
    names: Arc<Names>,
}

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is there.
    pub is_up: bool,
    /// How often it was lost.
    pub cuts: u64,
    /// Attempts that failed.
    pub refusals: Refusals,
}

/// What became of the connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// Since when it has been down; `None` while it is up.
    pub(super) down_since: Option<Instant>,
    /// Grows whenever messages may have been lost: it went down, or a follower was too slow.
    pub(super) losses: u64,
    /// Grows whenever it went down.
    pub(super) cuts: u64,
}

/// Where names come from that nobody else has.
#[derive(Debug)]
struct Names {
    prefix: u128,
    next: AtomicU64,
}

impl Connection {
    /// Begins to connect; the connection is there as soon as a server is. Until then, and whenever none is, the log says
    /// why, now and then.
    ///
    /// # Errors
    /// [`ConnectError`] if the settings are of no use.
    pub async fn open(name: &str, settings: &NatsSettings) -> Result<Self, ConnectError> {
        let addresses = Addresses::parse(&settings.urls)?;
        let (change, link) = watch::channel(Link { down_since: Some(Instant::now()), losses: 0, cuts: 0 });
        let (noter, servers) = (Arc::new(Noter { change, told: LogThrottle::default() }), Arc::new(Servers::default()));
        let (choosing, connected) = (servers.clone(), servers.clone());
        let options = ConnectOptions::new()
            .name(name)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .connection_timeout(CONNECT_TIMEOUT)
            .ping_interval(PING_INTERVAL)
            .subscription_capacity(MAX_UNHEARD)
            .client_capacity(MAX_UNSENT)
            .reconnect_delay_callback(pause)
            .reconnect_to_server_callback(move |servers, _| std::future::ready(choosing.choose(&servers)))
            .event_callback(move |event| {
                let (noter, connected) = (noter.clone(), connected.clone());
                async move {
                    if event == Event::Connected {
                        connected.connected();
                    }
                    noter.note(&event);
                }
            });
        let options = with_files(addresses.log_in(options), settings)?;
        let client = options.connect(addresses.servers).await;
        let client = client.map_err(|error| ConnectError::Other(error.to_string()))?;
        let names = Arc::new(Names { prefix: fastrand::u128(..), next: AtomicU64::new(0) });
        Ok(Self { client, link, servers, moved: Arc::default(), names })
    }

    /// What became of the connection so far, and what becomes of it.
    pub(super) fn watch(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }

    pub(super) fn is_up(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Waits until the connection is up, though not beyond `patience` after it went down.
    pub(super) async fn up_within(&self, patience: Duration) -> bool {
        if self.is_up() {
            return true;
        }
        let mut link = self.link.clone();
        let down_since = link.borrow().down_since.unwrap_or_else(Instant::now);
        let up = link.wait_for(|link| link.down_since.is_none());
        matches!(tokio::time::timeout_at(down_since + patience, up).await, Ok(Ok(_)))
    }

    /// What comes of something that needs the connection; `None` if the connection is lost meanwhile, because then no
    /// answer comes any more.
    pub(super) async fn unless_cut<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut link = self.link.clone();
        let cuts = link.borrow_and_update().cuts;
        tokio::select! {
            done = work => Some(done),
            _ = link.wait_for(|link| link.cuts != cuts) => None,
        }
    }

    /// Waits until the server knows all that it was told so far, such as what is to be heard. Nobody has the inbox that is
    /// asked here, and that is what the server answers.
    pub(super) async fn settle(&self) {
        if self.is_up() {
            let asked = self.client.request(self.client.new_inbox(), Bytes::new());
            // A server that does not answer is noticed elsewhere.
            let _ = tokio::time::timeout(SETTLE_TIMEOUT, self.unless_cut(asked)).await;
        }
    }

    /// Leaves a server that has not answered for another one: it may be cut off from its peers.
    pub(super) async fn move_on(&self) {
        {
            let mut moved = self.moved.lock();
            if moved.is_some_and(|moved| moved.elapsed() < SERVER_CHANGE_INTERVAL) {
                return;
            }
            *moved = Some(Instant::now());
        }
        tracing::warn!("the NATS server does not answer in time; trying another one");
        self.servers.leave();
        // It fails only when the client has ended.
        let _ = self.client.force_reconnect().await;
    }

    /// A name that nobody has used.
    pub(super) fn new_name(&self) -> String {
        format!("{:032x}-{}", self.names.prefix, self.names.next.fetch_add(1, Ordering::Relaxed))
    }

    /// How it stands, and has stood.
    pub fn standing(&self) -> Standing {
        Standing { is_up: self.is_up(), cuts: self.link.borrow().cuts, refusals: self.servers.refusals() }
    }

    /// The largest message that the servers take, in bytes; `None` before the first of them was reached.
    pub fn max_payload(&self) -> Option<usize> {
        self.client.try_server_info().map(|info| info.max_payload)
    }
}

/// Adds what stands in files. Certificates are read for each connection, so that new ones need no restart; that they are
/// there at all is made sure of here.
fn with_files(mut options: ConnectOptions, settings: &NatsSettings) -> Result<ConnectOptions, ConnectError> {
    if let Some(file) = &settings.credentials {
        let told = |error| ConnectError::Credentials(format!("{}: {error}", file.display()));
        let credentials = std::fs::read_to_string(file).map_err(told)?;
        options = options.credentials(&credentials).map_err(told)?;
    }
    if let Some(file) = &settings.authorities {
        check(file, "CERTIFICATE-----")?;
        options = options.add_root_certificates(file.clone());
    }
    if let Some((certificate, key)) = &settings.certificate {
        check(certificate, "CERTIFICATE-----")?;
        check(key, "PRIVATE KEY-----")?;
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    Ok(options)
}

/// Makes sure that a file has what is looked for in it.
fn check(file: &Path, what: &str) -> Result<(), ConnectError> {
    let told = |why: String| ConnectError::Certificates(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| told(error.to_string()))?;
    if text.contains(what) { Ok(()) } else { Err(told(format!("it has no {}", what.trim_end_matches('-')))) }
}

/// The pause before an attempt to connect.
fn pause(attempts: usize) -> Duration {
    PAUSES.build().nth(attempts.min(MAX_GROWTH)).expect("attempts have no end")
}

/// Notes what becomes of the connection.
struct Noter {
    change: watch::Sender<Link>,
    told: LogThrottle,
}

impl Noter {
    fn note(&self, event: &Event) {
        match event {
            Event::Connected => tracing::info!("connected to NATS"),
            Event::Disconnected => tracing::warn!("the connection to NATS is lost; connecting again"),
            // Nobody has it any more.
            Event::Closed => tracing::debug!("the connection to NATS has ended"),
            // Why is known where the servers are chosen.
            Event::ClientError(_) => {}
            event if self.told.is_due(&event.to_string(), Instant::now()) => tracing::warn!(%event, "NATS"),
            _ => {}
        }
        self.change.send_modify(|link| match event {
            Event::Connected => link.down_since = None,
            Event::Disconnected => {
                link.down_since = Some(Instant::now());
                link.losses += 1;
                link.cuts += 1;
            }
            Event::SlowConsumer(_) => link.losses += 1,
            _ => {}
        });
    }
}
