//! Looks up the names of the servers, and remembers the last addresses of each.
//!
//! The client itself looks up one name at a time, before each attempt to connect, and waits for the answer without a
//! limit. While a DNS server is dead this takes many seconds, although the addresses have been known since before. So all
//! names are looked up here, at once and in the background, and the client connects to addresses.

use std::collections::HashMap;
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, Server, ServerAddr};
use async_trait::async_trait;
use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::link::Link;

/// How long a DNS server may take to answer. The name is then asked for again.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// The interval of lookups while the connection is up: a server that is replaced may get another address.
const REFRESH_INTERVAL: Duration = Duration::from_secs(30);

/// The interval of lookups while the connection is down.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Looks up names.
#[async_trait]
pub trait Resolve: Debug + Send + Sync {
    /// The addresses of a host, with this port.
    ///
    /// # Errors
    /// The name does not exist, or no DNS server answers.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// Looks up names as the operating system does.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// The names of the servers, and what is known of them.
#[derive(Debug)]
pub(super) struct Names {
    /// All servers, as the URLs name them.
    servers: Vec<ServerAddr>,
    resolver: Arc<dyn Resolve>,
    known: Mutex<Known>,
    answered: Notify,
}

#[derive(Debug)]
struct Known {
    /// How servers are connected to.
    by: By,
    /// What the last lookup of each name has found.
    names: HashMap<ServerAddr, Lookup>,
    /// The addresses that the client was given.
    given: Vec<ServerAddr>,
}

/// How servers are connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// By the addresses of their names.
    Address,
    /// By their names, because their certificates are for the names.
    Name,
}

/// What is known of one name.
#[derive(Debug, Default)]
struct Lookup {
    /// The last addresses, also if a later lookup has failed.
    addresses: Vec<ServerAddr>,
    /// Why the last lookup has failed.
    error: Option<String>,
}

impl Names {
    pub(super) fn new(servers: Vec<ServerAddr>, by: By, resolver: Arc<dyn Resolve>) -> Self {
        let named = servers.iter().filter(|server| server.host().parse::<IpAddr>().is_err());
        let names = named.map(|name| (name.clone(), Lookup::default())).collect();
        let known = Mutex::new(Known { by, names, given: Vec::new() });
        Self { servers, resolver, known, answered: Notify::new() }
    }

    /// Looks up all names at once, and waits until each has an answer, for [`LOOKUP_TIMEOUT`] at most.
    pub(super) async fn look_up(&self) {
        let names: Vec<_> = self.known.lock().names.keys().cloned().collect();
        join_all(names.iter().map(|name| self.look_up_one(name))).await;
    }

    async fn look_up_one(&self, name: &ServerAddr) {
        let answer = timeout(LOOKUP_TIMEOUT, self.resolver.resolve(name.host(), name.port())).await;
        let answer = answer.unwrap_or_else(|_| Err(io::Error::other("no DNS server answers")));
        let found =
            answer.map(|found| found.into_iter().map(|address| with_address(name, address)).collect::<Vec<_>>());
        let mut known = self.known.lock();
        let lookup = known.names.entry(name.clone()).or_default();
        match found {
            Ok(addresses) if !addresses.is_empty() => *lookup = Lookup { addresses, error: None },
            Ok(_) => lookup.error = Some("the name has no address".to_owned()),
            Err(error) => lookup.error = Some(error.to_string()),
        }
        self.answered.notify_one();
    }

    /// Looks up the names again and again, and gives the client the addresses while it is connected; it takes none while
    /// it is not. Ends with the client.
    pub(super) async fn keep_known(&self, client: &Client, mut link: watch::Receiver<Link>) {
        loop {
            let was_up = link.borrow_and_update().down_since.is_none();
            self.look_up().await;
            if was_up {
                self.give(client).await;
            }
            let interval = if was_up { REFRESH_INTERVAL } else { RETRY_INTERVAL };
            // The lookups begin anew at once when the connection is lost.
            let changed = link.wait_for(|link| link.down_since.is_none() != was_up);
            if timeout(interval, changed).await.is_ok_and(|changed| changed.is_err()) {
                return;
            }
        }
    }

    /// The servers to give to the client at first.
    pub(super) fn first_servers(&self) -> Vec<ServerAddr> {
        let mut known = self.known.lock();
        known.given = known.addresses();
        [&self.servers[..], &known.given].concat()
    }

