//! The echo within one process.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ghostlight_rig::RigName;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{mpsc, oneshot};

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
    followed: Arc<Followed>,
    questions: Mutex<Option<mpsc::Sender<Request>>>,
}

/// The followers of each rig that has any.
// Held to look up a rig, never across an await. Sending to a channel runs no code of followers.
type Followed = Mutex<HashMap<RigName, Vec<Follower>>>;

/// The sending side of a follower.
#[derive(Debug)]
struct Follower {
    announcements: mpsc::Sender<Heard>,
    /// Whether it missed announcements and has not been told so.
    has_missed: bool,
}

impl Follower {
    fn offer(&mut self, announcement: Announcement) {
        if self.has_missed && self.announcements.try_send(Heard::Missed).is_err() {
            return;
        }
        self.has_missed = self.announcements.try_send(Heard::Announcement(announcement)).is_err();
    }
}

impl MemoryEcho {
    fn questions(&self) -> MutexGuard<'_, Option<mpsc::Sender<Request>>> {
        self.questions.lock()
    }
}

#[async_trait]
impl Echo for MemoryEcho {
    fn announce(&self, rig: &RigName, announcement: Announcement) {
        if let Some(followers) = self.followed.lock().get_mut(rig) {
            followers.iter_mut().for_each(|follower| follower.offer(announcement.clone()));
        }
    }

    async fn requests(&self) -> Result<Box<dyn Requests>, EchoError> {
        let (sender, receiver) = mpsc::channel(MAX_REQUESTS);
        *self.questions() = Some(sender);
        Ok(Box::new(MemoryRequests(receiver)))
    }

    async fn follow(&self, rig: &RigName) -> Result<Box<dyn Announcements>, EchoError> {
        let (announcements, heard) = mpsc::channel(MAX_UNHEARD);
        let follower = Follower { announcements, has_missed: false };
        self.followed.lock().entry(rig.clone()).or_default().push(follower);
        Ok(Box::new(MemoryAnnouncements { rig: rig.clone(), heard, followed: Arc::downgrade(&self.followed) }))
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

struct MemoryAnnouncements {
    rig: RigName,
    heard: mpsc::Receiver<Heard>,
    followed: Weak<Followed>,
}

#[async_trait]
impl Announcements for MemoryAnnouncements {
    async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }
}

/// A follower that is gone leaves nothing behind: rigs are named by clients, and there is no end of names.
impl Drop for MemoryAnnouncements {
    fn drop(&mut self) {
        self.heard.close();
        let Some(followed) = self.followed.upgrade() else { return };
        let mut followed = followed.lock();
        let Some(followers) = followed.get_mut(&self.rig) else { return };
        followers.retain(|follower| !follower.announcements.is_closed());
        if followers.is_empty() {
            followed.remove(&self.rig);
        }
    }
}
