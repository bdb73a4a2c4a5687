//! The seam to the echo.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ghostlight_rig::{Interest, RigName, TraceContext};

/// Carries announcements from state services to gateways, and questions the other way.
///
/// At most once: an announcement can be lost, and a follower that was too slow is told so. Replicas find gaps by
/// revision, and the last loss by the next beacon.
#[async_trait]
pub trait Echo: Send + Sync {
    /// Tells every follower of a rig. Never waits.
    fn announce(&self, rig: &RigName, announcement: Announcement);

    /// Takes the questions that gateways ask from now on.
    ///
    /// # Errors
    /// [`EchoError`] if the echo cannot be reached.
    async fn requests(&self) -> Result<Box<dyn Requests>, EchoError>;

    /// Follows a rig: everything announced after this has resolved is heard, or known to be missed.
    ///
    /// # Errors
    /// [`EchoError`] if the echo cannot be reached.
    async fn follow(&self, rig: &RigName) -> Result<Box<dyn Announcements>, EchoError>;

    /// Asks a state service.
    ///
    /// # Errors
    /// [`EchoError`] if no state service answers in time.
    async fn ask(&self, question: Question) -> Result<Bytes, EchoError>;
}

/// What is announced: a delta or a beacon, as text that gateways pass on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The text.
    pub text: Bytes,
    /// How long the state service took from reading the entry to announcing it.
    pub fold: Duration,
    /// Where the changes that it is about stand in their traces, as far as they are recorded.
    pub traces: Vec<TraceContext>,
}

impl Announcement {
    /// A text that is about no change.
    pub fn of(text: Bytes) -> Self {
        Self { text, fold: Duration::ZERO, traces: Vec::new() }
    }
}

/// What a gateway asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A rig's whole map, in some kinds; answered with a snapshot.
    Snapshot(RigName, Interest),
    /// Which rigs there are.
    Rigs,
    /// Which rigs there are where this one is, or would be: whether it has been made.
    RigsBeside(RigName),
}

/// A question that waits for its answer.
pub struct Request {
    /// What is asked.
    pub question: Question,
    reply: Box<dyn FnOnce(Bytes) + Send>,
}

impl Request {
    /// A question, and where its answer goes.
    pub fn new(question: Question, reply: impl FnOnce(Bytes) + Send + 'static) -> Self {
        Self { question, reply: Box::new(reply) }
    }

    /// Answers it.
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
    /// The next question; `None` when there will be no more. May be dropped and asked again without losing anything.
    async fn next(&mut self) -> Option<Request>;
}

/// What a follower hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An announcement.
    Announcement(Announcement),
    /// Some were lost here: only a snapshot helps.
    Missed,
}

/// The announcements about one rig.
#[async_trait]
pub trait Announcements: Send {
    /// The next one; `None` when the echo is gone and must be followed anew. May be dropped and asked again without
    /// losing anything.
    async fn next(&mut self) -> Option<Heard>;
}

/// The echo cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no state service answers: {0}")]
pub struct EchoError(pub String);
