//! A load generator that costs little: one thread with epoll for all connections. A latency begins right before the write of a
//! change and ends right after the read that has its answer, so that the generator adds one system call on each side. What it
//! costs itself is told beside the figures.

mod connection;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use crate::fault::Fault;
use crate::generator::connection::Connection;
use crate::peer::Peer;
use crate::protocol::{Event, Role};

/// How many connections report at once.
const EVENTS: usize = 1_024;

/// How many connections are opened at once: fewer than the backlog of any listener.
const OPENING: usize = 64;

/// A change that a client sends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Set {
    /// The number of the client, from 0.
    pub(crate) client: usize,
    pub(crate) dimmer: u16,
    /// In hundredths of a percent.
    pub(crate) level: u16,
}

/// What the clients of a generator do. Changes are sent in the order in which they are pushed to `sends`, at once.
pub(crate) trait Load {
    /// A client has read an event at this time.
    ///
    /// # Errors
    /// If the peer has answered wrongly.
    fn on(&mut self, client: usize, event: Event, at: Instant, sends: &mut Vec<Set>) -> Result<(), Fault>;

    /// When [`tick`](Self::tick) is due; `None` if nothing is paced.
    fn next_tick(&self) -> Option<Instant> {
        None
    }

    /// The time of [`next_tick`](Self::next_tick) has come.
    fn tick(&mut self, _now: Instant, _sends: &mut Vec<Set>) {}

    /// Whether the clients are done.
    fn is_done(&self, now: Instant) -> bool;
}

/// Clients of one peer.
pub(crate) struct Generator<'a> {
    peer: &'a Peer,
    role: Role,
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    sends: Vec<Set>,
}

impl<'a> Generator<'a> {
    /// Connects clients of a role, and waits until each is ready.
    ///
    /// # Errors
    /// If one is refused, or is not ready in time.
    pub(crate) fn connect(peer: &'a Peer, role: Role, clients: usize, patience: Duration) -> Result<Self, Fault> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(EVENTS));
        let mut generator = Self { peer, role, poll, events, connections: Vec::new(), sends: Vec::new() };
        let deadline = Instant::now() + patience;
        while generator.connections.len() < clients {
            let unready = generator.open(clients)?;
            generator.run(deadline, &mut Readying { unready })?;
        }
        Ok(generator)
    }

    /// Opens some more of the connections; returns how many of them are not ready yet.
    fn open(&mut self, clients: usize) -> Result<usize, Fault> {
        let first = self.connections.len();
        for client in first..clients.min(first + OPENING) {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.peer.port()));
            let protocol = self.peer.protocol(self.role);
            self.connections.push(Connection::open(address, protocol, self.poll.registry(), Token(client))?);
        }
        Ok(self.connections[first..].iter().filter(|connection| !connection.is_ready_at_once()).count())
    }

    /// Begins with these changes, and runs a load until it is done.
    ///
    /// # Errors
    /// If the peer answers wrongly, ends a connection, or the load is not done at the deadline.
    pub(crate) fn start(
        &mut self,
        first: impl IntoIterator<Item = Set>,
        deadline: Instant,
        load: &mut dyn Load,
    ) -> Result<(), Fault> {
        self.sends.extend(first);
        self.run(deadline, load)
    }

    fn run(&mut self, deadline: Instant, load: &mut dyn Load) -> Result<(), Fault> {
        loop {
            self.send()?;
            let now = Instant::now();
            if load.is_done(now) {
                return Ok(());
            }
            if now >= deadline {
                return Err(Fault::Late("the work was not done in time".to_owned()));
            }
            let wake = load.next_tick().map_or(deadline, |tick| tick.min(deadline));
            if wake <= now {
                load.tick(now, &mut self.sends);
                continue;
            }
            match self.poll.poll(&mut self.events, Some(wake - now)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            self.read(load)?;
        }
    }

    fn read(&mut self, load: &mut dyn Load) -> Result<(), Fault> {
        for event in &self.events {
            let client = event.token().0;
            let Some(connection) = self.connections.get_mut(client) else { continue };
            if event.is_writable() {
                connection.flush()?;
            }
            if event.is_readable() {
                let sends = &mut self.sends;
                connection.read(&mut |event, at| load.on(client, event, at, sends))?;
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), Fault> {
        for Set { client, dimmer, level } in self.sends.drain(..) {
            self.connections[client].set(dimmer, level)?;
        }
        Ok(())
    }
}

/// Waits until connections are ready.
struct Readying {
    unready: usize,
}

impl Load for Readying {
    fn on(&mut self, _: usize, event: Event, _: Instant, _: &mut Vec<Set>) -> Result<(), Fault> {
        self.unready -= usize::from(event == Event::Ready);
        Ok(())
    }

    fn is_done(&self, _: Instant) -> bool {
        self.unready == 0
    }
}
