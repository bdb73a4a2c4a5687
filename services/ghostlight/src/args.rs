//! The settings of the roles: arguments and environment variables.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use ghostlight_bus::nats::{NatsSettings, StreamSettings};
use ghostlight_gateway::{Access, Limits};
use ghostlight_rig::{Partition, Partitions};
use ghostlight_store::Durability;
use ghostlight_telemetry::logs::LogFormat;

use crate::access::AccessArgs;
use crate::admin::AdminAddress;
use crate::config::{Distributed, Edge, Keeper};

/// The store of a server that is not told another one.
pub(crate) const DEFAULT_STORE: &str = "sqlite:ghostlight.db";

/// The settings of a gateway.
#[derive(Args, Clone, Debug)]
pub struct GatewayArgs {
    /// The address to listen on; 0.0.0.0:8080 lets other machines in, port 0 takes a free port
    #[arg(long, env = "GHOSTLIGHT_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// How many connections may be open
    #[arg(long, env = "GHOSTLIGHT_MAX_CONNECTIONS", default_value_t = 10_000, value_name = "COUNT", value_parser = at_least_one())]
    pub(crate) max_connections: usize,
    /// How many of them may come from one address; a proxy on another machine needs as many as its clients [default:
    /// half of --max-connections, and any number from this machine itself]
    #[arg(long, env = "GHOSTLIGHT_MAX_CONNECTIONS_PER_ADDRESS", value_name = "COUNT", value_parser = at_least_one())]
    max_connections_per_address: Option<usize>,
    /// The largest request body or WebSocket message
    #[arg(long, env = "GHOSTLIGHT_MAX_MESSAGE_BYTES", default_value_t = 1 << 20, value_name = "BYTES", value_parser = at_least_one())]
    max_message_bytes: usize,
    /// Disconnect a client that reads nothing for this long
    #[arg(long, env = "GHOSTLIGHT_STALL_SECONDS", default_value = "15", value_name = "SECONDS", value_parser = seconds)]
    stall_seconds: Duration,
    /// How often to ping a WebSocket; one that is silent for two and a half times as long is closed
    #[arg(long, env = "GHOSTLIGHT_PING_SECONDS", default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    ping_seconds: Duration,
    /// A change that its client sent longer ago, as one that a network has held back, is refused; 0 refuses none
    #[arg(long, env = "GHOSTLIGHT_MAX_CHANGE_AGE_SECONDS", default_value = "5", value_name = "SECONDS", value_parser = seconds_or_none)]
    max_change_age_seconds: Duration,
    /// Answer a change as unknown if it is not confirmed within this time
    #[arg(long, env = "GHOSTLIGHT_ANSWER_SECONDS", default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    answer_seconds: Duration,
    /// How long to go on after a termination signal while connections are closed one by one; 0 closes all at once
    #[arg(long, env = "GHOSTLIGHT_DRAIN_SECONDS", default_value = "0", value_name = "SECONDS", value_parser = seconds_or_none)]
    drain_seconds: Duration,
}

impl GatewayArgs {
    /// The gateway's configuration. It follows `rigs` rigs before it drops unused ones, and has up to `in_flight`
    /// entries of a rig under way.
    pub(crate) fn edge(&self, rigs: usize, in_flight: usize, access: Access) -> Edge {
        let limits = Limits {
            connections: self.max_connections,
            connections_per_address: self.max_connections_per_address,
            rigs,
            message_bytes: self.max_message_bytes,
            stall: self.stall_seconds,
            ping_every: self.ping_seconds,
            max_change_age: self.max_change_age_seconds,
            answer_within: self.answer_seconds,
            in_flight,
            drain: self.drain_seconds,
            ..Limits::default()
        };
        Edge { listen: self.listen, limits, access }
    }
}

/// The settings of a state service.
#[derive(Args, Clone, Debug)]
pub struct StateArgs {
    /// Where levels are saved: sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(
        long,
        env = "GHOSTLIGHT_STORE",
        default_value = DEFAULT_STORE,
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) store: String,
    /// What an answered change survives: a power cut (full), or a killed process (relaxed)
    #[arg(long, env = "GHOSTLIGHT_DURABILITY", default_value_t, value_name = "full|relaxed")]
    pub(crate) durability: Durability,
    /// How many rigs may exist; with several partitions, in each
    #[arg(long, env = "GHOSTLIGHT_MAX_RIGS", default_value_t = 1_000, value_name = "COUNT", value_parser = at_least_one())]
    pub(crate) max_rigs: usize,
}

impl StateArgs {
    pub(crate) fn keeper(&self) -> Keeper {
        Keeper { store: self.store.clone(), durability: self.durability, most_rigs: self.max_rigs }
    }
}

/// The settings of the connection to NATS.
#[derive(Args, Clone, Debug)]
pub struct BusArgs {
    /// A file with NATS credentials, as nsc writes them
    #[arg(long, env = "GHOSTLIGHT_NATS_CREDENTIALS", value_name = "FILE", requires = "bus")]
    nats_credentials: Option<PathBuf>,
    /// A file with the certificates of the authorities that sign the NATS servers' certificates
    #[arg(long, env = "GHOSTLIGHT_NATS_CA", value_name = "FILE", requires = "bus")]
    nats_ca: Option<PathBuf>,
    /// A file with this process's certificate for the NATS servers
    #[arg(long, env = "GHOSTLIGHT_NATS_CERTIFICATE", value_name = "FILE", requires_all = ["nats_key", "bus"])]
    nats_certificate: Option<PathBuf>,
    /// A file with the key of that certificate
    #[arg(long, env = "GHOSTLIGHT_NATS_KEY", value_name = "FILE", requires = "nats_certificate")]
    nats_key: Option<PathBuf>,
}

