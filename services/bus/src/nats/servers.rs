//! Chooses the next server to connect to, and logs why servers cannot be reached.

use std::collections::HashMap;
use std::sync::Arc;

use async_nats::{ReconnectToServer, Server, ServerAddr};
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::log_throttle::LogThrottle;
use super::names::Names;

/// The servers, and which of them were tried.
#[derive(Debug)]
pub(super) struct Servers {
    names: Arc<Names>,
    turn: Mutex<Turn>,
    told: LogThrottle,
}

#[derive(Debug, Default)]
struct Turn {
    /// How often each server was tried since the last connection. The client counts too, but not names that do not
    /// resolve.
    tries: HashMap<ServerAddr, u32>,
    /// The server that was tried last; a connection is to this one.
    last: Option<ServerAddr>,
    refusals: Refusals,
}

/// How many attempts to connect have failed, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// The server rejected the user or its credentials.
    pub logins: u64,
    /// A TLS handshake or a certificate failed.
    pub certificates: u64,
    /// Anything else.
    pub others: u64,
}

impl Refusals {
    /// Counts a failure, by the client's description of it.
    fn count(&mut self, why: &str) {
        let why = why.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
        if says(&["authorization", "authentication", "nonce"]) {
            self.logins += 1;
        } else if says(&["tls", "certificate"]) {
            self.certificates += 1;
        } else {
            self.others += 1;
        }
    }
}

impl Servers {
    pub(super) fn new(names: Arc<Names>) -> Self {
        Self { names, turn: Mutex::default(), told: LogThrottle::default() }
    }

    /// Chooses the next server, as soon as there is one with a known address. The client makes the pause before it.
    pub(super) async fn choose(&self, pool: &[Server]) -> ReconnectToServer {
        self.note_failure(pool);
        loop {
            let usable = self.names.usable(pool);
            let is_round_over = usable.iter().all(|addr| self.turn().tries.contains_key(addr));
            if is_round_over {
                self.tell(pool);
            }
            if let Some(addr) = self.pick(usable) {
                return ReconnectToServer { addr, delay: None };
            }
            self.turn().refusals.others += 1;
            self.names.answered().await;
        }
    }

    /// Picks one of those that were tried least often: the first address of a random order, or else a name. A server
    /// whose connection was lost comes last.
    fn pick(&self, mut usable: Vec<ServerAddr>) -> Option<ServerAddr> {
        fastrand::shuffle(&mut usable);
        let mut turn = self.turn();
        let lost = turn.last.as_ref().filter(|_| turn.tries.is_empty()).map(|lost| self.names.single_address(lost));
        let tries = |addr: &ServerAddr| turn.tries.get(addr).copied().unwrap_or_default();
        let rank = |addr: &ServerAddr| (lost.as_ref() == Some(addr), tries(addr), self.names.is_name(addr));
        let addr = usable.into_iter().min_by_key(rank)?;
        *turn.tries.entry(addr.clone()).or_default() += 1;
        turn.last = Some(addr.clone());
        Some(addr)
    }

    /// Counts the attempt that has failed.
    fn note_failure(&self, pool: &[Server]) {
        let mut turn = self.turn();
        let failed = turn.last.as_ref().filter(|last| turn.tries.contains_key(last));
        if let Some(failed) = pool.iter().find(|server| Some(&server.addr) == failed) {
            turn.refusals.count(failed.last_error.as_deref().unwrap_or_default());
        }
    }

    /// How many attempts have failed.
    pub(super) fn refusals(&self) -> Refusals {
        self.turn().refusals
    }

    /// Notes a connection: later failures are new.
    pub(super) fn connected(&self) {
        self.turn().tries.clear();
        self.told.forget();
    }

    /// Logs why there is no connection, because the client's own events only say that there is none.
    fn tell(&self, pool: &[Server]) {
        let mut reasons = self.names.unresolved();
        let tries = &self.turn().tries;
        let failed = pool.iter().filter(|server| tries.contains_key(&server.addr));
        reasons.extend(failed.map(|server| {
            let why = server.last_error.as_deref().unwrap_or("its name cannot be resolved");
            format!("{}: {why}", self.names.described(&server.addr))
        }));
        reasons.sort();
        let why = reasons.join("; ");
        if !reasons.is_empty() && self.told.is_due(&why, Instant::now()) {
            tracing::warn!(why, "NATS cannot be reached; trying again");
        }
    }

    // Held to choose and to note, never across an await.
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock()
    }
}

#[cfg(test)]
mod tests {
    use async_nats::ServerAddr;

    use super::*;
    use crate::nats::names::tests::{names_of, pool_of};

    async fn chosen(servers: &Servers, pool: &[Server]) -> ServerAddr {
        servers.choose(pool).await.addr
    }

    #[tokio::test]
    async fn all_are_tried_in_turn_also_those_whose_failures_the_client_does_not_count() {
        let pool = pool_of(&["nats://127.0.0.1:1", "nats://127.0.0.1:2", "nats://127.0.0.1:3"]);
        let servers = Servers::new(names_of(&pool, &[]).await);
        for _ in 0..3 {
            let mut round = Vec::new();
            for _ in &pool {
                round.push(chosen(&servers, &pool).await);
            }
            round.sort_by_key(ServerAddr::port);
            assert_eq!(round, pool.iter().map(|server| server.addr.clone()).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn the_one_whose_connection_was_lost_is_not_the_next_if_there_is_another() {
        let pool = pool_of(&["nats://127.0.0.1:1", "nats://127.0.0.1:2", "nats://127.0.0.1:3"]);
        let servers = Servers::new(names_of(&pool, &[]).await);
        for _ in 0..100 {
            let lost = chosen(&servers, &pool).await;
            servers.connected();
            assert_ne!(chosen(&servers, &pool).await, lost);
            servers.connected();
            assert_eq!(chosen(&servers, &pool[..1]).await, pool[0].addr, "there is no other");
            servers.connected();
        }
    }

    #[tokio::test]
    async fn addresses_that_are_known_are_tried_before_a_name_is_looked_up_again() {
        let pool = pool_of(&["nats://a:1", "nats://127.0.0.1:2"]);
        // The client does not have the address of `a`.
        let servers = Servers::new(names_of(&pool, &[("a", &["127.0.0.1:1"])]).await);
        for _ in 0..20 {
            assert_eq!(chosen(&servers, &pool).await, pool[1].addr);
            assert_eq!(chosen(&servers, &pool).await, pool[0].addr);
            assert_eq!(chosen(&servers, &pool).await, pool[1].addr);
            servers.turn().tries.clear();
            servers.turn().last = None;
        }
    }

    #[tokio::test]
    async fn a_server_that_was_reached_by_its_name_is_not_the_next_by_its_address() {
        let names = pool_of(&["nats://a:1", "nats://127.0.0.1:2"]);
        let servers = Servers::new(names_of(&names, &[("a", &["127.0.0.1:1"])]).await);
        servers.turn().last = Some(names[0].addr.clone());
        let pool = pool_of(&["nats://a:1", "nats://127.0.0.1:1", "nats://127.0.0.1:2"]);
        for _ in 0..20 {
            assert_eq!(chosen(&servers, &pool).await, pool[2].addr);
            servers.turn().tries.clear();
            servers.turn().last = Some(names[0].addr.clone());
        }
    }
}
