//! The stream: made or checked, and known again.
//!
//! A log can lose its newest entries: servers without power lose what was not on their disks, and an operator may put an
//! older copy of their data back. The stream then gives their sequence numbers out again. A state service must know that
//! before it folds one of those: it compares the stamp of the last entry that it knows with what stands at its place.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, LastRawMessageErrorKind, StorageType};
use async_nats::jetstream::{Context, ErrorCode, stream};
use ghostlight_proto::subjects;
use ghostlight_rig::{Epoch, LogPosition, Partition, Position, Revision, Stamp, StoreId};
use tokio::time::Instant;

use super::StreamSettings;
use crate::{ForeignStore, LogError};

pub(super) type Stream = stream::Stream;

/// A retried append is known for one within this, or while entries are kept; it is given up long before.
const DEDUPLICATION_WINDOW: Duration = Duration::from_secs(120);

/// A leader that has not heard from most of its peers for so long may have been replaced: it knows less than the others.
/// They choose another one after four seconds at the earliest.
const HEARD_TIMEOUT: Duration = Duration::from_secs(3);

/// A loss is believed when it is still told after so long. Whoever has just come to lead the stream, or was held while it
/// led, may not have all that its peers have given out already; it hears of that within a heartbeat of theirs, a second.
pub(super) const LOSS_CONFIRMATION: Duration = Duration::from_secs(2);

/// What is found when the stream is asked for.
pub(super) enum Found {
    /// The stream, as a leader knows it who has its peers with it.
    Stream(Box<Stream>),
    /// There is none.
    Nothing,
    /// Nobody can tell at the moment, and why.
    Unclear(String),
}

/// Looks for a partition's stream.
pub(super) async fn find(jetstream: &Context, partition: Partition) -> Found {
    let stream = match jetstream.get_stream(subjects::stream(partition)).await {
        Ok(stream) => stream,
        Err(error) => {
            return match error.kind() {
                GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                    Found::Nothing
                }
                _ => Found::Unclear(error.to_string()),
            };
        }
    };
    match is_led(stream.cached_info()) {
        true => Found::Stream(Box::new(stream)),
        false => Found::Unclear("the stream has no leader that most of its servers follow".to_owned()),
    }
}

/// What is told when there is no stream.
pub(super) fn gone(partition: Partition) -> String {
    format!("there is no stream {}", subjects::stream(partition))
}

fn is_led(info: &Info) -> bool {
    let Some(cluster) = info.cluster.as_ref().filter(|_| info.config.num_replicas > 1) else { return true };
    let heard = cluster.replicas.iter().filter(|peer| !peer.offline && peer.active < HEARD_TIMEOUT).count();
    cluster.leader.is_some() && (heard + 1) * 2 > info.config.num_replicas
}

/// The member of a stream's metadata that names the store whose changes it has.
const STORE: &str = "ghostlight_store";

/// The store that a stream belongs to, if it names one.
pub(super) fn store_of(stream: &Stream) -> Option<StoreId> {
    StoreId::parse(stream.cached_info().config.metadata.get(STORE)?)
}

/// Makes sure that a stream belongs to a store, or names no store.
pub(super) fn check_store(stream: &Stream, ours: StoreId) -> Result<(), LogError> {
    match store_of(stream) {
        Some(theirs) if theirs != ours => Err(foreign(stream, ours, Some(theirs))),
        _ => Ok(()),
    }
}

pub(super) fn foreign(stream: &Stream, ours: StoreId, theirs: Option<StoreId>) -> LogError {
    LogError::Foreign(ForeignStore { stream: stream.cached_info().config.name.clone(), ours, theirs })
}

/// Writes into a stream which store it belongs to.
pub(super) async fn give_to(jetstream: &Context, stream: &Stream, store: StoreId) -> Result<(), LogError> {
    let mut config = stream.cached_info().config.clone();
    config.metadata.insert(STORE.to_owned(), store.to_string());
    let updated = jetstream.update_stream(config).await;
    updated.map(drop).map_err(|error| LogError::Lost(format!("the stream cannot be changed: {error}")))
}

