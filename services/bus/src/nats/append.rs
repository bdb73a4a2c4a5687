//! Appends one entry: sends it until the stream has acknowledged it or its time is over.
//!
//! Every attempt has the same `Nats-Msg-Id`, so that the stream accepts only one of them. A caller has one entry of a
//! rig under way at a time, because an entry that is sent again must not get behind a later one.

use std::error::Error as _;
use std::time::Duration;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context, ErrorCode};
use ghostlight_proto::{encode_entry, subjects};
use ghostlight_rig::{Entry, Partitions, Position, Revision, RigName};
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use crate::AppendError;

/// The time after which an append fails. Electing a new leader of the stream takes four to nine seconds.
const APPEND_TIMEOUT: Duration = Duration::from_millis(9_500);

/// Without a connection, changes are refused after this time: a restarted server is back by then.
const PATIENCE: Duration = Duration::from_secs(2);

/// The pause before the next attempt, for example while the stream has no leader.
const RETRY: Duration = Duration::from_millis(100);

/// No attempt begins later than this before the end. If an attempt is cut off by the end, the outcome of an entry that was
/// refused until then would be unknown.
const LAST_ATTEMPT_TIME: Duration = Duration::from_millis(400);

/// The result of one attempt.
enum Tried {
    Landed(u64),
    /// The entry was refused; whether it may be tried again.
    Refused(String, Again),
    TooLarge,
    /// The connection was lost, so the result is unknown.
    Lost,
    /// No answer came in time, so the result is unknown.
    Unacknowledged,
}

enum Again {
    Yes,
    No,
}

/// Appends an entry to the stream of its rig's partition.
pub(super) async fn append(
    connection: &Connection,
    jetstream: &Context,
    partitions: Partitions,
    rig: &RigName,
    entry: &Entry,
    seen: Position,
) -> Result<Position, AppendError> {
    let (subject, stream) = (subjects::changes(rig, partitions), subjects::stream(partitions.of(rig)));
    let (text, id) = (encode_entry(entry), connection.new_name());
    let deadline = Instant::now() + APPEND_TIMEOUT;
    let mut may_have_landed = false;
    let failed = |may_have_landed, why: &str| match may_have_landed {
        true => AppendError::Unknown,
        false => AppendError::Unavailable(why.to_owned()),
    };
    loop {
        let message = PublishMessage::build().payload(text.clone()).message_id(&id).expected_stream(&stream);
        let sent = Instant::now();
        let tried = timeout_at(deadline, attempt(connection, jetstream, subject.clone(), message)).await;
        let tried = tried.unwrap_or(Tried::Unacknowledged);
        note(connection, &tried, sent).await;
        let why = match tried {
            Tried::Landed(sequence) => return place(sequence, seen),
            Tried::Refused(why, Again::No) => return Err(failed(may_have_landed, &why)),
            Tried::Refused(why, Again::Yes) => why,
            Tried::TooLarge => return Err(AppendError::TooLarge(connection.client.max_payload())),
            Tried::Lost | Tried::Unacknowledged => {
                may_have_landed = true;
                "the stream does not answer".to_owned()
            }
        };
        if Instant::now() + RETRY + LAST_ATTEMPT_TIME >= deadline {
            return Err(failed(may_have_landed, &why));
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Notes what an attempt that was made at `sent` shows of the connected server.
async fn note(connection: &Connection, tried: &Tried, sent: Instant) {
    match tried {
        Tried::Landed(_) | Tried::Refused(_, Again::No) => connection.note_answered(),
        Tried::Refused(_, Again::Yes) | Tried::Unacknowledged => connection.note_unanswered(sent).await,
        Tried::TooLarge | Tried::Lost => {}
    }
}

/// Makes one attempt. If the connection is lost meanwhile, the answer will not come.
async fn attempt(connection: &Connection, jetstream: &Context, subject: String, message: PublishMessage) -> Tried {
    if !connection.up_within(PATIENCE).await {
        return Tried::Refused("NATS cannot be reached".to_owned(), Again::No);
    }
    let acknowledged = async {
        let sent = jetstream.send_publish(subject, message).await?;
        sent.await
    };
    match connection.unless_cut(acknowledged).await {
        None => Tried::Lost,
        Some(Ok(acknowledged)) => Tried::Landed(acknowledged.sequence),
        Some(Err(error)) => refused(&error),
    }
}

fn refused(error: &PublishError) -> Tried {
    match error.kind() {
        // The stream has no leader yet, or does not exist yet.
        PublishErrorKind::StreamNotFound => {
            Tried::Refused("the log has no leader, or does not exist".to_owned(), Again::Yes)
        }
        PublishErrorKind::MaxPayloadExceeded => Tried::TooLarge,
        PublishErrorKind::TimedOut => Tried::Unacknowledged,
        PublishErrorKind::BrokenPipe => Tried::Lost,
        PublishErrorKind::Other if passes(error) => Tried::Refused(error.to_string(), Again::Yes),
        // The stream's answer: it is full, or has no quorum.
        _ => Tried::Refused(error.to_string(), Again::No),
    }
}

/// Whether the stream's answer is temporary: the stream is being moved, or an earlier attempt of the same entry is not
/// decided yet.
fn passes(error: &PublishError) -> bool {
    let answer = error.source().and_then(|source| source.downcast_ref::<jetstream::Error>());
    let momentary =
        [ErrorCode::CLUSTER_NOT_AVAILABLE, ErrorCode::STREAM_OFFLINE, ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT];
    answer.is_some_and(|error| momentary.contains(&error.error_code()))
}

/// An entry lands after everything that the gateway had seen of the rig. If it does not, the stream has lost its newest
/// entries and reuses their sequence numbers; the entry will be folded in a new epoch, which is not known here.
fn place(sequence: u64, seen: Position) -> Result<Position, AppendError> {
    if sequence > seen.revision.0 {
        return Ok(Position { epoch: seen.epoch, revision: Revision(sequence) });
    }
    tracing::error!(sequence, %seen, "ALARM: the log has lost its newest entries");
    Err(AppendError::Unknown)
}
