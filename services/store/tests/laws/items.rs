//! The laws that are about the rows of items: their form, rows of unknown kinds, and rows that cannot be read.

use ghostlight_rig::{
    Changed, ClientId, Digest, Dimmer, Fingerprint, IdempotentChange, Image, ItemName, Key, KindId, Label, Level,
    LogTime, Look, PartNumber, Position, Revision, RigImage, Slot, Slots, Stamp, Word, WordPart,
};
use ghostlight_store::StoreError;

use super::{Place, load, save};
use crate::support::{Show, rig, soon, without_digests};

/// The highest number that is saved: the highest that a browser's number holds.
const MAX: u64 = (1 << 53) - 1;

/// A slot that was changed at a revision: by a client if that is even, at the latest time if it is the highest.
fn slot<T>(value: Option<T>, revision: u64) -> Slot<T> {
    let by = revision.is_multiple_of(2).then(|| ClientId::new("\"desk\" \\ \u{1d11e}").unwrap());
    let at = LogTime(if revision == MAX { i64::MAX as u64 } else { revision * 1_000_000_007 });
    Slot { value, revision: Revision(revision), changed: Changed { by, at } }
}

/// Every kind of thing that is kept, at the bounds of what it may be.
pub(super) fn everything() -> Image {
    let level = |hundredths: Option<u16>, revision| {
        slot(hundredths.map(|hundredths| Level::from_hundredths(hundredths).unwrap()), revision)
    };
    let label = |label: Option<&str>, revision| slot(label.map(|label| Label::new(label).unwrap()), revision);
    let keyed = |key: &str, revision, fingerprint, applied| {
        let position = Position::new(MAX, revision);
        (Key::new(key).unwrap(), IdempotentChange { position, fingerprint: Fingerprint(fingerprint), applied })
    };
    let levels =
        [(1, level(Some(0), 1)), (2, level(None, 2)), (512, level(Some(1), 4)), (65_535, level(Some(10_000), MAX))];
    let widest = "\u{1d11e}".repeat(40);
    let names = [("7", label(Some("not a number"), 3)), ("'\"{}\\", label(None, 4)), (&widest, label(Some("0"), 8))];
    let labels = [(1, label(Some("'\"{}\\ wash"), 1)), (2, label(None, 5)), (65_535, label(Some(&widest), MAX))];
    let dimmer = |number| Dimmer::new(number).unwrap();
    let look = Look::from([(dimmer(1), Level::OUT), (dimmer(65_535), Level::from_hundredths(1_234).unwrap())]);
    let looks = [("'\"{}\\ wash", slot(Some(look), 3)), ("ﬁll", slot(None, 4)), ("dark", slot(Some(Look::new()), MAX))];
    let part = WordPart {
        upload: Digest::from_lanes([0, u32::MAX]),
        words: [(Word::new("'\"{}\\ wash").unwrap(), Look::from([(dimmer(1), Level::FULL)]))].into(),
    };
    let parts = [(0, slot(Some(part), 3)), (127, slot(None, MAX))];
    let slots = Slots {
        levels: levels.into_iter().map(|(number, slot)| (dimmer(number), slot)).collect(),
        labels: labels.into_iter().map(|(number, slot)| (dimmer(number), slot)).collect(),
        master: Some(level(Some(1), 6)),
        blackout: Some(slot(Some(true), 7)),
        word_parts: parts.into_iter().map(|(place, slot)| (PartNumber::new(place).unwrap(), slot)).collect(),
        words: looks.into_iter().map(|(name, slot)| (Word::new(name).unwrap(), slot)).collect(),
        made_up: names.into_iter().map(|(name, slot)| (ItemName::new(name).unwrap(), slot)).collect(),
    };
    let keys = vec![
        keyed("\"'{}\\,~!", 1, 0, true),
        keyed(&"k".repeat(128), 2, u64::MAX, false),
        keyed("a", MAX, 1 << 63, true),
    ];
    let digests = [(KindId::Level, Digest::from_lanes([0, u32::MAX]))].into_iter().collect();
    let (position, time) = (Position::new(MAX, MAX), LogTime(1));
    let (made, oldest_key) = (Revision(MAX), Some(keys[0].1.position));
    let full = RigImage { position, time, made, slots, digests, oldest_key, keyed: keys };
    // A rig whose only change was refused is there all the same.
    let empty = RigImage { position: Position::new(MAX, 4), ..RigImage::default() };
    let rigs = [(rig("main"), full.clone()), (rig(&"r".repeat(63)), full), (rig("0_-"), empty)];
    // The year 2262.
    let (stamp, time) = (Stamp(i64::MAX as u64), LogTime(i64::MAX as u64));
    Image { position: Position::new(MAX, MAX), stamp, time, rigs: rigs.into(), ..Image::default() }
}

