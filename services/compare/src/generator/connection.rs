//! One connection of the generator: a socket that never blocks, what was read of the next message, and what waits to be
//! written.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::fault::Fault;
use crate::protocol::{Event, Protocol, Stage};

/// How many bytes are read at once.
const READ_BYTES: usize = 16 << 10;

/// A client may be so far behind with writing, in bytes. More means that the peer does not read.
const MAX_UNWRITTEN_BYTES: usize = 1 << 20;

pub(crate) struct Connection {
    stream: TcpStream,
    protocol: Box<dyn Protocol>,
    stage: Stage,
    is_ready_at_once: bool,
    /// What was read and is no whole message yet.
    unread: Vec<u8>,
    /// What the socket has not taken yet.
    unwritten: Vec<u8>,
}

impl Connection {
    /// Connects, and sends what a client sends first as soon as the socket takes it.
    pub(crate) fn open(
        address: SocketAddr,
        protocol: Box<dyn Protocol>,
        registry: &Registry,
        token: Token,
    ) -> Result<Self, Fault> {
        let mut stream = TcpStream::connect(address)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        stream.set_nodelay(true)?;
        let mut unwritten = Vec::new();
        let is_ready_at_once = protocol.open(&mut unwritten);
        Ok(Self { stream, protocol, stage: Stage::default(), is_ready_at_once, unread: Vec::new(), unwritten })
    }

    /// Whether the client need not wait for the peer before its first message.
    pub(crate) fn is_ready_at_once(&self) -> bool {
        self.is_ready_at_once
    }

    /// Sets a dimmer.
    pub(crate) fn set(&mut self, dimmer: u16, level: u16) -> Result<(), Fault> {
        self.protocol.set(dimmer, level, &mut self.unwritten);
        self.flush()
    }

    /// Writes what the socket takes.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        let mut written = 0;
        while written < self.unwritten.len() {
            match self.stream.write(&self.unwritten[written..]) {
                Ok(0) => return Err(Fault::wrong("the peer takes nothing more", &[])),
                Ok(length) => written += length,
                // A socket that is still being connected is not connected, rather than blocked.
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.unwritten.drain(..written);
        if self.unwritten.len() > MAX_UNWRITTEN_BYTES {
            return Err(Fault::Late("the peer does not read what a client sends".to_owned()));
        }
        Ok(())
    }

    /// Reads all that has come, and tells what it means.
    pub(crate) fn read(&mut self, on: &mut dyn FnMut(Event, Instant) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut bytes = [0; READ_BYTES];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(Fault::wrong("the peer has ended a connection", &self.unread)),
                Ok(length) => self.take(&bytes[..length], on)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return self.flush(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take(&mut self, bytes: &[u8], on: &mut dyn FnMut(Event, Instant) -> Result<(), Fault>) -> Result<(), Fault> {
        let at = Instant::now();
        let mut problem = Ok(());
        let mut tell = |event| {
            if problem.is_ok() {
                problem = on(event, at);
            }
        };
        // Most reads end with a message: then nothing is copied.
        let left = if self.unread.is_empty() {
            let used = self.protocol.read(&mut self.stage, bytes, &mut self.unwritten, &mut tell)?;
            &bytes[used..]
        } else {
            self.unread.extend_from_slice(bytes);
            let used = self.protocol.read(&mut self.stage, &self.unread, &mut self.unwritten, &mut tell)?;
            self.unread.drain(..used);
            &[]
        };
        self.unread.extend_from_slice(left);
        problem
    }
}