    /// Replaces the addresses that the client has by those that were found last.
    async fn give(&self, client: &Client) {
        let is_tls = client.try_server_info().is_some_and(|info| info.tls_required);
        let (before, addresses) = {
            let mut known = self.known.lock();
            if is_tls {
                known.by = By::Name;
            }
            (known.given.clone(), known.addresses())
        };
        if addresses == before {
            return;
        }
        // A client that loses its connection meanwhile answers once it has another one.
        let replace = async {
            let pool = client.server_pool().await.ok()?;
            let others = pool.into_iter().map(|server| server.addr);
            let others = others.filter(|addr| !before.contains(addr) && !addresses.contains(addr));
            let servers: Vec<_> = others.chain(addresses.iter().cloned()).collect();
            client.set_server_pool(&servers[..]).await.ok()
        };
        if let Ok(Some(())) = timeout(LOOKUP_TIMEOUT, replace).await {
            let shown: Vec<_> = addresses.iter().map(ServerAddr::as_url_str).collect();
            tracing::debug!(addresses = shown.join(", "), "the NATS servers have other addresses");
            self.known.lock().given = addresses;
        }
    }

    /// Those of the client's servers that can be connected to now. A name is among them only if the client lacks one of
    /// its addresses, because the client looks it up once more.
    pub(super) fn usable(&self, pool: &[Server]) -> Vec<ServerAddr> {
        let known = self.known.lock();
        let found = known.addresses();
        let is_in_pool = |addr: &ServerAddr| pool.iter().any(|server| server.addr == *addr);
        let is_usable = |addr: &&ServerAddr| match known.names.get(*addr) {
            Some(Lookup { addresses, .. }) if known.by == By::Name => !addresses.is_empty(),
            Some(Lookup { addresses, .. }) => !addresses.iter().all(is_in_pool),
            // An address that its name no longer has is of no use.
            None => found.contains(addr) || !known.given.contains(addr),
        };
        let usable = pool.iter().map(|server| &server.addr).filter(is_usable);
        usable.cloned().collect()
    }

    /// Waits for the answer of a lookup.
    pub(super) async fn answered(&self) {
        // Lookups are made at intervals, so an answer comes.
        let _ = timeout(LOOKUP_TIMEOUT, self.answered.notified()).await;
    }

    /// Why the names that have no address yet have none.
    pub(super) fn unresolved(&self) -> Vec<String> {
        let known = self.known.lock();
        let failed = known.names.iter().filter(|(_, lookup)| lookup.addresses.is_empty());
        let failed = failed.filter_map(|(name, lookup)| Some((name, lookup.error.as_ref()?)));
        failed.map(|(name, error)| format!("{}: its name cannot be resolved: {error}", name.as_url_str())).collect()
    }

    /// Whether this is a server's name, not an address.
    pub(super) fn is_name(&self, addr: &ServerAddr) -> bool {
        self.known.lock().names.contains_key(addr)
    }

    /// A server as the log shows it: its URL, and for an address the name.
    pub(super) fn described(&self, addr: &ServerAddr) -> String {
        let known = self.known.lock();
        match known.names.iter().find(|(_, lookup)| lookup.addresses.contains(addr)) {
            Some((name, _)) => format!("{} at {}", name.as_url_str(), addr.as_url_str()),
            None => addr.as_url_str().to_owned(),
        }
    }

    /// The address of a name that has exactly one; anything else as it is.
    pub(super) fn single_address(&self, addr: &ServerAddr) -> ServerAddr {
        match self.known.lock().names.get(addr).map(|lookup| &lookup.addresses[..]) {
            Some([address]) => address.clone(),
            _ => addr.clone(),
        }
    }
}

impl Known {
    /// The addresses to connect to, in a fixed order.
    fn addresses(&self) -> Vec<ServerAddr> {
        if self.by == By::Name {
            return Vec::new();
        }
        let mut addresses: Vec<_> = self.names.values().flat_map(|lookup| lookup.addresses.clone()).collect();
        addresses.sort_by(|a, b| a.as_url_str().cmp(b.as_url_str()));
        addresses.dedup();
        addresses
    }
}