pub(crate) async fn an_item_is_one_row_of_text(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(3).without_time();
    show.change(
        "main",
        [(1, Some(5_000)), (2, Some(1_234)), (3, Some(10)), (4, None), (5, Some(0)), (6, Some(10_000))],
    );
    show.by("desk").set("main", [(7, Some("\"Ω\" \\"))], 1_250, true).make_up("stage", [("7", Some("7"))]);
    save(&store, &show.whole()).await;
    let rows = "SELECT rig || '|' || kind || '|' || key || '|' || coalesce(value, 'NULL') || '|' || epoch || '|' || \
                revision || '|' || coalesce(changed_by, 'NULL') FROM item";
    let mut rows = place.asked(rows).await;
    rows.sort();
    let expected = [
        "main|blackout||true|3|2|desk",
        "main|labels|7|\"\\\"Ω\\\" \\\\\"|3|2|desk",
        "main|levels|1|50|3|1|NULL",
        "main|levels|2|12.34|3|1|NULL",
        "main|levels|3|0.1|3|1|NULL",
        "main|levels|4|NULL|3|1|NULL",
        "main|levels|5|0|3|1|NULL",
        "main|levels|6|100|3|1|NULL",
        "main|master||12.5|3|2|desk",
        "stage|made_up|7|\"7\"|3|3|desk",
    ];
    assert_eq!(rows, expected);
}

pub(crate) async fn who_changed_an_item_and_when_outlives_a_restart(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    show.by("desk").change("main", [(1, Some(100)), (2, Some(200))]);
    show.by("phone").change("main", [(2, Some(300))]);
    save(&store, &show.whole()).await;
    soon("the store to close", store.close()).await;
    drop(store);

    let loaded = load(&place.open().await).await;
    let levels = &loaded.rigs["main"].slots.levels;
    let changed = |number| levels[&Dimmer::new(number).unwrap()].changed.clone();
    let first = loaded.time.0 - 3_000_000;
    assert!(first > 0);
    assert_eq!(changed(1), Changed { by: Some(ClientId::new("desk").unwrap()), at: LogTime(first) });
    assert_eq!(changed(2), Changed { by: Some(ClientId::new("phone").unwrap()), at: loaded.time });
    assert_eq!(loaded.rigs["main"].time, loaded.time);

    // A new epoch forgets neither, and its time goes on from there.
    let store = place.open().await;
    soon("the epoch", store.begin(loaded.position, Position::new(2, 0).into())).await.unwrap();
    let begun = load(&store).await;
    assert_eq!(begun.time, loaded.time);
    assert_eq!(begun.rigs["main"].slots.levels[&Dimmer::new(2).unwrap()].changed, changed(2));
}

pub(crate) async fn items_of_an_unknown_kind_are_left_alone(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    save(&store, &show.change("main", [(1, Some(100))]).make_up("main", [("look", Some("dawn"))]).whole()).await;
    // A newer version beside this one has saved these, one in a rig of its own.
    let rows = "INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at) VALUES \
                ('main', 'tomorrow', 'look', '{\"a\": [1]}', 1, 2, 'desk', 5), \
                ('main', 'tomorrow', '', NULL, 1, 2, NULL, 0), ('No Rig', 'later', 'x', 'no JSON', 1, 1, NULL, 0)";
    place.execute(rows).await;
    let unknown = "SELECT rig || kind || key || coalesce(value, 'NULL') || epoch || revision || \
                   coalesce(changed_by, 'NULL') || changed_at FROM item WHERE kind IN ('tomorrow', 'later') ORDER BY 1";
    let before = place.asked(unknown).await;
    assert_eq!(before.len(), 3);
    assert_eq!(load(&store).await, show.whole(), "they are not loaded");

    save(&store, &show.make_up("main", [("look", None), ("look 2", Some("dusk"))]).whole()).await;
    assert_eq!(load(&store).await, show.whole());
    let stored = load(&store).await;
    soon("the epoch", store.begin(stored.position, Position::new(2, 0).into())).await.unwrap();
    let mut next = Show::after(stored, 2);
    save(&store, &next.change("main", [(1, Some(7))]).make_up("main", [("look", Some("noon"))]).whole()).await;
    soon("the store to close", store.close()).await;
    drop(store);
    load(&place.open().await).await;
    assert_eq!(place.asked(unknown).await, before);
}

