//! The NATS servers of a deployment, and a stream and a bucket for the yardsticks, which are stored in the same way as
//! the log's stream.
//!
//! The names never change, so that a run replaces what a killed run has left.

use std::str::FromStr;

use async_nats::jetstream::context::DeleteStreamErrorKind;
use async_nats::jetstream::kv;
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{Client, ConnectOptions, ServerAddr};
use serde::Deserialize;

use crate::failure::{Failure, Fault};
use crate::log::Log;
use crate::options::NatsServers;
use crate::target::{Target, resolve};
use crate::wire::{Http, get};

/// The stream with the log.
const LOG: &str = "GHOSTLIGHT";
/// The stream of the bare hops, and its subject.
const STREAM: &str = "GHOSTLIGHT_BENCH";
pub(crate) const CHANGES: &str = "ghostlight-bench.changes";
/// The bucket of the puts, which is also the name of its stream after `KV_`.
pub(crate) const BUCKET: &str = "GHOSTLIGHT_BENCH";

/// The NATS servers of a deployment.
pub(crate) struct Nats {
    addresses: Vec<ServerAddr>,
    /// For rare requests; each round opens connections of its own.
    jetstream: Context,
    /// How the log is stored.
    pub(crate) log: Log,
    storage: StorageType,
    /// How many entries the log had taken when the run began.
    entries_before: u64,
}

impl Nats {
    /// Finds the log's stream, and makes the stream and the bucket with the same storage. The servers must be on this
    /// machine, unless `allow_remote` is set.
    pub(crate) async fn open(servers: &NatsServers, allow_remote: bool) -> Result<Self, Failure> {
        let addresses = addresses(&servers.urls, allow_remote).await?;
        let client = connect(&addresses).await.map_err(Failure::Nats)?;
        let sync = match &servers.monitoring {
            Some(url) => Some(sync(url, allow_remote).await?),
            None => None,
        };
        let version = client.server_info().version;
        let jetstream = jetstream::new(client);
        let found = jetstream.get_stream(LOG).await;
        let found = found.map_err(|error| Failure::Nats(Fault::Nats(format!("the stream {LOG}: {error}"))))?;
        let info = found.cached_info();
        let storage = info.config.storage;
        let log = Log {
            version,
            storage: if storage == StorageType::File { "file" } else { "memory" },
            replicas: info.config.num_replicas,
            sync,
        };
        let nats = Self { addresses, log, storage, entries_before: info.state.last_sequence, jetstream };
        nats.make().await.map_err(Failure::Nats)?;
        Ok(nats)
    }

    /// Opens a new connection.
    pub(crate) async fn connect(&self) -> Result<Client, Fault> {
        connect(&self.addresses).await
    }

    /// The bucket, used through a connection.
    pub(crate) async fn bucket(&self, client: Client) -> Result<kv::Store, Fault> {
        jetstream::new(client).get_key_value(BUCKET).await.map_err(Fault::nats)
    }

    /// Empties the stream, so that a long run does not fill the disk.
    pub(crate) async fn empty(&self) -> Result<(), Fault> {
        let stream = self.jetstream.get_stream_no_info(STREAM).await.map_err(Fault::nats)?;
        stream.purge().await.map(drop).map_err(Fault::nats)
    }

    /// How many entries the log has taken since the run began.
    pub(crate) async fn entries(&self) -> Result<u64, Fault> {
        let log = self.jetstream.get_stream(LOG).await.map_err(Fault::nats)?;
        Ok(log.cached_info().state.last_sequence.saturating_sub(self.entries_before))
    }

    /// Removes the stream and the bucket.
    pub(crate) async fn remove(&self) -> Result<(), Fault> {
        let is_missing = |error: &jetstream::Error| error.error_code() == ErrorCode::STREAM_NOT_FOUND;
        for stream in [STREAM.to_owned(), format!("KV_{BUCKET}")] {
            match self.jetstream.delete_stream(&stream).await.map_err(|error| (error.kind(), error)) {
                Ok(_) => {}
                Err((DeleteStreamErrorKind::JetStream(error), _)) if is_missing(&error) => {}
                Err((_, error)) => return Err(Fault::Nats(format!("the stream {stream} cannot be removed: {error}"))),
            }
        }
        Ok(())
    }

    async fn make(&self) -> Result<(), Fault> {
        self.remove().await?;
        let stream = Config {
            name: STREAM.to_owned(),
            description: Some("ghostlight bench: removed when it ends".to_owned()),
            subjects: vec![CHANGES.to_owned()],
            storage: self.storage,
            num_replicas: self.log.replicas,
            discard: DiscardPolicy::Old,
            ..Config::default()
        };
        let bucket = kv::Config {
            bucket: BUCKET.to_owned(),
            description: "ghostlight bench: removed when it ends".to_owned(),
            history: 1,
            storage: self.storage,
            num_replicas: self.log.replicas,
            ..kv::Config::default()
        };
        self.jetstream.create_stream(stream).await.map_err(Fault::nats)?;
        self.jetstream.create_key_value(bucket).await.map(drop).map_err(Fault::nats)
    }
}

async fn addresses(urls: &str, allow_remote: bool) -> Result<Vec<ServerAddr>, Failure> {
    let mut addresses = vec![];
    for url in urls.split(',').map(str::trim) {
        let address = ServerAddr::from_str(url);
        // The error does not show the URL, which may contain a password.
        let address = address.map_err(|_| Failure::Nats(Fault::nats("a URL is not of the form nats://HOST:PORT")))?;
        resolve(address.host(), address.port(), allow_remote).await?;
        addresses.push(address);
    }
    Ok(addresses)
}

async fn connect(addresses: &[ServerAddr]) -> Result<Client, Fault> {
    // Only the named servers are used: others of the cluster may be on any machine.
    let options = ConnectOptions::new().name("ghostlight bench").ignore_discovered_servers();
    options.connect(addresses).await.map_err(Fault::nats)
}

/// When a NATS server syncs to the disk, read from its monitoring port.
async fn sync(url: &str, allow_remote: bool) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct JetStream {
        config: Settings,
    }
    #[derive(Deserialize)]
    struct Settings {
        /// The interval in nanoseconds.
        sync_interval: u64,
        #[serde(default)]
        sync_always: bool,
    }

    let monitoring = Target::ghostlight("monitoring", url, allow_remote).await?;
    let asked = async {
        let mut http = Http::connect(&monitoring).await?;
        let answer = http.exchange(&get(&monitoring, "/jsz")).await?;
        let told = serde_json::from_slice(answer.body);
        told.map_err(|error| Fault::wrong(&format!("{url} is not a monitoring port of NATS: {error}"), answer.body))
    };
    let JetStream { config: Settings { sync_interval, sync_always } } = asked.await.map_err(Failure::Nats)?;
    Ok(if sync_always { "always".to_owned() } else { format!("{} s", sync_interval / 1_000_000_000) })
}
