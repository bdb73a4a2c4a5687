//! A blocking client of a peer.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::error::PeerError;
use crate::protocol::{Event, Kind, Protocol, Role, Stage};

/// How long one read may take before the deadline is looked at.
const READ_TIMEOUT: Duration = Duration::from_millis(20);

/// The codec of a new connection. No two connections of this process share a number.
pub(super) fn protocol(kind: Kind, port: u16, role: Role) -> Box<dyn Protocol> {
    static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    kind.protocol(&address.to_string(), role, CONNECTIONS.fetch_add(1, Ordering::Relaxed))
}

/// One connection to a peer.
pub struct Client {
    stream: TcpStream,
    protocol: Box<dyn Protocol>,
    stage: Stage,
    /// What was received, and is not understood yet.
    waiting: Vec<u8>,
}

impl Client {
    /// Connects, and says what the protocol says first.
    ///
    /// # Errors
    /// The peer does not accept the connection. [`Client::until`] tells when it is ready.
    pub fn connect(kind: Kind, port: u16, role: Role) -> Result<Self, PeerError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        let protocol = protocol(kind, port, role);
        let mut out = Vec::new();
        protocol.open(&mut out);
        stream.write_all(&out)?;
        Ok(Self { stream, protocol, stage: Stage::default(), waiting: Vec::new() })
    }

    /// Sets a dimmer to a level in hundredths of a percent.
    ///
    /// # Errors
    /// The connection is lost.
    pub fn set(&mut self, dimmer: u16, level: u16) -> Result<(), PeerError> {
        let mut out = Vec::new();
        self.protocol.set(dimmer, level, &mut out);
        Ok(self.stream.write_all(&out)?)
    }

    /// Reads once, for at most 20 ms, and tells the events.
    ///
    /// # Errors
    /// The connection is lost, or the peer breaks its protocol.
    pub fn read(&mut self, on: &mut dyn FnMut(Event)) -> Result<(), PeerError> {
        let mut piece = [0; 16_384];
        let length = match self.stream.read(&mut piece) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(length) => length,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.waiting.extend(&piece[..length]);
        let mut out = Vec::new();
        let used = self.protocol.read(&mut self.stage, &self.waiting, &mut out, on)?;
        self.waiting.drain(..used);
        Ok(self.stream.write_all(&out)?)
    }

    /// Reads until `done` says so of an event.
    ///
    /// # Errors
    /// The deadline is over, the connection is lost, or the peer breaks its protocol.
    pub fn until(&mut self, deadline: Instant, mut done: impl FnMut(Event) -> bool) -> Result<(), PeerError> {
        let mut over = false;
        while !over {
            if Instant::now() > deadline {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "what was awaited did not come").into());
            }
            self.read(&mut |event| over |= done(event))?;
        }
        Ok(())
    }
}