pub(crate) async fn a_row_that_cannot_be_read_is_named(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    save(&store, &show.change("main", [(1, Some(100))]).whole()).await;
    for (kind, key, value, by, why) in [
        ("levels", "0", "50", "NULL", "a dimmer is a whole number"),
        ("levels", "07", "50", "NULL", "a dimmer is a whole number"),
        ("levels", "70000", "50", "NULL", "a dimmer is a whole number"),
        ("levels", "2", "101", "NULL", "0 to 100"),
        ("levels", "2", "\"50\"", "NULL", "not a string"),
        ("levels", "2", "{}", "NULL", "not an object"),
        ("levels", "2", "fifty", "NULL", "not JSON"),
        ("levels", "2", "50", "''", "a client's name"),
        ("labels", "2", "\"\"", "NULL", "a label is"),
        ("labels", "2", "7", "NULL", "a label is"),
        ("master", "main", "50", "NULL", "without a key"),
        ("master", "", "100.5", "NULL", "0 to 100"),
        ("blackout", "", "1", "NULL", "true or false"),
        ("words", "wash", "[1]", "NULL", "a look is an object of dimmers and levels, not an array"),
        ("words", "!", "{}", "NULL", "a word has a letter or a digit"),
        ("made_up", "", "\"x\"", "NULL", "the name of an item"),
    ] {
        place
            .execute(&format!(
                "INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at) \
                 VALUES ('stage-1', '{kind}', '{key}', '{value}', 1, 1, {by}, 0)"
            ))
            .await;
        match soon("the failure", store.load()).await {
            Err(StoreError::Corrupt(what)) => {
                let parts = [kind, &format!("{key:?}"), "stage-1", why];
                assert!(parts.iter().all(|part| what.contains(part)), "{parts:?} are not all in {what:?}");
            }
            other => panic!("{kind} {key:?} {value}: {other:?}"),
        }
        place.execute("DELETE FROM item WHERE rig = 'stage-1'").await;
    }
    assert_eq!(load(&store).await, show.whole());
}

pub(crate) async fn items_that_somebody_else_changed_are_noticed(place: &impl Place) {
    let store = place.open().await;
    let mut show = Show::new(1);
    show.change("main", [(1, Some(100)), (2, Some(200))]).set("main", [(1, Some("wash"))], 5_000, true);
    show.change("stage", [(1, Some(100))]);
    save(&store, &show.whole()).await;
    let changed = async |rig: &str| load(&store).await.rigs[rig].changed_kinds();
    assert_eq!((changed("main").await, changed("stage").await), (vec![], vec![]));
    place.execute("UPDATE item SET value = '99' WHERE rig = 'main' AND kind = 'levels' AND key = '2'").await;
    assert_eq!(changed("main").await, [KindId::Level]);
    place.execute("DELETE FROM item WHERE rig = 'main' AND kind = 'labels'").await;
    assert_eq!((changed("main").await, changed("stage").await), (vec![KindId::Level, KindId::Label], vec![]));

    // An older version beside this one saves no digests: those of before are not compared with what it saved.
    save(&store, &without_digests(show.change("main", [(3, Some(300))]).whole())).await;
    assert_eq!(changed("main").await, []);
    save(&store, &show.change("main", [(1, Some(300))]).whole()).await;
    assert_eq!(load(&store).await.rigs["main"].digests, show.whole().rigs["main"].digests);
}
