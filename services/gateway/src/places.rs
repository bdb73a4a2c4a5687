//! The places of a listener: how many connections may be open, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

/// The places of a listener. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Places(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    most_per_address: usize,
    /// Whether the addresses of this machine itself are bounded like any other.
    bounds_loopback: bool,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// Only addresses with a connection.
    by_address: HashMap<IpAddr, usize>,
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    address: IpAddr,
}

/// Why a connection has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// All places are taken.
    All,
    /// The client's address has as many places as one address may have.
    Address,
}

impl Place {
    /// The address of the connection's client.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }
}

impl Places {
    /// So many places, and so many for one address. Without a bound for an address, half of the places are for one:
    /// one client that goes wrong leaves the other half to the others. Addresses of this machine itself then have no
    /// bound, because a proxy that runs beside the server speaks for all of its clients.
    pub(crate) fn new(most: usize, per_address: Option<usize>) -> Self {
        Self(Arc::new(Shared {
            most,
            most_per_address: per_address.unwrap_or(most.div_ceil(2)),
            bounds_loopback: per_address.is_some(),
            taken: Mutex::default(),
        }))
    }

    /// Takes a place for a client.
    ///
    /// # Errors
    /// [`Full`] if there is none.
    pub(crate) fn take(&self, client: IpAddr) -> Result<Place, Full> {
        // An IPv4 address is the same address when it comes over IPv6.
        let address = client.to_canonical();
        let mut taken = self.0.taken.lock();
        if taken.all >= self.0.most {
            return Err(Full::All);
        }
        let is_bounded = self.0.bounds_loopback || !address.is_loopback();
        let from_address = taken.by_address.get(&address).copied().unwrap_or_default();
        if is_bounded && from_address >= self.0.most_per_address {
            return Err(Full::Address);
        }
        taken.all += 1;
        taken.by_address.insert(address, from_address + 1);
        Ok(Place { places: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.taken.lock();
        taken.all -= 1;
        let from_address = taken.by_address.get_mut(&self.address).expect("an address with a place is listed");
        *from_address -= 1;
        if *from_address == 0 {
            taken.by_address.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Places, address: &str) -> Result<Place, Full> {
        places.take(address.parse().expect("an address"))
    }

    #[test]
    fn one_address_leaves_half_of_the_places_to_others() {
        let places = Places::new(5, None);
        let mut own: Vec<_> = (0..3).map(|_| take(&places, "10.0.0.1").expect("there is a place")).collect();
        assert_eq!(take(&places, "10.0.0.1").err(), Some(Full::Address));
        assert_eq!(take(&places, "::ffff:10.0.0.1").err(), Some(Full::Address), "the same address");
        let _others =
            [take(&places, "10.0.0.2"), take(&places, "fd00::1")].map(|place| place.expect("there is a place"));
        assert_eq!(take(&places, "10.0.0.3").err(), Some(Full::All));
        own.pop();
        drop(take(&places, "10.0.0.3").expect("there is a place again"));
        drop(own);
        assert_eq!(places.0.taken.lock().by_address.len(), 2, "an address without a connection is forgotten");
    }

    #[test]
    fn a_proxy_on_this_machine_may_have_all_places_unless_a_bound_is_set() {
        let places = Places::new(2, None);
        let _all = ["127.0.0.1"; 2].map(|address| take(&places, address).expect("there is a place"));
        let places = Places::new(2, Some(1));
        let _one = take(&places, "127.0.0.1").expect("there is a place");
        assert_eq!(take(&places, "127.0.0.1").err(), Some(Full::Address));
        assert!(take(&places, "127.0.0.2").is_ok());
    }
}
