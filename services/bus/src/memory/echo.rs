//! The echo within one process.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ghostlight_rig::RigName;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::{Announcement, Announcements, Echo, EchoError, Heard, Question, Request, Requests};

/// How far a follower may fall behind before it is told that it missed announcements. A gateway keeps few entries in
/// flight, so only a stuck follower gets there.
const MAX_UNHEARD: usize = 1_024;

/// The most questions that may wait: each gateway asks one at a time for each rig.
const MAX_REQUESTS: usize = 1_024;

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// An echo in memory.
#[derive(Debug, Default)]
pub struct MemoryEcho {
    followed: Mutex<HashMap<RigName, broadcast::Sender<Announcement>>>,
    questions: Mutex<Option<mpsc::Sender<Request>>>,
}

impl MemoryEcho {
    // Held to look up a channel, never across an await. Sending to a channel runs no code of followers.
    fn followed(&self) -> MutexGuard<'_, HashMap<RigName, broadcast::Sender<Announcement>>> {
        self.followed.lock()
    }

    fn questions(&self) -> MutexGuard<'_, Option<mpsc::Sender<Request>>> {
        self.questions.lock()
    }
}

#[async_trait]
impl Echo for MemoryEcho {
    fn announce(&self, rig: &RigName, announcement: Announcement) {
        let mut followed = self.followed();
        let nobody_follows = followed.get(rig).is_some_and(|followers| followers.send(announcement).is_err());
        if nobody_follows {
            followed.remove(rig);
        }
    }

    async fn requests(&self) -> Result<Box<dyn Requests>, EchoError> {
        let (sender, receiver) = mpsc::channel(MAX_REQUESTS);
        *self.questions() = Some(sender);
        Ok(Box::new(MemoryRequests(receiver)))
    }

    async fn follow(&self, rig: &RigName) -> Result<Box<dyn Announcements>, EchoError> {
        let mut followed = self.followed();
        let followers = followed.entry(rig.clone()).or_insert_with(|| broadcast::Sender::new(MAX_UNHEARD));
        Ok(Box::new(MemoryAnnouncements(followers.subscribe())))
    }

    async fn ask(&self, question: Question) -> Result<Bytes, EchoError> {
        let questions = self.questions().clone().ok_or_else(|| EchoError("none has started".to_owned()))?;
        let (reply, answer) = oneshot::channel();
        let reply = move |text| {
            // The asker may have stopped waiting.
            let _ = reply.send(text);
        };
        questions.try_send(Request::new(question, reply)).map_err(|_| EchoError("it is gone or busy".to_owned()))?;
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, answer).await;
        answer.map_err(|_| EchoError("it takes too long".to_owned()))?.map_err(|_| EchoError("it is gone".to_owned()))
    }
}

struct MemoryRequests(mpsc::Receiver<Request>);

#[async_trait]
impl Requests for MemoryRequests {
    async fn next(&mut self) -> Option<Request> {
        self.0.recv().await
    }
}

struct MemoryAnnouncements(broadcast::Receiver<Announcement>);

#[async_trait]
impl Announcements for MemoryAnnouncements {
    async fn next(&mut self) -> Option<Heard> {
        match self.0.recv().await {
            Ok(announcement) => Some(Heard::Announcement(announcement)),
            Err(RecvError::Lagged(_)) => Some(Heard::Missed),
            Err(RecvError::Closed) => None,
        }
    }
}
