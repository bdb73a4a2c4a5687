//! The echo between processes, over core NATS: fast, and at most once.

use std::pin::pin;
use std::time::Duration;

use async_nats::{HeaderMap, Message, Subscriber};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{Either, select, try_join_all};
use futures_util::stream::SelectAll;
use futures_util::{FutureExt, StreamExt};
use ghostlight_proto::{
    decode_snapshot_request, encode_snapshot_request, join_rigs, parse_traceparent, subjects, traceparent,
};
use ghostlight_rig::{Partition, Partitions, RigName, TraceContext};
use tokio::sync::watch;
use tokio::task::coop::unconstrained;

use super::chunks::{self, Begun};
use super::connection::Connection;
use super::link::Link;
use super::lost_announcements::LostAnnouncements;
use crate::{Announcement, Announcements, Echo, EchoError, Heard, Question, Request, Requests};

/// How long to wait for a connection that is being made or was just lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many times a question is asked before it fails.
const TRIES: usize = 3;

/// If one state service has not begun to answer after this time, it may hang, and every state service is asked: a
/// follower receives nothing before it has its answer. A healthy one answers sooner.
const FALLBACK_DELAY: Duration = Duration::from_millis(50);

/// The pause before a question is asked again: a state service may just be starting.
const RETRY: Duration = Duration::from_millis(100);

/// An echo through NATS.
#[derive(Debug)]
pub struct NatsEcho {
    connection: Connection,
    partition: Partition,
    lost: LostAnnouncements,
}

impl NatsEcho {
    /// Makes an echo over this connection. It follows and asks for rigs of all partitions, and receives questions for
    /// `partition`.
    pub fn new(connection: Connection, partition: Partition) -> Self {
        Self { connection, partition, lost: LostAnnouncements::default() }
    }

    /// The rigs of all partitions. If one partition does not answer, this fails, because an incomplete list would look
    /// complete.
    async fn list(&self) -> Result<Bytes, EchoError> {
        let partitions = self.partition.among();
        if partitions == Partitions::default() {
            return self.list_of(self.partition).await;
        }
        let lists = try_join_all(partitions.all().map(|partition| self.list_of(partition))).await?;
        join_rigs(lists).ok_or_else(|| EchoError("its answer is not a list of rigs".to_owned()))
    }

    async fn list_of(&self, partition: Partition) -> Result<Bytes, EchoError> {
        let list = {
            let (one, each) = (subjects::rigs(partition), subjects::rigs_of_each(partition));
            self.ask_patiently(&one, &each, Bytes::new()).await
        };
        list.map_err(|why| match partition.among() {
            one if one == Partitions::default() => EchoError(why.to_owned()),
            _ => EchoError(format!("partition {partition}: {why}")),
        })
    }

    /// Asks up to [`TRIES`] times, until there is an answer.
    async fn ask_patiently(&self, one: &str, each: &str, text: Bytes) -> Result<Bytes, &'static str> {
        let mut why = "NATS cannot be reached";
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(RETRY).await;
            }
            if !self.connection.up_within(PATIENCE).await {
                break;
            }
            match self.ask_once(one, each, &text).await {
                Ok(text) => return Ok(text),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    /// Asks one of the state services, and every one of them if that one does not answer in time. If the connection is
    /// lost meanwhile, the answer will not come.
    async fn ask_once(&self, one: &str, each: &str, text: &Bytes) -> Result<Bytes, &'static str> {
        let one = pin!(self.begun(one, text));
        let each = pin!(async {
            tokio::time::sleep(FALLBACK_DELAY).await;
            self.begun(each, text).await
        });
        let asked = async {
            let begun = match select(one, each).await {
                // If no state service listens, the first question fails at once, and that holds for both.
                Either::Left((begun, _)) | Either::Right((begun @ Ok(_), _)) => begun,
                Either::Right((Err(_), one)) => one.await,
            };
            chunks::collect(begun?).await
        };
        self.connection.unless_cut(asked).await.unwrap_or(Err("the connection was lost"))
    }

    /// Publishes a question, and waits for the first part of an answer.
    async fn begun(&self, subject: &str, text: &Bytes) -> Result<Begun, &'static str> {
        let client = &self.connection.client;
        let inbox = client.new_inbox();
        let answers = client.subscribe(inbox.clone()).await.map_err(|_| "the connection has ended")?;
        let asked = client.publish_with_reply(subject.to_owned(), inbox, text.clone()).await;
        asked.map_err(|_| "the connection has ended")?;
        chunks::begun(answers).await
    }
}

#[async_trait]
impl Echo for NatsEcho {
    fn announce(&self, rig: &RigName, announcement: Announcement) {
        let Announcement { text, fold, traces } = announcement;
        let was_lost = self.lost.take(rig);
        let subject = subjects::echo(rig, self.partition.among());
        let client = &self.connection.client;
        // Sending waits only if the client's buffer is full; then this announcement is lost, as if it were lost on the
        // way. Without `unconstrained`, sending could also wait because this task has used up its time slice.
        let sent = if was_lost || !fold.is_zero() || !traces.is_empty() {
            let mut headers = HeaderMap::new();
            headers.insert(subjects::FOLD_MICROS, fold.as_micros().to_string());
            traces.into_iter().for_each(|trace| headers.append(subjects::TRACEPARENT, traceparent(trace)));
            if was_lost {
                headers.insert(subjects::LOST, "1");
            }
            unconstrained(client.publish_with_headers(subject, headers, text)).now_or_never()
        } else {
            unconstrained(client.publish(subject, text)).now_or_never()
        };
        if !matches!(sent, Some(Ok(()))) {
            self.lost.note(rig);
        }
    }

