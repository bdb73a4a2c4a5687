//! Clients that all change a dimmer of their own 60 times a second, and all listen. The latency is that of a client's own
//! change. A peer may pass over a level if a later one is known.

use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::generator::{Generator, Load, Set};
use crate::peer::Peer;
use crate::protocol::{Event, Role};
use crate::work::spent::Spent;
use crate::work::{LEVELS, Latencies, Outcome, PATIENCE, WARM_UP, dimmer_of, level_of};

/// The pause between two changes of a client.
const PAUSE: Duration = Duration::from_nanos(1_000_000_000 / 60);

pub(crate) fn round(peer: &Peer, writers: usize, lasting: Duration) -> Result<Outcome, Fault> {
    let mut generator = Generator::connect(peer, Role::Listener, writers, PATIENCE)?;
    let begin = Instant::now();
    let from = begin + WARM_UP;
    let sent = vec![Vec::new(); writers];
    let mut load =
        Writers { begin, from, until: from + lasting, sent, told: vec![0; writers], latencies: Latencies::new() };
    let spent = Spent::since_now(peer)?;
    let deadline = load.until + PATIENCE;
    generator.start([], deadline, &mut load)?;
    let mut outcome = Outcome::of(&load.latencies, lasting);
    spent.add_to(&mut outcome)?;
    Ok(outcome)
}

struct Writers {
    begin: Instant,
    from: Instant,
    until: Instant,
    /// When each client sent each of its changes.
    sent: Vec<Vec<Instant>>,
    /// How many of its own changes each client was told, passed-over ones included.
    told: Vec<usize>,
    latencies: Latencies,
}

impl Writers {
    /// The next change of all: which client's, and when. The clients take turns, evenly over the pause.
    fn due(&self) -> (usize, Instant) {
        let client = (0..self.sent.len()).min_by_key(|client| self.sent[*client].len()).expect("there are clients");
        let number = u32::try_from(self.sent[client].len()).expect("a round has fewer changes");
        let share = PAUSE.mul_f64(client as f64 / self.sent.len() as f64);
        (client, self.begin + PAUSE * number + share)
    }
}

impl Load for Writers {
    fn on(&mut self, client: usize, event: Event, at: Instant, _: &mut Vec<Set>) -> Result<(), Fault> {
        let Event::Level { dimmer, level } = event else { return Ok(()) };
        if dimmer != dimmer_of(client) {
            return Ok(());
        }
        let sent = &self.sent[client];
        let ahead = (u64::from(level) + LEVELS - u64::from(level_of(self.told[client] as u64))) % LEVELS;
        let number = self.told[client] + usize::try_from(ahead).expect("it is below 10,000");
        let Some(sent) = sent.get(number) else {
            return Err(Fault::Wrong(format!(
                "client {client} was told {level} (hundredths of a percent), which is not news"
            )));
        };
        self.told[client] = number + 1;
        if *sent >= self.from && at <= self.until {
            self.latencies.record(at - *sent);
        }
        Ok(())
    }

    fn next_tick(&self) -> Option<Instant> {
        let (_, due) = self.due();
        (due < self.until).then_some(due)
    }

    fn tick(&mut self, now: Instant, sends: &mut Vec<Set>) {
        let (client, _) = self.due();
        sends.push(Set { client, dimmer: dimmer_of(client), level: level_of(self.sent[client].len() as u64) });
        self.sent[client].push(now);
    }

    fn is_done(&self, now: Instant) -> bool {
        now >= self.until && self.sent.iter().zip(&self.told).all(|(sent, told)| sent.len() == *told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_take_turns_and_count_their_own_changes() {
        let now = Instant::now();
        let sent = vec![Vec::new(); 2];
        let mut writers = Writers {
            begin: now,
            from: now,
            until: now + PAUSE * 2,
            sent,
            told: vec![0; 2],
            latencies: Latencies::new(),
        };
        let mut sends = Vec::new();
        while let Some(due) = writers.next_tick() {
            writers.tick(due, &mut sends);
        }
        let told: Vec<_> = sends.iter().map(|set| (set.client, set.dimmer, set.level)).collect();
        assert_eq!(told, [(0, 1, 1), (1, 2, 1), (0, 1, 2), (1, 2, 2)]);
        let mut tell = |client, dimmer, level| {
            writers.on(client, Event::Level { dimmer, level }, now + PAUSE * 2, &mut Vec::new())
        };
        assert!(tell(0, 2, 1).is_ok(), "another's");
        assert!(tell(0, 1, 2).is_ok(), "the first was passed over");
        assert!(tell(0, 1, 1).is_err() && tell(1, 2, 3).is_err());
        assert!(!writers.is_done(writers.until), "the other has not been told");
        assert_eq!(writers.latencies.count(), 1);
    }
}
