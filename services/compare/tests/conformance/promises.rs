//! The test that a peer passes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ghostlight_compare::peer::{Client, Peer, Places, Recipe, Survives};
use ghostlight_compare::protocol::{Event, Role};

use crate::{crowd, http, slow};

/// How long any wait may take: far longer than it needs, even on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Levels in hundredths of a percent, by dimmer.
pub(crate) type Levels = BTreeMap<u16, u16>;

/// Starts a peer, and holds it to each of its promises.
pub(crate) fn keeps(name: &str) {
    let places = Places::of_this_workspace().unwrap();
    let recipe = Recipe::read(&places, name).unwrap();
    let mut peer = Peer::start(&recipe, &places).unwrap_or_else(|error| panic!("{error}"));
    assert!(peer.memory_bytes().unwrap() > 0 && peer.cpu_time().is_ok());
    what_one_sets_all_see(&recipe, &peer);
    if recipe.protocol.has_http() {
        http::keeps_its_contract(&peer);
    }
    if recipe.promises.slow_readers.kept {
        slow::stall_nobody(&recipe, &peer);
    }
    let levels = crowd::agrees(&recipe, &peer);
    if recipe.promises.recovery.kept {
        assert_eq!(map_of(&peer), levels, "{name}: who connects again gets the whole map");
    }
    if recipe.promises.persistence.survives >= Survives::Kill {
        what_was_answered_survives(&recipe, &mut peer, levels);
    }
}

fn what_one_sets_all_see(recipe: &Recipe, peer: &Peer) {
    let mut clients: Vec<Client> = (0..3).map(|_| peer.connect(Role::Listener).unwrap().0).collect();
    clients[0].set(7, 3_325).unwrap();
    let told = Event::Level { dimmer: 7, level: 3_325 };
    let first = usize::from(!recipe.promises.echo.kept);
    for (place, client) in clients.iter_mut().enumerate().skip(first) {
        let seen = client.until(Instant::now() + TIMEOUT, |event| event == told);
        seen.unwrap_or_else(|error| panic!("{}: client {place} of those that listen: {error}", recipe.name));
    }
}

/// What a client that connects is told first.
pub(crate) fn map_of(peer: &Peer) -> Levels {
    peer.connect(Role::Listener).unwrap().1.into_iter().collect()
}

fn what_was_answered_survives(recipe: &Recipe, peer: &mut Peer, mut levels: Levels) {
    for round in 1..=3 {
        let (mut writer, _) = peer.connect(Role::Writer).unwrap();
        for dimmer in 501..=520 {
            let level = dimmer + round;
            writer.set(dimmer, level).unwrap();
            writer.until(Instant::now() + TIMEOUT, |event| event == Event::Answered).unwrap();
            levels.insert(dimmer, level);
        }
        peer.kill_and_start_again().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(map_of(peer), levels, "{}: kill {round}", recipe.name);
    }
}
