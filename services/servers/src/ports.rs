//! Ports of 127.0.0.1 that stay a server's own while it is down.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// Below what Linux and macOS hand out for port 0 and for outgoing connections, so that nobody gets one by chance.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A TCP port, reserved among all that use this crate by holding the UDP port of the same number: the kernel lets go of
/// that whatever becomes of us.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _reserved: UdpSocket,
}

impl Port {
    /// Reserves a port on which nobody listens.
    ///
    /// # Errors
    /// None is free.
    pub fn reserve() -> io::Result<Self> {
        let start = RandomState::new().build_hasher().finish() % u64::from(COUNT);
        let candidates = (0..COUNT).map(|step| FIRST + (start as u16 + step) % COUNT);
        let mut free = candidates.filter_map(|number| {
            let reserved = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
            TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
            Some(Self { number, _reserved: reserved })
        });
        free.next().ok_or_else(|| io::Error::other("no port of 127.0.0.1 is free"))
    }

    /// Where a server with this port listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_to_one_at_a_time_even_while_nobody_listens() {
        let ports: Vec<_> = (0..200).map(|_| Port::reserve().unwrap()).collect();
        let numbers: std::collections::BTreeSet<_> = ports.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), ports.len());
        for port in &ports {
            assert!(TcpListener::bind(port.address()).is_ok(), "the server itself may take it");
        }
    }
}
