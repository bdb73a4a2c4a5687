//! Ports of 127.0.0.1 that stay reserved for a server while it is down.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// Below the ports that Linux and macOS give out for port 0 and outgoing connections, so that no program gets one by
/// chance.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A TCP port. It is reserved among all users of this crate by holding the UDP port of the same number, which the
/// kernel releases even if the test process is killed.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _reserved: UdpSocket,
}

impl Port {
    /// Reserves a free port.
    ///
    /// # Errors
    /// No port is free.
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

    /// The address of a server on this port.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }

    /// The port's number.
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