/// Finds the stream, or makes it for a store.
pub(super) async fn find_or_make(
    jetstream: &Context,
    settings: &StreamSettings,
    store: Option<StoreId>,
) -> Result<Stream, LogError> {
    let stream = match find(jetstream, settings.partition).await {
        Found::Stream(stream) => *stream,
        Found::Unclear(why) => return Err(LogError::Lost(why)),
        Found::Nothing => make(jetstream, settings, store).await?,
    };
    check(&stream.cached_info().config, settings)?;
    Ok(stream)
}

async fn make(jetstream: &Context, settings: &StreamSettings, store: Option<StoreId>) -> Result<Stream, LogError> {
    tracing::info!(stream = subjects::stream(settings.partition), replicas = settings.replicas, "making the stream");
    let mut config = wanted(settings);
    config.metadata.extend(store.map(|store| (STORE.to_owned(), store.to_string())));
    let made = jetstream.create_stream(config).await;
    match made {
        Ok(stream) => Ok(stream),
        // Another state service was faster; whether it wanted the same is checked.
        Err(error)
            if matches!(error.kind(), CreateStreamErrorKind::JetStream(error)
                        if error.error_code() == ErrorCode::STREAM_NAME_EXIST) =>
        {
            match find(jetstream, settings.partition).await {
                Found::Stream(stream) => Ok(*stream),
                Found::Nothing => Err(LogError::Lost("the stream has just been removed".to_owned())),
                Found::Unclear(why) => Err(LogError::Lost(why)),
            }
        }
        Err(error) => {
            let stream = subjects::stream(settings.partition);
            Err(LogError::Lost(format!("the stream {stream} cannot be made: {error}")))
        }
    }
}

fn wanted(settings: &StreamSettings) -> Config {
    Config {
        name: subjects::stream(settings.partition),
        description: Some("Ghostlight: the changes of all rigs, in order".to_owned()),
        subjects: vec![subjects::all_changes(settings.partition)],
        storage: StorageType::File,
        num_replicas: settings.replicas,
        max_bytes: i64::try_from(settings.max_bytes).unwrap_or(i64::MAX),
        max_age: settings.max_age,
        // Rather than losing what nobody has saved.
        discard: DiscardPolicy::New,
        duplicate_window: if settings.max_age.is_zero() {
            DEDUPLICATION_WINDOW
        } else {
            DEDUPLICATION_WINDOW.min(settings.max_age)
        },
        ..Config::default()
    }
}

/// Compares what matters to Ghostlight; what else an operator has set is theirs.
fn check(is: &Config, settings: &StreamSettings) -> Result<(), LogError> {
    let wanted = wanted(settings);
    let mut differs = Vec::new();
    let mut compare = |what: &str, is: String, wanted: String| {
        if is != wanted {
            differs.push(format!("{what} is {is}, not {wanted}"));
        }
    };
    compare("subjects", is.subjects.join(" "), wanted.subjects.join(" "));
    compare("storage", format!("{:?}", is.storage), format!("{:?}", wanted.storage));
    compare("retention", format!("{:?}", is.retention), format!("{:?}", wanted.retention));
    compare("discard", format!("{:?}", is.discard), format!("{:?}", wanted.discard));
    compare("replicas", is.num_replicas.to_string(), wanted.num_replicas.to_string());
    compare("max_bytes", is.max_bytes.to_string(), wanted.max_bytes.to_string());
    compare("max_age", format!("{:?}", is.max_age), format!("{:?}", wanted.max_age));
    compare("duplicate_window", format!("{:?}", is.duplicate_window), format!("{:?}", wanted.duplicate_window));
    if differs.is_empty() {
        return Ok(());
    }
    let differs = differs.join("; ");
    Err(LogError::Unfit(format!(
        "the stream {} is not as the settings want it: {differs}. Change the settings, or edit the stream",
        wanted.name
    )))
}

