//! The trait of the echo.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ghostlight_rig::{Interest, RigName, TraceContext};

/// Carries announcements from state services to gateways, and questions the other way.
///
/// Delivery is at most once: an announcement can be lost, and a follower that was too slow is told so. Replicas detect
/// a lost delta by the next revision, and the loss of the last one by the next beacon.
#[async_trait]
pub trait Echo: Send + Sync {
    /// Sends an announcement to every follower of a rig. Never waits.
    fn announce(&self, rig: &RigName, announcement: Announcement);

    /// Receives the questions that gateways ask from now on.
    ///
    /// # Errors
    /// [`EchoError`] if the echo cannot be reached.
    async fn requests(&self) -> Result<Box<dyn Requests>, EchoError>;

    /// Follows a rig: the follower receives everything that is announced after this has resolved, or learns that it
    /// missed some.
    ///
    /// # Errors
    /// [`EchoError`] if the echo cannot be reached.
    async fn follow(&self, rig: &RigName) -> Result<Box<dyn Announcements>, EchoError>;

    /// Asks a state service a question.
    ///
    /// # Errors
    /// [`EchoError`] if no state service answers in time.
    async fn ask(&self, question: Question) -> Result<Bytes, EchoError>;
}

/// An announcement: a delta or a beacon, as text that gateways pass on unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The encoded message.
    pub text: Bytes,
    /// How long the state service took from reading the entry to announcing it.
    pub fold: Duration,
    /// The trace contexts of its changes that are recorded.
    pub traces: Vec<TraceContext>,
}

impl Announcement {
    /// An announcement without changes, such as a beacon.
    pub fn of(text: Bytes) -> Self {
        Self { text, fold: Duration::ZERO, traces: Vec::new() }
    }
}

/// A question of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A rig's whole map, of these kinds; the answer is a snapshot.
    Snapshot(RigName, Interest),
    /// Which rigs exist.
    Rigs,
    /// Which rigs exist in the partition of this rig: shows whether this rig exists.
    RigsBeside(RigName),
}

/// A question that waits for an answer.
pub struct Request {
    /// The question.
    pub question: Question,
    reply: Box<dyn FnOnce(Bytes) + Send>,
}

impl Request {
    /// Makes a request; `reply` receives the answer.
    pub fn new(question: Question, reply: impl FnOnce(Bytes) + Send + 'static) -> Self {
        Self { question, reply: Box::new(reply) }
    }

    /// Answers the question.
    pub fn answer(self, text: Bytes) {
        (self.reply)(text);
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("question", &self.question).finish_non_exhaustive()
    }
}

/// The questions of the gateways.
#[async_trait]
pub trait Requests: Send {
    /// The next question; `None` when there will be no more. The future may be dropped and called again without losing
    /// a question.
    async fn next(&mut self) -> Option<Request>;
}

/// What a follower receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An announcement.
    Announcement(Announcement),
    /// Announcements were lost here: the follower needs a snapshot.
    Missed,
}

/// The announcements about one rig.
#[async_trait]
pub trait Announcements: Send {
    /// The next announcement; `None` when the echo is gone and must be followed again. The future may be dropped and
    /// called again without losing anything.
    async fn next(&mut self) -> Option<Heard>;
}

/// The echo cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no state service answers: {0}")]
pub struct EchoError(pub String);