    async fn requests(&self) -> Result<Box<dyn Requests>, EchoError> {
        let client = &self.connection.client;
        let failed = |error: async_nats::SubscribeError| EchoError(error.to_string());
        let group = || subjects::STATE_SERVICES.to_owned();
        let mut questions = SelectAll::new();
        let partition = self.partition;
        for subject in [subjects::all_snapshots(partition), subjects::rigs(partition)] {
            questions.push(client.queue_subscribe(subject, group()).await.map_err(failed)?);
        }
        for subject in [subjects::all_snapshots_of_each(partition), subjects::rigs_of_each(partition)] {
            questions.push(client.subscribe(subject).await.map_err(failed)?);
        }
        self.connection.settle().await;
        Ok(Box::new(NatsRequests { connection: self.connection.clone(), partition, questions }))
    }

    async fn follow(&self, rig: &RigName) -> Result<Box<dyn Announcements>, EchoError> {
        if !self.connection.up_within(PATIENCE).await {
            return Err(EchoError("NATS cannot be reached".to_owned()));
        }
        let link = self.connection.watch();
        let losses = link.borrow().losses;
        let announced = self.connection.client.subscribe(subjects::echo(rig, self.partition.among())).await;
        let announced = announced.map_err(|error| EchoError(error.to_string()))?;
        self.connection.settle().await;
        Ok(Box::new(NatsAnnouncements { announced, link, losses, next: None }))
    }

    async fn ask(&self, question: Question) -> Result<Bytes, EchoError> {
        let partitions = self.partition.among();
        match &question {
            Question::Snapshot(rig, kinds) => {
                let (one, each) = (subjects::snapshot(rig, partitions), subjects::snapshot_of_each(rig, partitions));
                let text = encode_snapshot_request(*kinds);
                self.ask_patiently(&one, &each, text).await.map_err(|why| EchoError(why.to_owned()))
            }
            Question::RigsBeside(rig) => self.list_of(partitions.of(rig)).await,
            Question::Rigs => self.list().await,
        }
    }
}

struct NatsRequests {
    connection: Connection,
    partition: Partition,
    questions: SelectAll<Subscriber>,
}

#[async_trait]
impl Requests for NatsRequests {
    async fn next(&mut self) -> Option<Request> {
        loop {
            let Message { subject, reply, payload, .. } = self.questions.next().await?;
            let Some(reply) = reply else { continue };
            let question = match subjects::rig_of(&subject) {
                Some(rig) if self.partition.holds(&rig) => Question::Snapshot(rig, decode_snapshot_request(&payload)),
                // A question for a rig of another partition gets no answer, because this service has no data of that
                // rig.
                Some(_) => continue,
                None => Question::Rigs,
            };
            let client = self.connection.client.clone();
            return Some(Request::new(question, move |text| {
                // The task ends when all parts are handed to the connection.
                tokio::spawn(async move { chunks::send(&client, reply, text).await });
            }));
        }
    }
}

struct NatsAnnouncements {
    announced: Subscriber,
    link: watch::Receiver<Link>,
    /// How many losses of the connection were reported.
    losses: u64,
    /// The announcement after a loss, which is reported first.
    next: Option<Announcement>,
}

#[async_trait]
impl Announcements for NatsAnnouncements {
    async fn next(&mut self) -> Option<Heard> {
        if let Some(next) = self.next.take() {
            return Some(Heard::Announcement(next));
        }
        let known = self.losses;
        tokio::select! {
            biased;
            Ok(link) = self.link.wait_for(|link| link.losses != known) => {
                self.losses = link.losses;
                Some(Heard::Missed)
            }
            message = self.announced.next() => {
                let Message { headers, payload: text, .. } = message?;
                let header = |name| headers.as_ref().and_then(|headers| headers.get(name));
                let fold = header(subjects::FOLD_MICROS).and_then(|micros| micros.as_str().parse().ok());
                let fold = Duration::from_micros(fold.unwrap_or_default());
                let heard = Announcement { text, fold, traces: traces(headers.as_ref()) };
                if header(subjects::LOST).is_none() {
                    return Some(Heard::Announcement(heard));
                }
                self.next = Some(heard);
                Some(Heard::Missed)
            }
        }
    }
}

/// The trace contexts in an announcement's headers.
fn traces(headers: Option<&HeaderMap>) -> Vec<TraceContext> {
    let all = headers.into_iter().flat_map(|headers| headers.get_all(subjects::TRACEPARENT));
    all.filter_map(|trace| parse_traceparent(trace.as_str())).collect()
}
