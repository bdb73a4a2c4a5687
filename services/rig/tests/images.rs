//! What a store is given to keep: all rigs, or what has changed in them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use ghostlight_rig::{
    Change, Entry, Image, Interest, LogPosition, LogTime, Partition, Position, Revision, Rig, RigImage, Rigs, Stamp,
    State, Update,
};
use support::{at, entry, key, levels, named};

fn once(name: &str, level: u16) -> Entry {
    Entry::new(Change { idempotency_key: Some(key(name)), ..levels([(1, Some(level))]).into() })
}

/// Rig `a` changed at 2 and 5, `b` at 3. Each change but the last has a key.
fn rigs() -> Rigs {
    let mut rigs = Rigs::restore(Image::default(), at(1, 0), 9, Partition::default());
    rigs.apply(Revision(2), Stamp(20), &named("a"), &once("k", 10));
    rigs.apply(Revision(3), Stamp(30), &named("b"), &once("l", 20));
    rigs.apply(Revision(4), Stamp(40), &named("a"), &once("m", 30));
    rigs.apply(Revision(5), Stamp(50), &named("a"), &entry([levels([(1, None), (2, Some(5))]).into()]));
    rigs
}

#[test]
fn an_image_has_what_changed_after_its_cursor() {
    let rigs = rigs();
    let since = |revision| rigs.image_since(Revision(revision));
    let names = |image: &Image| image.rigs.keys().map(ToString::to_string).collect::<Vec<_>>();
    let keys = |image: &RigImage| image.keyed.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&since(1)), ["a", "b"]);
    assert_eq!(names(&since(2)), ["a", "b"]);
    assert_eq!(names(&since(3)), ["a"]);
    assert_eq!(names(&since(5)), [] as [&str; 0], "the newest entry is not after itself");
    for (revision, changed) in [(1, &["k", "m"][..]), (2, &["m"]), (3, &["m"]), (4, &[])] {
        let image = since(revision);
        assert_eq!(image.since, at(1, revision));
        assert_eq!((image.position, image.time), (at(1, 5), LogTime(50)));
        assert_eq!(keys(&image.rigs["a"]), changed, "since {revision}");
        assert_eq!(image.rigs["a"].oldest_key, Some(at(1, 2)), "which keys to keep does not depend on the cursor");
    }
}

#[test]
fn rigs_are_listed_by_name_and_from_a_name_on() {
    let rigs = rigs();
    let after = |name: Option<&str>| {
        let name = name.map(named);
        rigs.after(name.as_ref()).map(|(name, _)| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(after(None), ["a", "b", "main"]);
    assert_eq!(after(Some("a")), ["b", "main"]);
    assert_eq!(after(Some("aa")), ["b", "main"]);
    assert_eq!(after(Some("main")), [] as [&str; 0]);
}

#[test]
fn an_image_counts_the_dimmers_that_have_a_level() {
    let image = Image { stamp: Stamp(7), ..rigs().image_since(Revision(0)) };
    assert_eq!(image.dimmers(), 2, "dimmer 2 of a, and 1 of b; dimmer 1 of a was forgotten");
    assert_eq!(image.mark(), LogPosition { position: at(1, 5), stamp: Stamp(7) });
    assert_eq!(Image::default().dimmers(), 0);
}

/// A state service announces such a rig to those that follow a rig that has not been made.
#[test]
fn an_empty_rig_has_a_position_and_nothing_else() {
    let position: Position = at(3, 7);
    let rig = Rig::empty(position);
    assert_eq!((rig.position(), rig.snapshot().state), (position, State::default()));
    assert_eq!(rig.beacon().digests.kinds(), Interest::all());
    assert_eq!(rig.map().since(Revision(0)), Some(Update::default()));
}