/// Makes sure that what is saved is this partition's: two that share a store would save over each other.
pub(super) fn check_saved(stored: LogPosition, partition: Partition) -> Result<(), LogError> {
    let epoch = stored.position.epoch;
    if stored == LogPosition::default() || partition.begins(epoch) {
        return Ok(());
    }
    Err(LogError::Unfit(format!(
        "what the store holds is not of partition {partition}, which never begins an epoch {epoch}: give each partition a \
         store of its own"
    )))
}

/// What keeps a log from going on from a mark.
#[derive(Debug)]
pub(super) enum Broken {
    /// It has lost what is known, and why that is believed.
    For(String),
    /// What follows was removed from it.
    Purged(String),
    /// It belongs to another store.
    Foreign(LogError),
    /// That cannot be told at the moment.
    Unclear(LogError),
}

/// Since when a loss is told, and for how long that is doubted.
#[derive(Debug)]
pub(super) struct Doubt {
    since: Option<Instant>,
    lasts: Duration,
}

impl Doubt {
    /// One that lasts so long after a loss is told for the first time.
    pub(super) fn lasting(lasts: Duration) -> Self {
        Self { since: None, lasts }
    }

    /// A loss is told; whether it is to be believed.
    pub(super) fn is_over(&mut self) -> bool {
        self.since.get_or_insert_with(Instant::now).elapsed() >= self.lasts
    }

    /// Nobody tells it any more.
    pub(super) fn begin_anew(&mut self) {
        self.since = None;
    }
}

/// Makes sure that the stream goes on from a mark: that it still has what stands there, and all that comes after.
pub(super) async fn goes_on_from(stream: &Stream, mark: LogPosition) -> Result<(), Broken> {
    let state = &stream.cached_info().state;
    let Revision(known) = mark.position.revision;
    if state.last_sequence < known {
        return Err(Broken::For(format!(
            "it has lost its newest entries: it ends at {}, and {known} is known",
            state.last_sequence
        )));
    }
    if state.first_sequence > known + 1 {
        return Err(Broken::Purged(format!(
            "it begins at {}, and what follows {known} is wanted: was an old backup of the database restored?",
            state.first_sequence
        )));
    }
    if mark.stamp == Stamp::default() || state.messages == 0 || state.first_sequence > known {
        return Ok(());
    }
    match stamp_at(stream, known).await.map_err(Broken::Unclear)? {
        Some(stamp) if stamp == mark.stamp => Ok(()),
        // It was let go of between the two questions, or somebody has deleted it: a stream that has lost its newest entries
        // and gone on has another one there.
        None => Ok(()),
        _ => Err(Broken::For(format!("it has lost its newest entries, and another one stands at {known} now"))),
    }
}

/// When the entry at a sequence number was taken in; `None` if there is none.
async fn stamp_at(stream: &Stream, sequence: u64) -> Result<Option<Stamp>, LogError> {
    match stream.get_raw_message(sequence).await {
        Ok(message) => Ok(Some(stamp_of(message.time.unix_timestamp_nanos()))),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(LogError::Lost(error.to_string())),
    }
}

pub(super) fn stamp_of(nanoseconds: i128) -> Stamp {
    Stamp(u64::try_from(nanoseconds).unwrap_or_default())
}

/// Where a new epoch begins, given the mark that the stream does not go on from: before the first entry that was taken
/// in after the marked one. So whatever the store has not seen is folded, and nothing else. The epoch is one of the
/// partition's.
pub(super) async fn begin_anew(
    stream: &Stream,
    partition: Partition,
    stored: LogPosition,
) -> Result<LogPosition, LogError> {
    let state = &stream.cached_info().state;
    let (mut low, mut high) = (state.first_sequence.max(1), state.last_sequence + 1);
    let mut stamp = Stamp::default();
    while stored.stamp != Stamp::default() && low < high {
        let middle = low + (high - low) / 2;
        match stamp_at(stream, middle).await? {
            Some(at) if at <= stored.stamp => (low, stamp) = (middle + 1, at),
            Some(_) => high = middle,
            None => low = middle + 1,
        }
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let epoch = partition.next_epoch(Epoch(now.max(stored.position.epoch.0 + 1)));
    Ok(LogPosition { position: Position { epoch, revision: Revision(low - 1) }, stamp })
}
