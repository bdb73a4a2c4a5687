//! How old a change is that a WebSocket brings.
//!
//! A network that stops passing bytes keeps what was sent in its buffers, and delivers it later: a move would land when
//! others have moved on. The gateway pings each client at once, and then every two seconds or so. A client answers a ping when it receives
//! it, and what it sends comes in order. So a change that comes before the answer to a ping was sent before the client
//! received that ping, and the change is at most as old as the newest ping that was answered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::refusal::Refusal;

/// The pings of one session, and which of them were answered. Times are milliseconds since the session began.
#[derive(Debug)]
pub(crate) struct Pings {
    began: Instant,
    /// When the newest ping that was answered was sent; 0 if none was.
    answered_ms: AtomicU64,
    max_age: Duration,
}

impl Pings {
    /// The pings of a session whose changes may be `max_age` old. Zero switches the check off.
    pub(crate) fn new(max_age: Duration) -> Self {
        Self { began: Instant::now(), answered_ms: AtomicU64::new(0), max_age }
    }

    /// The pause between pings, so that a steady connection with a round trip of two fifths of the age is well within it.
    pub(crate) fn interval(max_age: Duration, ping_every: Duration) -> Duration {
        if max_age.is_zero() { ping_every } else { ping_every.min(max_age * 2 / 5) }
    }

    /// The payload of a ping that is sent now.
    pub(crate) fn payload(&self) -> Bytes {
        Bytes::copy_from_slice(&self.now_ms().to_be_bytes())
    }

    /// Takes the payload of a pong. Ignores a payload that no ping had.
    pub(crate) fn answered(&self, payload: &[u8]) {
        let Ok(sent_ms) = payload.try_into().map(u64::from_be_bytes) else { return };
        if sent_ms <= self.now_ms() {
            self.answered_ms.fetch_max(sent_ms, Ordering::Relaxed);
        }
    }

    /// Refuses a change that arrives now if it may be too old. A client that has never answered a ping is not checked: it may
    /// be a script that only writes.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let answered_ms = self.answered_ms.load(Ordering::Relaxed);
        let age = Duration::from_millis(self.now_ms().saturating_sub(answered_ms));
        if answered_ms == 0 || self.max_age.is_zero() || age <= self.max_age {
            return Ok(());
        }
        Err(Refusal::too_late(age, self.max_age))
    }

    /// Milliseconds since the session began. It is at least 1: 0 stands for no ping.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use ghostlight_proto::Code;

    use super::*;

    fn old(max_age_ms: u64, answered_ms: u64, now_ms: u64) -> Option<Code> {
        let mut pings = Pings::new(Duration::from_millis(max_age_ms));
        pings.began = Instant::now().checked_sub(Duration::from_millis(now_ms)).unwrap();
        pings.answered(&answered_ms.to_be_bytes());
        pings.check().err().map(|refusal| refusal.code())
    }

    #[test]
    fn a_change_is_as_old_as_the_newest_ping_that_was_answered() {
        assert_eq!(old(5_000, 60_000, 62_000), None);
        assert_eq!(old(5_000, 60_000, 70_000), Some(Code::TooLate));
        assert_eq!(old(0, 60_000, 70_000), None, "switched off");
        assert_eq!(old(5_000, 0, 70_000), None, "a client that answers no pings");
        assert_eq!(old(5_000, 99_000, 70_000), None, "a ping that was never sent");
    }

    #[test]
    fn only_the_newest_answer_counts_and_what_is_no_answer_does_not() {
        let mut pings = Pings::new(Duration::from_secs(5));
        pings.began = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        for payload in [&59_000_u64.to_be_bytes()[..], &1_u64.to_be_bytes()[..], b"", b"hello"] {
            pings.answered(payload);
        }
        assert_eq!(pings.check(), Ok(()));
    }

    #[test]
    fn the_answer_to_a_ping_has_its_payload_and_tells_when_it_was_sent() {
        let mut pings = Pings::new(Duration::from_secs(5));
        let before = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        pings.began = before(60);
        pings.answered(&pings.payload());
        assert_eq!(pings.check(), Ok(()));
        pings.began = before(70);
        assert_eq!(pings.check().unwrap_err().code(), Code::TooLate, "ten seconds later");
    }

    #[test]
    fn a_steady_connection_is_asked_often_enough() {
        let interval = |age, every| Pings::interval(Duration::from_secs(age), Duration::from_secs(every));
        assert_eq!(interval(5, 10), Duration::from_secs(2));
        assert_eq!(interval(5, 1), Duration::from_secs(1));
        assert_eq!(interval(0, 10), Duration::from_secs(10));
    }
}