/// The URL of a server by its address.
fn with_address(name: &ServerAddr, address: SocketAddr) -> ServerAddr {
    format!("{}://{address}", name.scheme()).parse().expect("a scheme and an address are a URL")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A resolver that knows these names, and whose other answers do not come.
    #[derive(Debug)]
    struct Fixed(HashMap<String, Vec<SocketAddr>>);

    #[async_trait]
    impl Resolve for Fixed {
        async fn resolve(&self, host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
            match self.0.get(host) {
                Some(addresses) => Ok(addresses.clone()),
                None => std::future::pending().await,
            }
        }
    }

    /// The servers that a client has.
    pub(in crate::nats) fn pool_of(urls: &[&str]) -> Vec<Server> {
        let server = |url: &&str| Server {
            addr: url.parse().unwrap(),
            failed_attempts: 0,
            did_connect: false,
            is_discovered: false,
            last_error: None,
        };
        urls.iter().map(server).collect()
    }

    /// The names of these servers, of which some have addresses.
    pub(in crate::nats) async fn names_of(pool: &[Server], addresses: &[(&str, &[&str])]) -> Arc<Names> {
        let parsed = |addresses: &[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
        let fixed = addresses.iter().map(|(name, addresses)| ((*name).to_owned(), parsed(addresses))).collect();
        let servers = pool.iter().map(|server| server.addr.clone()).collect();
        let names = Names::new(servers, By::Address, Arc::new(Fixed(fixed)));
        names.look_up().await;
        Arc::new(names)
    }

    fn usable(names: &Names, urls: &[&str]) -> Vec<String> {
        names.usable(&pool_of(urls)).iter().map(|addr| addr.as_url_str().to_owned()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_of_use_only_for_an_address_that_the_client_lacks() {
        let names = names_of(&pool_of(&["nats://a:1", "nats://b:2"]), &[("a", &["10.0.0.1:1", "10.0.0.2:1"])]).await;
        assert_eq!(usable(&names, &["nats://a:1", "nats://b:2"]), ["nats://a:1"]);
        let some = ["nats://a:1", "nats://b:2", "nats://10.0.0.1:1"];
        assert_eq!(usable(&names, &some), ["nats://a:1", "nats://10.0.0.1:1"]);
        let all = ["nats://a:1", "nats://b:2", "nats://10.0.0.1:1", "nats://10.0.0.2:1"];
        assert_eq!(usable(&names, &all), ["nats://10.0.0.1:1", "nats://10.0.0.2:1"]);
        // Another one is known from a server.
        assert_eq!(usable(&names, &["nats://b:2", "nats://10.0.0.9:1"]), ["nats://10.0.0.9:1"]);
        assert_eq!(names.unresolved(), ["nats://b:2: its name cannot be resolved: no DNS server answers"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_certificate_is_for_a_name_so_addresses_are_not_used() {
        let servers = pool_of(&["tls://a:1"]).into_iter().map(|server| server.addr).collect();
        let fixed = Fixed(HashMap::from([("a".to_owned(), vec!["10.0.0.1:1".parse().unwrap()])]));
        let names = Names::new(servers, By::Name, Arc::new(fixed));
        assert_eq!(usable(&names, &["tls://a:1"]), [""; 0], "before it is looked up");
        names.look_up().await;
        assert_eq!(usable(&names, &["tls://a:1"]), ["tls://a:1"]);
        assert_eq!(names.first_servers(), ["tls://a:1".parse().unwrap()]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_remembered_while_lookups_fail_and_forgotten_when_there_is_another() {
        let name: ServerAddr = "nats://a:1".parse().unwrap();
        let names = names_of(&pool_of(&["nats://a:1"]), &[("a", &["10.0.0.1:1"])]).await;
        let given = names.first_servers();
        assert_eq!(given, [name.clone(), "nats://10.0.0.1:1".parse().unwrap()]);
        let pool = ["nats://a:1", "nats://10.0.0.1:1"];

        let failing = Names { resolver: Arc::new(Fixed(HashMap::new())), ..Arc::into_inner(names).unwrap() };
        failing.look_up().await;
        assert_eq!(usable(&failing, &pool), ["nats://10.0.0.1:1"]);

        let moved = Fixed(HashMap::from([("a".to_owned(), vec!["10.0.0.2:1".parse().unwrap()])]));
        let moved = Names { resolver: Arc::new(moved), ..failing };
        moved.look_up().await;
        assert_eq!(usable(&moved, &pool), ["nats://a:1"]);
    }
}
