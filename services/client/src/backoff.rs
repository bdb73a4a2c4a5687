//! How long to wait before the next attempt.

use std::time::Duration;

/// Grows from one attempt to the next, with jitter, so that the clients of a gateway that went away do not come back
/// all at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, next: first }
    }

    /// The next wait, given a random number in 0..1: half of it for sure, the other half by chance.
    pub(crate) fn next(&mut self, random: f64) -> Duration {
        let wait = self.next.min(self.most);
        self.next = (wait * 2).min(self.most);
        wait.mul_f64(0.5 + random / 2.0)
    }

    /// After a connection that held.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_most_and_starts_over() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        let waits: Vec<_> = (0..8).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        backoff.reset();
        assert_eq!(backoff.next(0.0).as_millis(), 50);
        assert_eq!(backoff.next(0.5).as_millis(), 150);
    }
}
