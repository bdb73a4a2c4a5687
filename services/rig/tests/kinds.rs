//! What works the same way for every kind: names, keys, values as text, updates, states, and who changed what.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use ghostlight_rig::kinds::{
    blackout::Blackout, labels::Labels, levels::Levels, made_up::MadeUp, master::Master, word_parts::WordParts,
    words::Words,
};
use ghostlight_rig::{
    Bound, Change, Changed, ClientId, Digest, Digests, Entry, Epoch, Interest, Item, ItemName, Kind, KindId,
    KindVisitor, Level, Listed, LogTime, Look, NoKey, Origin, PartNumber, Replica, Revision, Rig, Scalar, State,
    Update, Verdict, WordPart, visit_kinds,
};
use support::{dimmer, label, labels, level_items, levels, look, percent, word, words};

/// An update that sets one item of every kind.
fn one_of_each() -> Update {
    Update {
        levels: levels([(1, Some(50))]),
        master: Some(percent(80)),
        blackout: Some(true),
        words: words([("wash", Some(look([(1, 50), (2, 100)])))]).words,
        word_parts: [(PartNumber::new(7).unwrap(), Some(part()))].into(),
        made_up: [(ItemName::new("one").unwrap(), Some(label("a")))].into(),
        ..labels([(2, Some("wash"))])
    }
}

fn part() -> WordPart {
    WordPart { upload: Digest::from_lanes([1, 2]), words: [(word("wash"), look([(1, 50)]))].into() }
}

fn items_of_each() -> [Item; 7] {
    let made_up = Item::MadeUp(ItemName::new("one").unwrap());
    [
        Item::Level(dimmer(1)),
        Item::Label(dimmer(2)),
        Item::Master,
        Item::Blackout,
        Item::Word(word("wash")),
        Item::WordPart(PartNumber::new(7).unwrap()),
        made_up,
    ]
}

#[test]
fn a_kind_is_found_by_its_name() {
    for (name, kind) in [("levels", KindId::Level), ("blackout", KindId::Blackout), ("made_up", KindId::MadeUp)] {
        assert_eq!((KindId::named(name), KindId::read(name)), (Some(kind), Ok(kind)));
    }
    assert_eq!(KindId::named("Levels"), None);
    let problem = "\"Levels\" is not one of levels, labels, master, blackout, words, word_parts, made_up";
    assert_eq!(KindId::read("Levels"), Err(problem.to_owned()));
    let named = Interest::named(["master", "tomorrow", "levels"]);
    assert_eq!(named.kinds().collect::<Vec<_>>(), [KindId::Level, KindId::Master]);
}

#[test]
fn a_visitor_sees_every_kind_in_the_order_of_the_list() {
    struct Seen(Vec<KindId>);
    impl KindVisitor for Seen {
        fn visit<K: Listed>(&mut self) {
            self.0.push(K::ID);
        }
    }
    let mut seen = Seen(Vec::new());
    visit_kinds(&mut seen);
    assert_eq!(seen.0, KindId::ALL);
}

#[test]
fn an_item_is_read_from_its_key() {
    for item in items_of_each() {
        assert_eq!(Item::read(item.kind(), &item.key()), Ok(item));
    }
    assert!(Item::read(KindId::Level, "0").unwrap_err().contains("1 to 65535"));
    assert!(Item::read(KindId::Master, "1").unwrap_err().contains("without a key"));
    assert!(Item::read(KindId::MadeUp, "").is_err());
}

