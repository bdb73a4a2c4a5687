//! Detects a server through which the stream answers no append.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The longest time that NATS takes to elect a leader of the stream, which answers nothing meanwhile. If the stream
/// answers nothing for longer, the connected server may be cut off from the others.
pub(super) const ELECTION_TIMEOUT: Duration = Duration::from_secs(9);

/// The time in which the stream answers no append, over all appends of a connection.
#[derive(Debug, Default)]
pub(super) struct Silence(Mutex<Option<Unanswered>>);

#[derive(Clone, Copy, Debug)]
struct Unanswered {
    /// When the first append without an answer was sent.
    since: Instant,
    /// When the last one was given up.
    until: Instant,
    /// How often the connection had been lost by then; another connection is given its own time.
    cuts: u64,
}

impl Silence {
    /// Notes that the stream has answered.
    pub(super) fn end(&self) {
        *self.0.lock() = None;
    }

    /// Notes that an append that was sent at `sent` has no answer at `now`, over a connection that was lost `cuts` times
    /// before. Whether no append was answered for longer than an election takes; the time then begins anew.
    pub(super) fn is_too_long(&self, sent: Instant, now: Instant, cuts: u64) -> bool {
        let mut unanswered = self.0.lock();
        // An append that was sent much later says nothing of the time between.
        let goes_on = |known: &Unanswered| known.cuts == cuts && sent < known.until + ELECTION_TIMEOUT;
        let since = unanswered.filter(goes_on).map_or(sent, |known| known.since);
        let is_too_long = now.saturating_duration_since(since) >= ELECTION_TIMEOUT;
        *unanswered = (!is_too_long).then_some(Unanswered { since, until: now, cuts });
        is_too_long
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the server is left after each of some appends, given as the seconds in which they were sent and given up,
    /// and the number of cuts.
    fn left(appends: &[(u64, u64, u64)]) -> Vec<bool> {
        let (silence, start) = (Silence::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        appends.iter().map(|(sent, now, cuts)| silence.is_too_long(at(*sent), at(*now), *cuts)).collect()
    }

    #[test]
    fn a_server_is_left_after_an_election_s_time_over_all_appends() {
        assert_eq!(left(&[(0, 2, 0), (2, 4, 0), (4, 8, 0), (8, 9, 0)]), [false, false, false, true]);
        assert_eq!(left(&[(0, 9, 0), (9, 11, 0)]), [true, false], "the next server has its own time");
        assert_eq!(left(&[(0, 8, 0), (8, 10, 1), (10, 17, 1)]), [false, false, true], "and so has a new connection");
    }

    #[test]
    fn an_append_that_is_sent_much_later_begins_a_new_time() {
        assert_eq!(left(&[(0, 2, 0), (60, 62, 0), (62, 69, 0)]), [false, false, true]);
    }

    #[test]
    fn an_answer_ends_the_time() {
        let (silence, start) = (Silence::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!silence.is_too_long(at(0), at(8), 0));
        silence.end();
        assert!(!silence.is_too_long(at(8), at(10), 0));
    }
}
