//! Changes over kept connections, each sent when the one before is answered. Each connection has a dimmer of its own.

use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::generator::{Generator, Load, Set};
use crate::peer::Peer;
use crate::protocol::{Event, Role};
use crate::work::spent::Spent;
use crate::work::{Latencies, Outcome, PATIENCE, WARM_UP, dimmer_of, level_of};

pub(crate) fn round(peer: &Peer, connections: usize, lasting: Duration) -> Result<Outcome, Fault> {
    let mut generator = Generator::connect(peer, Role::Writer, connections, PATIENCE)?;
    let from = Instant::now() + WARM_UP;
    let until = from + lasting;
    let sent = vec![Sent { at: from, count: 0 }; connections];
    let mut load = Posts { sent, from, until, open: connections, latencies: Latencies::new() };
    let first: Vec<_> = (0..connections).map(|client| load.next(client)).collect();
    let spent = Spent::since_now(peer)?;
    generator.start(first, until + PATIENCE, &mut load)?;
    let mut outcome = Outcome::of(&load.latencies, lasting);
    spent.add_to(&mut outcome)?;
    Ok(outcome)
}

/// The last change of a connection.
#[derive(Clone, Copy)]
struct Sent {
    at: Instant,
    count: u64,
}

struct Posts {
    sent: Vec<Sent>,
    from: Instant,
    until: Instant,
    /// How many connections wait for an answer.
    open: usize,
    latencies: Latencies,
}

impl Posts {
    fn next(&mut self, client: usize) -> Set {
        let Sent { count, .. } = self.sent[client];
        self.sent[client] = Sent { at: Instant::now(), count: count + 1 };
        Set { client, dimmer: dimmer_of(client), level: level_of(count) }
    }
}

impl Load for Posts {
    fn on(&mut self, client: usize, event: Event, at: Instant, sends: &mut Vec<Set>) -> Result<(), Fault> {
        if event != Event::Answered {
            return Ok(());
        }
        let sent = self.sent[client].at;
        if sent >= self.from && at <= self.until {
            self.latencies.record(at - sent);
        }
        if at < self.until {
            sends.push(self.next(client));
        } else {
            self.open -= 1;
        }
        Ok(())
    }

    fn is_done(&self, _: Instant) -> bool {
        self.open == 0
    }
}
