//! The one connection of a process to the NATS servers, and its state.

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
use tokio_util::task::AbortOnDropHandle;

use super::NatsSettings;
use super::address::Addresses;
use super::connect_error::ConnectError;
use super::link::Link;
use super::log_throttle::LogThrottle;
use super::names::{By, Names, Resolve, SystemResolver};
use super::servers::{Refusals, Servers};
use super::silence::Silence;

/// The interval of pings. A server that is silent for two intervals is left for another one, because a stopped process
/// keeps its connections open.
const PING_INTERVAL: Duration = Duration::from_secs(1);

/// How long connecting may take, including the handshakes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The pauses between attempts to connect: 13 to 26 ms at first, 250 to 500 ms in the end, so that a restarted server
/// is found well within two seconds. Jitter adds up to the same again, so that many processes do not reconnect at once.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(13))
    .with_max_delay(Duration::from_millis(250))
    .with_jitter()
    .without_max_times();

/// The number of attempts after which the pauses no longer grow.
const MAX_GROWTH: usize = 6;

/// The most messages that wait for a slow follower; further ones are lost, and the follower is told so.
const MAX_UNHEARD: usize = 16_384;

/// The most messages that wait to be sent.
const MAX_UNSENT: usize = 16_384;

/// A server that does not answer is left for another at most this often, because moving loses what is under way.
const SERVER_CHANGE_INTERVAL: Duration = Duration::from_secs(3);

/// How long a server may take to process what was sent to it.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection to the NATS servers, which is made again whenever it is lost, for as long as the process runs.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) client: Client,
    link: watch::Receiver<Link>,
    servers: Arc<Servers>,
    moved: Arc<Mutex<Option<Instant>>>,
    silence: Arc<Silence>,
    unique: Arc<UniqueNames>,
    _lookups: Arc<AbortOnDropHandle<()>>,
}

/// The state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is connected.
    pub is_up: bool,
    /// How often the connection was lost.
    pub cuts: u64,
    /// Attempts to connect that failed.
    pub refusals: Refusals,
}

/// Makes unique names.
#[derive(Debug)]
struct UniqueNames {
    prefix: u128,
    next: AtomicU64,
}

impl Connection {
    /// Begins to connect; the connection is up as soon as a server answers. While there is none, the reasons are logged
    /// at intervals. Names are looked up as the operating system does.
    ///
    /// # Errors
    /// [`ConnectError`] if the settings cannot be used.
    pub async fn open(name: &str, settings: &NatsSettings) -> Result<Self, ConnectError> {
        Self::open_with(name, settings, Arc::new(SystemResolver)).await
    }