#[test]
fn a_value_is_read_from_the_scalar_that_it_is_written_as() {
    fn check<K: Kind>(values: &[K::Value], refused: &[Scalar<'_>]) {
        for value in values {
            assert_eq!(K::read(K::write(value)).as_ref(), Ok(value));
        }
        for scalar in refused {
            assert!(K::read(scalar.clone()).is_err(), "{}: {scalar:?}", K::NAME);
        }
    }
    let (text, flag) = (Scalar::Text("on".into()), Scalar::Flag(true));
    let (number, too_high) = (Scalar::Number("50".into()), Scalar::Number("100.01".into()));
    check::<Levels>(&[Level::OUT, percent(50), Level::FULL], &[text.clone(), flag.clone(), too_high.clone()]);
    check::<Master>(&[Level::OUT, percent(50), Level::FULL], &[text.clone(), flag.clone(), too_high]);
    check::<Labels>(&[label("wash"), label("50")], &[number.clone(), flag.clone(), Scalar::Text("\u{7}".into())]);
    check::<MadeUp>(&[label("wash")], &[number.clone(), flag]);
    let object = |members: &[(&str, Scalar<'static>)]| {
        Scalar::Object(members.iter().map(|(name, value)| ((*name).to_owned().into(), value.clone())).collect())
    };
    let half = Scalar::Percent(percent(50));
    let no_looks = [
        number.clone(),
        object(&[("0", half.clone())]),
        object(&[("1", half.clone()), ("1", half.clone())]),
        object(&[("1", Scalar::Text("50".into()))]),
        object(&[("1", object(&[]))]),
        Scalar::Other("null"),
    ];
    check::<Words>(&[look([]), look([(1, 50), (65_535, 100)])], &no_looks);
    let no_parts = [
        object(&[]),
        object(&[("upload", Scalar::Text("1".into())), ("words", object(&[]))]),
        object(&[("upload", Scalar::Text("0123456789abcdef".into()))]),
        object(&[("upload", Scalar::Text("0123456789abcdef".into())), ("words", object(&[("!", object(&[]))]))]),
    ];
    check::<WordParts>(&[part(), WordPart { words: [].into(), ..part() }], &no_parts);
    check::<Blackout>(&[true, false], &[number, text, Scalar::Other("null")]);
}

#[test]
fn an_update_counts_what_it_sets() {
    let (nothing, all) = (Update::default(), one_of_each());
    assert_eq!((nothing.len(), nothing.is_empty(), nothing.kinds()), (0, true, Interest::NONE));
    assert_eq!((all.len(), all.is_empty(), all.kinds()), (7, false, Interest::all()));
    assert_eq!(all.items().collect::<Vec<_>>(), items_of_each());
    let some = Update { blackout: Some(false), ..labels([(1, None), (2, Some("spot"))]) };
    let kinds = [KindId::Label, KindId::Blackout].into_iter().collect::<Interest>();
    assert_eq!((some.len(), some.kinds()), (3, kinds));
    assert_eq!(some.removed().collect::<Vec<_>>(), [Item::Label(dimmer(1))]);
}

#[test]
fn an_update_is_restricted_to_the_items_that_another_names() {
    let all = one_of_each();
    assert_eq!(all.restricted_to(&all), all);
    assert_eq!(all.restricted_to(&Update::default()), Update::default());
    let named = Update { blackout: Some(false), levels: levels([(1, None), (2, Some(1))]), ..Update::default() };
    let restricted = Update { blackout: Some(true), levels: levels([(1, Some(50))]), ..Update::default() };
    assert_eq!(all.restricted_to(&named), restricted);
    let forgets = Update::from(levels([(1, None)]));
    assert_eq!(forgets.restricted_to(&all), forgets, "a removal is a change too");
}

#[test]
fn a_state_takes_the_values_of_an_update() {
    let mut state = State::default();
    state.apply(&one_of_each());
    assert_eq!(Update::between(&State::default(), &state, Interest::all()), one_of_each());
    state.apply(&Update { levels: levels([(1, None)]), blackout: Some(false), ..labels([(2, None)]) });
    let left = Update { levels: [].into(), labels: [].into(), blackout: None, ..one_of_each() };
    assert_eq!(Update::between(&State::default(), &state, Interest::all()), left);
}

#[test]
fn a_snapshot_tells_who_last_changed_each_item_and_when() {
    let by = |name: &str| Some(ClientId::new(name).unwrap());
    let change =
        |name: &str, update: Change| Change { origin: by(name).map(|client| Origin { client, seq: 1 }), ..update };
    let mut rig = Rig::new(Epoch(1));
    rig.apply(Revision(1), LogTime(10), &Entry::new(change("a", one_of_each().into())));
    rig.apply(Revision(2), LogTime(20), &Entry::new(change("b", levels([(1, Some(60)), (3, Some(1))]).into())));
    rig.apply(Revision(3), LogTime(30), &Entry::new(levels([(3, None), (4, Some(1))]).into()));
    let (first, second) = (Changed { by: by("a"), at: LogTime(10) }, Changed { by: by("b"), at: LogTime(20) });
    let third = Changed { by: None, at: LogTime(30) };
    let [one, label, master, blackout, words, part, made_up] = items_of_each().map(|item| (item, first.clone()));
    let four = (level_items([4]).remove(0), third);
    let told = [(one.0, second), four, label, master, blackout, words, part, made_up];
    assert_eq!(rig.snapshot().changes, told, "an item without a value has none");
    let some = Interest::named(["levels", "master"]);
    assert_eq!(rig.snapshot_of(some).changes, [told[0].clone(), told[1].clone(), told[3].clone()]);

    let mut replica = Replica::default();
    replica.snapshot(&rig.snapshot_of(some));
    assert_eq!((replica.kinds(), replica.to_snapshot()), (some, rig.snapshot_of(some)));
}

/// Pages and servers of other versions compute the same. The values were computed from the rule, not with this code.
#[test]
fn the_digest_of_an_item_never_changes() {
    for (digest, text) in [
        (Levels::digest(&dimmer(1), &Level::OUT), "53085746dbf565df"),
        (Levels::digest(&dimmer(65_535), &Level::FULL), "0311476a661725d0"),
        (Master::digest(&NoKey, &Level::from_hundredths(8_050).unwrap()), "c9af5ef9fb0ba9ec"),
        (Blackout::digest(&NoKey, &true), "514e28b736deb503"),
        (Labels::digest(&dimmer(1), &label("Front wash")), "2cd22c2badaa8b06"),
        (Labels::digest(&dimmer(258), &label("Ω𝄞")), "2d11604cbcb3dbe0"),
        (Words::digest(&word("Front Wash"), &look([(1, 50), (513, 100)])), "91c05bf8ad7acfea"),
        (Words::digest(&word("dark"), &Look::new()), "a5bfad10a021ce98"),
        (WordParts::digest(&PartNumber::new(7).unwrap(), &part()), "7e7188e261f932e3"),
        (MadeUp::digest(&ItemName::new("one").unwrap(), &label("a")), "1442082e9fb94be9"),
    ] {
        assert_eq!(digest.to_string(), text);
    }
    assert_eq!(Levels::item_digest(&dimmer(1), &Level::OUT), Levels::digest(&dimmer(1), &Level::OUT));
    assert_eq!(Master::item_digest(&NoKey, &Level::FULL), Digest::default(), "an initial value adds nothing");
}

#[test]
fn digests_add_up_over_the_kinds_that_have_one() {
    let (level, master) = (Digest::from_lanes([1, u32::MAX]), Digest::from_lanes([2, 3]));
    let digests = Digests::from_iter([(KindId::Level, level), (KindId::Master, master)]);
    assert_eq!(digests.sum(), Digest::from_lanes([3, 2]));
    assert_eq!(digests.kinds(), Interest::named(["levels", "master"]));
    assert_eq!(digests.restricted_to(Interest::named(["levels"])).sum(), level);
    assert_eq!(level.lanes(), [1, u32::MAX]);
}

#[test]
fn an_interest_is_a_set_of_kinds() {
    let [nothing, level, both] =
        [&[][..], &["levels"], &["levels", "master"]].map(|names| Interest::named(names.iter().copied()));
    let all = Interest::all();
    assert_eq!(level.with(KindId::Level), level, "a kind that is in it already");
    assert_eq!((level.with(KindId::Master), nothing), (both, Interest::NONE));
    for (one, other, is_covered) in [
        (all, both, true),
        (both, level, true),
        (level, level, true),
        (level, nothing, true),
        (nothing, nothing, true),
        (level, both, false),
        (nothing, level, false),
        (level, Interest::named(["master"]), false),
    ] {
        assert_eq!(one.covers(other), is_covered, "{one:?} {other:?}");
    }
    assert_eq!([both.and(level), level.and(all), level.and(Interest::named(["master"]))], [level, level, nothing]);
}

/// What became of the only change of an entry.
fn verdict(rig: &mut Rig, update: Update) -> Verdict {
    let revision = Revision(rig.position().revision.0 + 1);
    let delta = rig.apply(revision, LogTime(revision.0), &Entry::new(update.into()));
    delta.verdicts.get(&0).cloned().unwrap_or(Verdict::Applied)
}

#[test]
fn a_rig_has_at_most_so_many_words() {
    let Some(Bound { items, .. }) = Words::BOUND else { panic!("words are bounded") };
    let mut rig = Rig::new(Epoch(1));
    let all = (0..items).map(|number| (word(&format!("w{number}")), Some(look([(1, 50)])))).collect();
    assert_eq!(verdict(&mut rig, Update { words: all, ..Update::default() }), Verdict::Applied);
    assert_eq!(verdict(&mut rig, words([("one more", Some(Look::new()))])), Verdict::NoRoom);
    assert_eq!(verdict(&mut rig, words([("w7", Some(look([(1, 60)])))])), Verdict::Applied, "it was there");
    assert_eq!(verdict(&mut rig, words([("w7", None), ("one more", Some(Look::new()))])), Verdict::Applied);
    assert_eq!(verdict(&mut rig, words([("two more", Some(Look::new()))])), Verdict::NoRoom);
    assert_eq!(verdict(&mut rig, levels([(1, Some(50))]).into()), Verdict::Applied, "of another kind");
}

#[test]
fn the_words_of_a_rig_have_at_most_so_many_bytes() {
    let Some(Bound { bytes, .. }) = Words::BOUND else { panic!("words are bounded") };
    let (mut rig, mut used) = (Rig::new(Epoch(1)), 0);
    let large: Look = (1..=65_535).map(|number| (dimmer(number), percent(50))).collect();
    for number in 0.. {
        let text = format!("w{number}");
        let size = Words::bytes(&word(&text), &large);
        let verdict = verdict(&mut rig, words([(&text, Some(large.clone()))]));
        assert_eq!(
            verdict,
            if used + size <= bytes { Verdict::Applied } else { Verdict::NoRoom },
            "{used} + {size} bytes"
        );
        used += size;
        if verdict == Verdict::NoRoom {
            break;
        }
    }
    assert!(used > bytes);
}
