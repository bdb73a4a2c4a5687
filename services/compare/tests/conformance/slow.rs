//! Who does not read stalls nobody.

use std::fmt::Write as _;
use std::time::Instant;

use ghostlight_compare::peer::{Peer, Recipe, Survives};
use ghostlight_compare::protocol::{Event, Role};

use crate::http;
use crate::promises::TIMEOUT;

/// How many bytes are told while one client does not read: more than the buffers of the kernel take for it, since its
/// window stays small.
const BYTES: usize = 8 << 20;

/// The same for peers that save large changes: more takes minutes in a build that is not optimised. This fills the queue of
/// no peer, and shows only that nobody waits for the connection itself.
const SAVED_BYTES: usize = 1 << 20;

/// What a small change takes on the wire, roughly.
const SMALL: usize = 50;

/// How many small changes are set before their answers are awaited.
const BATCH: usize = 1_000;

/// A small change that comes after all others.
const LAST: Event = Event::Level { dimmer: 7, level: 4_242 };

pub(crate) fn stall_nobody(recipe: &Recipe, peer: &Peer) {
    let (_slow, _) = peer.connect(Role::Listener).unwrap();
    let (mut listener, _) = peer.connect(Role::Listener).unwrap();
    std::thread::scope(|scope| {
        let listens = scope.spawn(move || listener.until(Instant::now() + TIMEOUT, |event| event == LAST));
        match (recipe.protocol.has_http(), recipe.promises.persistence.survives) {
            (true, Survives::Nothing) => post_much(peer, BYTES),
            (true, _) => post_much(peer, SAVED_BYTES),
            (false, _) => set_often(peer),
        }
        let (mut writer, _) = peer.connect(Role::Writer).unwrap();
        writer.set(7, 4_242).unwrap();
        writer.until(Instant::now() + TIMEOUT, |event| event == Event::Answered).unwrap();
        let heard = listens.join().unwrap();
        heard.unwrap_or_else(|error| panic!("{}: a client waits for one that does not read: {error}", recipe.name));
    });
}

/// Large changes, each answered.
fn post_much(peer: &Peer, bytes: usize) {
    let mut change = String::from("{");
    for dimmer in 1_001..=2_000 {
        let _ = write!(change, "\"{dimmer}\": 50,");
    }
    change.replace_range(change.len() - 1.., "}");
    for _ in 0..bytes / change.len() {
        assert_eq!(http::ask(peer, "POST", &change).0, 200);
    }
}

/// Small changes, many at once.
fn set_often(peer: &Peer) {
    let (mut writer, _) = peer.connect(Role::Writer).unwrap();
    for _ in 0..BYTES / SMALL / BATCH {
        for change in 0..BATCH {
            writer.set(1_001 + change as u16, 5_000).unwrap();
        }
        let mut answered = 0;
        let all = |event| {
            answered += usize::from(event == Event::Answered);
            answered == BATCH
        };
        writer.until(Instant::now() + TIMEOUT, all).unwrap();
    }
}
