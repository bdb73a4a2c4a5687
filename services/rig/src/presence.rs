//! Presence: which consoles are connected to a rig, at any gateway.
//!
//! Each gateway sends the others its own roster, both when it changes and at regular intervals. So a lost roster is
//! replaced by the next one, and the roster of a gateway that has stopped is forgotten.

use std::collections::BTreeMap;

use crate::{ClientId, ConsoleKind, ConsoleName};

/// The most consoles that a roster lists; the others are only counted.
pub const MAX_LISTED: usize = 64;

/// A roster older than this, in milliseconds, is forgotten: its gateway has stopped.
pub const ROSTER_HOLDS_MS: u64 = 5_000;

/// The rosters of so many gateways are kept. Those of further ones are passed over: forged ones must not cost the others.
pub const MAX_GATEWAYS: usize = 256;

/// A connected console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// The name in the origin of its changes; `None` if its changes have no origin.
    pub client: Option<ClientId>,
    /// The name that people give it.
    pub name: ConsoleName,
    /// What kind of console it is: `desk`, `phone`, `script`.
    pub kind: ConsoleKind,
    /// When it connected, in milliseconds since 1970, by its gateway's clock.
    pub since_ms: u64,
}

/// Connected consoles: a list of some, and the number of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// At most [`MAX_LISTED`] consoles: those with a client's name first, then by how long they have been connected.
    pub listed: Vec<Console>,
    /// How many consoles are connected.
    pub total: usize,
}

impl Roster {
    /// The roster of these consoles. Of several with the same client's name only the newest counts: a phone that lost
    /// its network and reconnected is listed once, even before the gateway notices that its old connection is dead.
    pub fn of(consoles: impl IntoIterator<Item = Console>) -> Self {
        let listed: Vec<_> = consoles.into_iter().collect();
        let total = listed.len();
        Self { listed, total }.shortened()
    }

    /// Appends another roster.
    fn merge(mut self, other: &Self) -> Self {
        self.listed.extend(other.listed.iter().cloned());
        self.total += other.total;
        self
    }

    fn shortened(mut self) -> Self {
        let mut newest: BTreeMap<ClientId, u64> = BTreeMap::new();
        for console in &self.listed {
            let Some(client) = &console.client else { continue };
            let since_ms = newest.entry(client.clone()).or_default();
            *since_ms = console.since_ms.max(*since_ms);
        }
        let before = self.listed.len();
        // Of two that connected in the same millisecond, the first stays.
        self.listed.retain(|Console { client, since_ms, .. }| match client {
            Some(client) => newest.get(client) == Some(since_ms) && newest.remove(client).is_some(),
            None => true,
        });
        self.total -= before - self.listed.len();
        self.listed.sort_by(|a, b| {
            let rank = |console: &Console| (console.client.is_none(), console.since_ms);
            rank(a).cmp(&rank(b)).then_with(|| (&a.client, &a.name).cmp(&(&b.client, &b.name)))
        });
        self.listed.truncate(MAX_LISTED);
        self
    }
}

/// The last roster of each gateway.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    rosters: BTreeMap<ClientId, (Roster, u64)>,
}

impl Presence {
    /// Takes a gateway's roster in place of its last one. `now_ms` is of any clock that only goes forward.
    pub fn heard(&mut self, gateway: ClientId, roster: Roster, now_ms: u64) {
        if roster.total == 0 {
            self.rosters.remove(&gateway);
            return;
        }
        if self.rosters.len() >= MAX_GATEWAYS {
            self.forget_silent(now_ms);
        }
        if self.rosters.len() < MAX_GATEWAYS || self.rosters.contains_key(&gateway) {
            self.rosters.insert(gateway, (roster, now_ms));
        }
    }

    fn forget_silent(&mut self, now_ms: u64) {
        self.rosters.retain(|_, (_, heard_ms)| now_ms.saturating_sub(*heard_ms) < ROSTER_HOLDS_MS);
    }