    /// As [`Connection::open`], with another way to look up names.
    ///
    /// # Errors
    /// [`ConnectError`] if the settings cannot be used.
    pub async fn open_with(
        name: &str,
        settings: &NatsSettings,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, ConnectError> {
        let addresses = Addresses::parse(&settings.urls)?;
        let (change, link) = watch::channel(Link { down_since: Some(Instant::now()), losses: 0, cuts: 0 });
        let noter = Arc::new(Noter { change, told: LogThrottle::default() });
        let by = if addresses.is_encrypted || settings.has_certificates() { By::Name } else { By::Address };
        let names = Arc::new(Names::new(addresses.servers.clone(), by, resolver));
        let servers = Arc::new(Servers::new(names.clone()));
        let options = with_callbacks(ConnectOptions::new().name(name), &servers, &noter);
        let options = with_files(addresses.log_in(options), settings)?;
        names.look_up().await;
        let client = options.connect(names.first_servers()).await;
        let client = client.map_err(|error| ConnectError::Other(error.to_string()))?;
        let lookups = {
            let (client, link) = (client.clone(), link.clone());
            tokio::spawn(async move { names.keep_known(&client, link).await })
        };
        let unique = Arc::new(UniqueNames { prefix: fastrand::u128(..), next: AtomicU64::new(0) });
        let _lookups = Arc::new(AbortOnDropHandle::new(lookups));
        Ok(Self { client, link, servers, moved: Arc::default(), silence: Arc::default(), unique, _lookups })
    }

    /// Watches the state of the connection.
    pub(super) fn watch(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }

    pub(super) fn is_up(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Waits until the connection is up, but at most `patience` after it went down.
    pub(super) async fn up_within(&self, patience: Duration) -> bool {
        if self.is_up() {
            return true;
        }
        let mut link = self.link.clone();
        let down_since = link.borrow().down_since.unwrap_or_else(Instant::now);
        let up = link.wait_for(|link| link.down_since.is_none());
        matches!(tokio::time::timeout_at(down_since + patience, up).await, Ok(Ok(_)))
    }

    /// The result of `work`; `None` if the connection is lost meanwhile, because then no answer will come.
    pub(super) async fn unless_cut<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut link = self.link.clone();
        let cuts = link.borrow_and_update().cuts;
        tokio::select! {
            done = work => Some(done),
            _ = link.wait_for(|link| link.cuts != cuts) => None,
        }
    }

    /// Waits until the server has processed everything that was sent so far, such as subscriptions: it sends a request
    /// to an inbox without a listener, and the server itself answers that.
    pub(super) async fn settle(&self) {
        if self.is_up() {
            let asked = self.client.request(self.client.new_inbox(), Bytes::new());
            // A server that does not answer is detected elsewhere.
            let _ = tokio::time::timeout(SETTLE_TIMEOUT, self.unless_cut(asked)).await;
        }
    }

    /// Notes that the stream has answered an append.
    pub(super) fn note_answered(&self) {
        self.silence.end();
    }

    /// Notes that the stream has not answered an append that was sent at `sent`. Leaves the server if no append was
    /// answered for longer than an election takes.
    pub(super) async fn note_unanswered(&self, sent: Instant) {
        let cuts = self.link.borrow().cuts;
        if self.silence.is_too_long(sent, Instant::now(), cuts) {
            self.move_on().await;
        }
    }

    /// Leaves a server that has not answered for another one, because it may be cut off from its peers.
    pub(super) async fn move_on(&self) {
        {
            let mut moved = self.moved.lock();
            if moved.is_some_and(|moved| moved.elapsed() < SERVER_CHANGE_INTERVAL) {
                return;
            }
            *moved = Some(Instant::now());
        }
        tracing::warn!("the NATS server does not answer in time; trying another one");
        // This fails only if the client has ended.
        let _ = self.client.force_reconnect().await;
    }

    /// A unique name.
    pub(super) fn new_name(&self) -> String {
        format!("{:032x}-{}", self.unique.prefix, self.unique.next.fetch_add(1, Ordering::Relaxed))
    }

    /// The state of the connection and its counts so far.
    pub fn standing(&self) -> Standing {
        Standing { is_up: self.is_up(), cuts: self.link.borrow().cuts, refusals: self.servers.refusals() }
    }

    /// The largest message that the servers accept, in bytes; `None` before the first connection.
    pub fn max_payload(&self) -> Option<usize> {
        self.client.try_server_info().map(|info| info.max_payload)
    }
}

/// Adds the timeouts, the choice of servers and the events.
fn with_callbacks(options: ConnectOptions, servers: &Arc<Servers>, noter: &Arc<Noter>) -> ConnectOptions {
    let (choosing, connected, noter) = (servers.clone(), servers.clone(), noter.clone());
    options
        .retry_on_initial_connect()
        .max_reconnects(None)
        .connection_timeout(CONNECT_TIMEOUT)
        .ping_interval(PING_INTERVAL)
        .subscription_capacity(MAX_UNHEARD)
        .client_capacity(MAX_UNSENT)
        .reconnect_delay_callback(pause)
        .reconnect_to_server_callback(move |pool, _| {
            let servers = choosing.clone();
            async move { Some(servers.choose(&pool).await) }
        })
        .event_callback(move |event| {
            let (noter, connected) = (noter.clone(), connected.clone());
            async move {
                if event == Event::Connected {
                    connected.connected();
                }
                noter.note(&event);
            }
        })
}

/// Adds credentials and certificates from files. The client reads certificates for each connection, so that new ones
/// need no restart; here they are only checked.
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

/// Checks that a file contains `what`.
fn check(file: &Path, what: &str) -> Result<(), ConnectError> {
    let told = |why: String| ConnectError::Certificates(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| told(error.to_string()))?;
    if text.contains(what) { Ok(()) } else { Err(told(format!("it has no {}", what.trim_end_matches('-')))) }
}

/// The pause before an attempt to connect.
fn pause(attempts: usize) -> Duration {
    PAUSES.build().nth(attempts.min(MAX_GROWTH)).expect("attempts have no end")
}

/// Notes and logs events of the connection.
struct Noter {
    change: watch::Sender<Link>,
    told: LogThrottle,
}

impl Noter {
    fn note(&self, event: &Event) {
        match event {
            Event::Connected => tracing::info!("connected to NATS"),
            Event::Disconnected => tracing::warn!("the connection to NATS is lost; connecting again"),
            // The connection has no users any more.
            Event::Closed => tracing::debug!("the connection to NATS has ended"),
            // `Servers::choose` logs the reason.
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
