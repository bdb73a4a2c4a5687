//! One client changes a dimmer at a steady rate, and all clients are told. A peer may pass over a level if a later one is known;
//! it may not go back, and all clients end at the last one.

use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::generator::{Generator, Load, Set};
use crate::peer::Peer;
use crate::protocol::{Event, Role};
use crate::work::spent::Spent;
use crate::work::{LEVELS, Latencies, Outcome, PATIENCE, WARM_UP, level_of};

/// The dimmer that is changed.
const DIMMER: u16 = 1;

pub(crate) fn round(peer: &Peer, clients: usize, rate: u32, lasting: Duration) -> Result<Outcome, Fault> {
    let mut generator = Generator::connect(peer, Role::Listener, clients, PATIENCE)?;
    let begin = Instant::now();
    let from = begin + WARM_UP;
    let mut load = Fanout {
        begin,
        from,
        until: from + lasting,
        pause: Duration::from_secs(1) / rate,
        sent: Vec::new(),
        told: vec![None; clients],
        latencies: Latencies::new(),
    };
    let spent = Spent::since_now(peer)?;
    let deadline = load.until + PATIENCE;
    generator.start([], deadline, &mut load)?;
    let mut outcome = Outcome::of(&load.latencies, lasting);
    let counted = load.sent.iter().filter(|sent| **sent >= load.from).count();
    outcome.figures.insert("told_share", outcome.answers as f64 / (counted * clients).max(1) as f64);
    spent.add_to(&mut outcome)?;
    Ok(outcome)
}

struct Fanout {
    begin: Instant,
    from: Instant,
    until: Instant,
    pause: Duration,
    /// When each change was sent.
    sent: Vec<Instant>,
    /// The number of the newest change that each client was told.
    told: Vec<Option<usize>>,
    latencies: Latencies,
}

impl Fanout {
    /// The number of the change with this level, which is the newest possible.
    fn number_of(&self, level: u16) -> Option<usize> {
        let newest = self.sent.len().checked_sub(1)?;
        let behind = (u64::from(level_of(newest as u64)) + LEVELS - u64::from(level)) % LEVELS;
        newest.checked_sub(usize::try_from(behind).ok()?)
    }
}

impl Load for Fanout {
    fn on(&mut self, client: usize, event: Event, at: Instant, _: &mut Vec<Set>) -> Result<(), Fault> {
        let Event::Level { dimmer: DIMMER, level } = event else { return Ok(()) };
        let number = self.number_of(level).filter(|number| self.told[client].is_none_or(|told| *number > told));
        let Some(number) = number else {
            return Err(Fault::Wrong(format!(
                "client {client} was told {level} (hundredths of a percent), which is not news"
            )));
        };
        self.told[client] = Some(number);
        let sent = self.sent[number];
        if sent >= self.from {
            self.latencies.record(at - sent);
        }
        Ok(())
    }

    fn next_tick(&self) -> Option<Instant> {
        let due = self.begin + self.pause * u32::try_from(self.sent.len()).expect("a round has fewer changes");
        (due < self.until).then_some(due)
    }

    fn tick(&mut self, now: Instant, sends: &mut Vec<Set>) {
        sends.push(Set { client: 0, dimmer: DIMMER, level: level_of(self.sent.len() as u64) });
        self.sent.push(now);
    }

    fn is_done(&self, now: Instant) -> bool {
        let newest = self.sent.len().checked_sub(1);
        now >= self.until && self.told.iter().all(|told| *told == newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fanout(changes: usize) -> Fanout {
        let now = Instant::now();
        let (sent, told) = (vec![now; changes], vec![None; 2]);
        Fanout { begin: now, from: now, until: now, pause: Duration::ZERO, sent, told, latencies: Latencies::new() }
    }

    fn tell(fanout: &mut Fanout, level: u16) -> Result<(), Fault> {
        fanout.on(0, Event::Level { dimmer: DIMMER, level }, Instant::now(), &mut Vec::new())
    }

    #[test]
    fn a_level_may_be_passed_over_and_none_may_come_back() {
        let mut fanout = fanout(5);
        assert!(tell(&mut fanout, 2).is_ok() && tell(&mut fanout, 4).is_ok());
        assert!(tell(&mut fanout, 4).is_err() && tell(&mut fanout, 3).is_err() && tell(&mut fanout, 6).is_err());
        assert_eq!((fanout.told[0], fanout.latencies.count()), (Some(3), 2));
        assert!(!fanout.is_done(Instant::now()), "the last one is missing");
        assert!(tell(&mut fanout, 5).is_ok());
        assert!(!fanout.is_done(Instant::now()), "the other client has none");
        fanout.told[1] = Some(4);
        assert!(fanout.is_done(Instant::now()));
    }

    #[test]
    fn levels_begin_again_after_the_last() {
        let mut fanout = fanout(10_002);
        assert_eq!(
            (fanout.number_of(2), fanout.number_of(10_000), fanout.number_of(3)),
            (Some(10_001), Some(9_999), Some(2))
        );
        assert!(tell(&mut fanout, 1).is_ok() && tell(&mut fanout, 10_000).is_err());
    }
}