impl BusArgs {
    pub(crate) fn distributed(&self, urls: &str, stream: StreamSettings) -> Distributed {
        let nats = NatsSettings {
            urls: urls.to_owned(),
            credentials: self.nats_credentials.clone(),
            authorities: self.nats_ca.clone(),
            certificate: self.nats_certificate.clone().zip(self.nats_key.clone()),
        };
        Distributed { nats, stream }
    }
}

/// The properties of the stream in NATS; the first state service creates it with them.
#[derive(Args, Clone, Debug)]
pub struct StreamArgs {
    /// The partition of rigs to keep here: one of COUNT, each with a stream and a store of its own. 0/4 to 3/4 are all
    /// of four [default: 0/1]
    #[arg(long, env = "GHOSTLIGHT_PARTITION", value_name = "INDEX/COUNT", requires = "bus")]
    partition: Option<Partition>,
    /// How many NATS servers keep each change: 1, 3 or 5 [default: 1]
    #[arg(long, env = "GHOSTLIGHT_STREAM_REPLICAS", value_name = "COUNT", requires = "bus",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=5))]
    stream_replicas: Option<usize>,
    /// How many bytes of changes the stream holds before it refuses more; saved changes make room [default: 1 GiB]
    #[arg(long, env = "GHOSTLIGHT_STREAM_MAX_BYTES", value_name = "BYTES", requires = "bus",
          value_parser = clap::value_parser!(u64).range(1 << 20..))]
    stream_max_bytes: Option<u64>,
    /// How many hours the stream keeps a change that nobody has saved [default: 168]
    #[arg(long, env = "GHOSTLIGHT_STREAM_MAX_AGE_HOURS", value_name = "HOURS", requires = "bus",
          value_parser = clap::value_parser!(u64).range(1..=87_600))]
    stream_max_age_hours: Option<u64>,
}

impl StreamArgs {
    pub(crate) fn settings(&self) -> StreamSettings {
        let usual = StreamSettings::default();
        StreamSettings {
            partition: self.partition.unwrap_or_default(),
            replicas: self.stream_replicas.unwrap_or(usual.replicas),
            max_bytes: self.stream_max_bytes.unwrap_or(usual.max_bytes),
            max_age: self.stream_max_age_hours.map_or(usual.max_age, |hours| Duration::from_secs(hours * 3_600)),
        }
    }
}

/// What a gateway needs to know of the streams.
#[derive(Args, Clone, Debug)]
pub struct PartitionsArgs {
    /// How many partitions the rigs divide over; must equal the COUNT of the state services, otherwise no rigs are
    /// found
    #[arg(long, env = "GHOSTLIGHT_PARTITIONS", default_value_t, value_name = "COUNT")]
    partitions: Partitions,
}

impl PartitionsArgs {
    /// A gateway does not make or read a stream, so only the number of partitions matters to it.
    pub(crate) fn settings(&self) -> StreamSettings {
        StreamSettings { partition: self.partitions.first(), ..StreamSettings::default() }
    }
}

/// The settings of the process.
#[derive(Args, Clone, Debug)]
pub struct ProcessArgs {
    /// How many threads serve [default: one for each core; one less if levels are saved here without --bus]
    #[arg(long, env = "GHOSTLIGHT_THREADS", value_name = "COUNT",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_024))]
    threads: Option<usize>,
    /// What to log, as a tracing filter: info, ghostlight_gateway=debug, ...
    // NATS' own client logs each of several attempts a second; the bus logs the same failure at intervals instead.
    #[arg(long, env = "GHOSTLIGHT_LOG", default_value = "info,async_nats=off", value_name = "FILTER")]
    pub(crate) log: String,
    /// The format of the log: for people (text), JSON (json), or by where the log goes (auto)
    #[arg(long, env = "GHOSTLIGHT_LOG_FORMAT", default_value = "auto", value_name = "auto|text|json")]
    pub(crate) log_format: LogFormat,
    /// The address of metrics, health and the log's filter, or off [default: 127.0.0.1:9464, or a free port if that is
    /// taken]
    #[arg(long, env = "GHOSTLIGHT_ADMIN", value_name = "ADDRESS")]
    pub(crate) admin: Option<AdminAddress>,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

impl ProcessArgs {
    /// How many threads serve. In one process, the store's own thread takes one core: every change passes through both,
    /// and on few cores they would only take turns.
    pub(crate) fn workers(&self, stores_alone: bool) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let usual = if stores_alone { cores.saturating_sub(1).max(1) } else { cores };
        self.threads.unwrap_or(usual)
    }
}

/// Parses a count or a size, which is not 0.
pub(crate) fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

/// Parses a number of seconds, or 0.
fn seconds_or_none(text: &str) -> Result<Duration, String> {
    if text.parse() == Ok(0.0) { Ok(Duration::ZERO) } else { seconds(text).map_err(|why| format!("0, or {why}")) }
}

/// Parses a number of seconds, with decimals.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if (0.1..=3_600.0).contains(&seconds) => Ok(duration),
        _ => Err("expected 0.1 to 3600 seconds".to_owned()),
    }
}
