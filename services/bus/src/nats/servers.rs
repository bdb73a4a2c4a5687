//! Chooses the next server to connect to, and logs why servers cannot be reached.

use std::collections::HashMap;

use async_nats::{ReconnectToServer, Server, ServerAddr};
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::log_throttle::LogThrottle;

/// The servers, and which of them were tried.
#[derive(Debug, Default)]
pub(super) struct Servers {
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
    /// The server that was left on purpose, which is not to be chosen next.
    left: Option<ServerAddr>,
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
    /// Chooses the next server: a random one of those that were tried least often, but not the one that was just left.
    /// The client makes the pause before it.
    pub(super) fn choose(&self, servers: &[Server]) -> Option<ReconnectToServer> {
        let mut turn = self.turn();
        let failed = turn.last.as_ref().filter(|last| turn.tries.contains_key(last));
        if let Some(failed) = servers.iter().find(|server| Some(&server.addr) == failed) {
            turn.refusals.count(failed.last_error.as_deref().unwrap_or_default());
        }
        self.tell(servers, &turn.tries);
        let left = turn.left.take().filter(|_| servers.len() > 1);
        let mut candidates: Vec<_> = servers.iter().map(|server| &server.addr).collect();
        candidates.retain(|addr| Some(*addr) != left.as_ref());
        fastrand::shuffle(&mut candidates);
        let tries = |addr: &&ServerAddr| turn.tries.get(*addr).copied().unwrap_or_default();
        let addr = candidates.into_iter().min_by_key(tries)?.clone();
        *turn.tries.entry(addr.clone()).or_default() += 1;
        turn.last = Some(addr.clone());
        Some(ReconnectToServer { addr, delay: None })
    }

    /// Marks the connected server as left, so that the next one is another, if there is one.
    pub(super) fn leave(&self) {
        let mut turn = self.turn();
        turn.left = turn.last.clone();
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
    fn tell(&self, servers: &[Server], tries: &HashMap<ServerAddr, u32>) {
        let failed = servers.iter().filter(|server| tries.contains_key(&server.addr));
        let reason = |server: &Server| {
            let why = server.last_error.as_deref().unwrap_or("its name cannot be resolved");
            format!("{}: {why}", server.addr.as_url_str())
        };
        let mut reasons: Vec<_> = failed.map(reason).collect();
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
    use super::*;

    fn servers(names: &[&str]) -> Vec<Server> {
        let server = |name: &&str| Server {
            addr: name.parse().unwrap(),
            failed_attempts: 0,
            did_connect: false,
            is_discovered: false,
            last_error: None,
        };
        names.iter().map(server).collect()
    }

    fn chosen(servers: &Servers, all: &[Server]) -> ServerAddr {
        servers.choose(all).unwrap().addr
    }

    #[test]
    fn all_are_tried_in_turn_also_those_whose_failures_the_client_does_not_count() {
        let (servers, all) = (Servers::default(), servers(&["a", "b", "c"]));
        for _ in 0..3 {
            let mut round: Vec<_> = all.iter().map(|_| chosen(&servers, &all).as_url_str().to_owned()).collect();
            round.sort();
            assert_eq!(round, ["nats://a", "nats://b", "nats://c"]);
        }
    }

    #[test]
    fn the_one_that_was_left_is_not_the_next_if_there_is_another() {
        let (servers, all) = (Servers::default(), servers(&["a", "b", "c"]));
        for _ in 0..100 {
            let connected = chosen(&servers, &all);
            servers.connected();
            servers.leave();
            assert_ne!(chosen(&servers, &all), connected);
            servers.connected();
            servers.leave();
            assert_eq!(chosen(&servers, &all[..1]), all[0].addr, "there is no other");
            servers.connected();
        }
    }
}
