//! Rate-limits repeated log messages.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The interval of the same message: a server that is away or refuses us is tried several times a second.
const SAME_MESSAGE_INTERVAL: Duration = Duration::from_secs(60);

/// The interval of different messages, because causes may alternate.
const OTHER_MESSAGE_INTERVAL: Duration = Duration::from_secs(5);

/// Remembers the last message and when it was logged.
#[derive(Debug, Default)]
pub(super) struct LogThrottle(Mutex<Option<(String, Instant)>>);

impl LogThrottle {
    /// Whether this message is to be logged now; if so, it is remembered.
    pub(super) fn is_due(&self, what: &str, now: Instant) -> bool {
        let mut told = self.0.lock();
        let is_due = told.as_ref().is_none_or(|(last, at)| {
            let pause = if last == what { SAME_MESSAGE_INTERVAL } else { OTHER_MESSAGE_INTERVAL };
            now.saturating_duration_since(*at) >= pause
        });
        if is_due {
            *told = Some((what.to_owned(), now));
        }
        is_due
    }

    /// Forgets the last message, so that the next one is logged.
    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_once_a_minute_and_something_else_soon() {
        let (throttle, start) = (LogThrottle::default(), Instant::now());
        let what = |second| if second < 100 { "refused" } else { "wrong password" };
        let told = |second: &u64| throttle.is_due(what(*second), start + Duration::from_secs(*second));
        assert_eq!((0..130).filter(told).collect::<Vec<_>>(), [0, 60, 100]);
        throttle.forget();
        assert!(throttle.is_due("wrong password", start + Duration::from_secs(130)));
    }

    #[test]
    fn causes_that_take_turns_are_no_flood() {
        let (throttle, start) = (LogThrottle::default(), Instant::now());
        let what = |turn: usize| ["refused", "timed out"][turn % 2];
        let told =
            (0..600).filter(|turn| throttle.is_due(what(*turn), start + Duration::from_millis(100) * *turn as u32));
        assert!((2..=13).contains(&told.count()));
    }
}
