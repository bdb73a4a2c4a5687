//! A client that waits for its own change, back to back.

use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::generator::{Generator, Load, Set};
use crate::peer::Peer;
use crate::protocol::{Event, Role};
use crate::work::spent::Spent;
use crate::work::{Latencies, Outcome, PATIENCE, WARM_UP, level_of};

/// The dimmer that is changed.
const DIMMER: u16 = 1;

pub(crate) fn round(peer: &Peer, lasting: Duration) -> Result<Outcome, Fault> {
    let mut generator = Generator::connect(peer, Role::Listener, 1, PATIENCE)?;
    let from = Instant::now() + WARM_UP;
    let until = from + lasting;
    let mut load = Echo { count: 0, sent: from, from, until, is_done: false, latencies: Latencies::new() };
    let first = load.next();
    let spent = Spent::since_now(peer)?;
    generator.start([first], until + PATIENCE, &mut load)?;
    let mut outcome = Outcome::of(&load.latencies, lasting);
    spent.add_to(&mut outcome)?;
    Ok(outcome)
}

struct Echo {
    count: u64,
    sent: Instant,
    from: Instant,
    until: Instant,
    is_done: bool,
    latencies: Latencies,
}

impl Echo {
    fn next(&mut self) -> Set {
        self.count += 1;
        self.sent = Instant::now();
        Set { client: 0, dimmer: DIMMER, level: level_of(self.count) }
    }
}

impl Load for Echo {
    fn on(&mut self, _: usize, event: Event, at: Instant, sends: &mut Vec<Set>) -> Result<(), Fault> {
        let Event::Level { dimmer: DIMMER, level } = event else { return Ok(()) };
        let wanted = level_of(self.count);
        if level != wanted {
            return Err(Fault::Wrong(format!(
                "dimmer {DIMMER} was set to {wanted}, and told at {level} (hundredths of a percent)"
            )));
        }
        if self.sent >= self.from && at <= self.until {
            self.latencies.record(at - self.sent);
        }
        if at < self.until {
            sends.push(self.next());
        } else {
            self.is_done = true;
        }
        Ok(())
    }

    fn is_done(&self, _: Instant) -> bool {
        self.is_done
    }
}
