//! Five clients set the same dimmers at once, and all that listen see the same.

use std::collections::HashMap;
use std::time::Instant;

use ghostlight_compare::peer::{Client, Peer, Recipe};
use ghostlight_compare::protocol::{Event, Role};

use crate::http;
use crate::promises::{Levels, TIMEOUT, map_of};

const WRITERS: u16 = 5;
const CHANGES: u16 = 200;

/// Few dimmers, so that writers often meet.
const DIMMERS: u16 = 4;

/// What a writer sets last, on a dimmer of its own. Who has seen it has seen the changes before it.
const LAST: u16 = 10_000;

/// The levels of one dimmer after another, as one client saw them.
type Seen = HashMap<u16, Vec<u16>>;

/// Returns the final levels.
pub(crate) fn agrees(recipe: &Recipe, peer: &Peer) -> Levels {
    let at_first = map_of(peer);
    let listeners: Vec<_> = (0..3).map(|_| peer.connect(Role::Listener).unwrap().0).collect();
    // Some of the writers listen.
    let roles = [Role::Listener, Role::Writer].into_iter().cycle();
    let writers: Vec<_> = (0..WRITERS).zip(roles).map(|(n, role)| (n, role, peer.connect(role).unwrap().0)).collect();
    let seen = std::thread::scope(|scope| {
        let listeners: Vec<_> = listeners.into_iter().map(|client| scope.spawn(|| listen(client))).collect();
        let writers: Vec<_> =
            writers.into_iter().map(|(n, role, client)| scope.spawn(move || write(n, role, client))).collect();
        let listened = listeners.into_iter().map(|listener| Some(listener.join().unwrap()));
        let written = writers.into_iter().map(|writer| writer.join().unwrap());
        let seen: Vec<Option<Seen>> = listened.chain(written).collect();
        seen
    });
    // A writer is not told its own changes, unless that is promised.
    let whole = if recipe.promises.echo.kept { seen.len() } else { 3 };
    let seen: Vec<Seen> = seen.into_iter().take(whole).flatten().collect();
    let map = map_of(peer);
    for (place, seen) in seen.iter().enumerate() {
        let mut levels = at_first.clone();
        levels.extend(seen.iter().filter_map(|(dimmer, levels)| Some((*dimmer, *levels.last()?))));
        assert_eq!(levels, map, "{}: client {place} and the peer's own map", recipe.name);
    }
    if recipe.protocol.has_http() {
        assert_eq!(http::map_of(peer), map, "{}: both protocols show the same map", recipe.name);
    }
    if recipe.promises.order.kept {
        for (a, b) in seen.iter().zip(seen.iter().skip(1)) {
            in_one_order(&recipe.name, a, b);
        }
    }
    map
}

/// Each level is set once.
fn level(writer: u16, change: u16) -> u16 {
    writer * CHANGES + change
}

fn write(writer: u16, role: Role, mut client: Client) -> Option<Seen> {
    let mut log = Log::default();
    let deadline = Instant::now() + TIMEOUT;
    for change in 0..=CHANGES {
        match change {
            CHANGES => client.set(100 + writer, LAST).unwrap(),
            change => client.set(1 + change % DIMMERS, level(writer, change)).unwrap(),
        }
        match role {
            Role::Listener => client.read(&mut |event| log.note(event)).unwrap(),
            _ => client.until(deadline, |event| event == Event::Answered).unwrap(),
        }
    }
    (role == Role::Listener).then(|| log.until_all_are_done(client))
}

fn listen(client: Client) -> Seen {
    Log::default().until_all_are_done(client)
}

#[derive(Default)]
struct Log {
    seen: Seen,
}

impl Log {
    fn note(&mut self, event: Event) {
        if let Event::Level { dimmer, level } = event {
            self.seen.entry(dimmer).or_default().push(level);
        }
    }

    fn until_all_are_done(mut self, mut client: Client) -> Seen {
        let deadline = Instant::now() + TIMEOUT;
        let is_done = |seen: &Seen| (0..WRITERS).all(|writer| seen.contains_key(&(100 + writer)));
        while !is_done(&self.seen) {
            assert!(Instant::now() < deadline, "not all changes came: {:?}", self.seen);
            client.read(&mut |event| self.note(event)).unwrap();
        }
        self.seen
    }
}

/// Outdated levels may be skipped; what both have seen, both have seen in the same order.
fn in_one_order(name: &str, a: &Seen, b: &Seen) {
    for (dimmer, levels) in a {
        let places: HashMap<_, _> = levels.iter().enumerate().map(|(place, level)| (*level, place)).collect();
        assert_eq!(places.len(), levels.len(), "{name}: dimmer {dimmer} was told twice: {levels:?}");
        let common: Vec<_> = b.get(dimmer).into_iter().flatten().filter_map(|level| places.get(level)).collect();
        assert!(common.is_sorted(), "{name}: dimmer {dimmer} has two orders: {levels:?} and {:?}", b.get(dimmer));
    }
}