    /// All gateways' consoles, without those of gateways that have been silent for [`ROSTER_HOLDS_MS`].
    pub fn consoles(&mut self, now_ms: u64) -> Roster {
        self.forget_silent(now_ms);
        self.rosters.values().fold(Roster::default(), |all, (roster, _)| all.merge(roster)).shortened()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(client: &str, since_ms: u64) -> Console {
        let kind = ConsoleKind::new("desk").unwrap();
        let name = ConsoleName::new("Booth").unwrap();
        Console { client: ClientId::new(client).ok(), name, kind, since_ms }
    }

    fn gateway(name: &str) -> ClientId {
        ClientId::new(name).unwrap()
    }

    #[test]
    fn all_gateways_count_and_a_newer_roster_replaces() {
        let mut presence = Presence::default();
        presence.heard(gateway("a"), Roster::of([console("1", 30), console("", 10)]), 0);
        presence.heard(gateway("b"), Roster::of([console("2", 20)]), 0);
        let all = Roster { listed: vec![console("2", 20), console("1", 30), console("", 10)], total: 3 };
        assert_eq!(presence.consoles(1), all, "those without a client's name come last");
        presence.heard(gateway("a"), Roster::of([console("1", 30)]), 2);
        assert_eq!(presence.consoles(3).total, 2);
        presence.heard(gateway("b"), Roster::default(), 4);
        assert_eq!(presence.consoles(4).listed, [console("1", 30)]);
    }

    #[test]
    fn a_console_that_is_back_is_there_once() {
        let mut presence = Presence::default();
        let here = Roster::of([console("1", 10), console("2", 20), console("1", 30), console("1", 30), console("", 5)]);
        assert_eq!(here, Roster { listed: vec![console("2", 20), console("1", 30), console("", 5)], total: 3 });
        presence.heard(gateway("a"), here, 0);
        presence.heard(gateway("b"), Roster::of([console("2", 40)]), 0);
        let all = Roster { listed: vec![console("1", 30), console("2", 40), console("", 5)], total: 3 };
        assert_eq!(presence.consoles(0), all, "also at another gateway");
    }

    #[test]
    fn a_gateway_that_is_gone_is_forgotten() {
        let mut presence = Presence::default();
        presence.heard(gateway("a"), Roster::of([console("1", 0)]), 0);
        presence.heard(gateway("b"), Roster::of([console("2", 0)]), 1_000);
        assert_eq!(presence.consoles(ROSTER_HOLDS_MS - 1).total, 2);
        assert_eq!(presence.consoles(ROSTER_HOLDS_MS).listed, [console("2", 0)]);
        assert_eq!(presence.consoles(ROSTER_HOLDS_MS + 1_000), Roster::default());
    }

    #[test]
    fn the_rosters_of_many_gateways_are_bounded() {
        let mut presence = Presence::default();
        let named = |number: usize| gateway(&format!("g{number}"));
        for number in 0..2 * MAX_GATEWAYS {
            presence.heard(named(number), Roster::of([console("", 1)]), 0);
        }
        assert_eq!(presence.consoles(1).total, MAX_GATEWAYS);
        presence.heard(named(0), Roster::of([console("", 1), console("", 2)]), 1);
        assert_eq!(presence.consoles(1).total, MAX_GATEWAYS + 1, "those that are known go on");
        presence.heard(gateway("late"), Roster::of([console("1", 1)]), ROSTER_HOLDS_MS + 1);
        assert_eq!(presence.consoles(ROSTER_HOLDS_MS + 1).total, 1, "those that are silent make room");
    }

    #[test]
    fn a_roster_is_bounded_and_counts_on() {
        let crowd = (0..1_000).map(|number| console(&format!("{number:04}"), 1_000 - number));
        let roster = Roster::of(crowd);
        assert_eq!((roster.listed.len(), roster.total), (MAX_LISTED, 1_000));
        assert_eq!(roster.listed[0], console("0999", 1), "who has been there longest is listed first");
        let mut presence = Presence::default();
        presence.heard(gateway("a"), roster, 0);
        presence.heard(gateway("b"), Roster::of((0..1_000).map(|number| console("", number))), 0);
        let all = presence.consoles(0);
        assert_eq!((all.listed.len(), all.total), (MAX_LISTED, 2_000));
    }
}
