//! The laws of the log.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use ghostlight_bus::Log;
use ghostlight_rig::{
    Action, Change, ClientId, Dimmer, Entry, Interest, Key, Label, Level, Levels, LogPosition, Look, Origin, Position,
    Reversal, Reverse, Revision, Said, TraceContext, Update, Word,
};

use super::{at_once, begun, entry, levels, logged, next, pass, rig, soon};

pub(crate) async fn entries_are_read_in_the_order_of_their_revisions(log: &impl Log) {
    let (start, mut entries) = begun(log).await;
    let mut last = start.revision;
    for number in 0..50 {
        let name = rig(["main", "hall", "foyer"][usize::from(number) % 3]);
        let (appended, read) = pass(log, start.epoch, entries.as_mut(), &name, &entry(number)).await;
        assert_eq!(appended, Ok(Position { epoch: start.epoch, revision: read.revision }));
        assert!(read.revision > last, "{} after {last}", read.revision);
        assert_eq!((read.rig, read.entry), (name, entry(number)));
        last = read.revision;
    }
}

pub(crate) async fn entries_in_flight_are_read_where_their_appends_say(log: &impl Log) {
    const MANY: u16 = 200;
    let (start, mut entries) = begun(log).await;
    let sent: Vec<Entry> = (0..MANY).map(entry).collect();
    let main = rig("main");
    let reading = async {
        let mut read = Vec::new();
        for _ in 0..MANY {
            let logged = next(entries.as_mut()).await;
            read.push((logged.revision, logged.entry));
        }
        let revision = read.last().unwrap().0;
        log.checkpoint(Position { epoch: start.epoch, revision });
        read
    };
    let appends = join_all(sent.iter().map(|entry| log.append(&main, entry, Position::default())));
    let (appended, read) = soon("all appends", join(appends, reading)).await;
    assert!(read.is_sorted_by(|a, b| a.0 < b.0), "revisions grow: {:?}", read.iter().map(|r| r.0).collect::<Vec<_>>());
    let appended: BTreeMap<Revision, Entry> =
        appended.into_iter().map(|position| position.unwrap().revision).zip(sent).collect();
    assert_eq!(read.into_iter().collect::<BTreeMap<_, _>>(), appended);
}

pub(crate) async fn every_kind_of_entry_crosses_unchanged(log: &impl Log) {
    let (start, mut entries) = begun(log).await;
    let longest = rig(&"s".repeat(63));
    for entry in every_kind() {
        let (appended, read) = pass(log, start.epoch, entries.as_mut(), &longest, &entry).await;
        assert!(appended.is_ok(), "{appended:?}");
        assert_eq!((read.rig, read.entry), (longest.clone(), entry));
    }
}

/// An entry of every kind that there is, up to the bounds of every name and number.
fn every_kind() -> Vec<Entry> {
    let origin = |client: &str, seq| Some(Origin { client: ClientId::new(client).unwrap(), seq });
    let plain = Change::from(levels(1, Some(5_000)));
    let forgets = Change::from(levels(65_535, None));
    let nothing = Change::from(Levels::new());
    let whole = Change::from((1..=512).flat_map(|dimmer| levels(dimmer, Some(dimmer * 19))).collect::<Levels>());
    let sent =
        Change { origin: origin("Lichtpult \"Ω\" \\ 1", (1 << 53) - 1), ..Change::from(levels(2, Some(1_234))) };
    let first = Change { origin: origin(&"c".repeat(64), 0), ..forgets.clone() };
    let if_match = Change { if_match: Some(Position::new((1 << 53) - 1, 42)), ..Change::from(levels(3, Some(0))) };
    let once =
        Change { idempotency_key: Some(Key::new("\"'{}\\~!").unwrap()), ..Change::from(levels(4, Some(10_000))) };
    let all = Change {
        dictionary: None,
        said: Some(Said { text: "1 at 50 \u{1d11e}".to_owned(), selection: Some("1-3".to_owned()) }),
        update: Update {
            levels: [levels(1, Some(1)), levels(2, None), levels(65_535, Some(9_999))].into_iter().flatten().collect(),
            labels: [(1, Some("wash")), (2, None)]
                .map(|(number, label)| (Dimmer::new(number).unwrap(), label.and_then(|label| Label::new(label).ok())))
                .into(),
            master: Level::from_hundredths(1),
            blackout: Some(true),
            words: [("wash", Some(Look::new())), ("spot", None)]
                .map(|(word, look)| (Word::new(word).unwrap(), look))
                .into(),
            ..Update::default()
        },
        action: Action::Set,
        origin: origin("é", 1),
        if_match: Some(Position::new(0, 0)),
        if_made: Some(false),
        reversal: Some(Reversal { reverse: Reverse::Redo, of: Revision((1 << 53) - 1) }),
        idempotency_key: Some(Key::new(&"k".repeat(128)).unwrap()),
        trace: Some(TraceContext { trace_id: u128::MAX, span_id: 1, is_sampled: true }),
    };
    let mut gathered = Entry::new(plain.clone());
    for change in [forgets.clone(), nothing.clone(), sent.clone(), if_match.clone(), plain.clone(), all.clone()] {
        gathered.push(change).unwrap();
    }
    let mut kinds: Vec<Entry> =
        [plain, forgets, nothing, whole, sent, first, if_match, once, all].map(Entry::new).into_iter().collect();
    kinds.push(gathered);
    let replaced = Action::Replace(Interest::named(["levels", "master"]));
    kinds.push(Entry::new(Change { action: replaced, ..Change::from(levels(5, Some(1))) }));
    kinds.push(Entry::new(Change { action: Action::Remove, ..Change::default() }));
    kinds
}

pub(crate) async fn a_read_begins_after_its_position(log: &impl Log) {
    let (start, mut entries) = begun(log).await;
    let main = rig("main");
    let (before, read) = pass(log, start.epoch, entries.as_mut(), &main, &entry(1)).await;
    drop(entries);
    let stored = LogPosition { position: before.unwrap(), stamp: read.stamp };

    let mark = soon("the order to begin", log.begin(stored)).await.unwrap();
    let start = mark.position;
    assert!(start >= stored.position, "{start} goes on from {stored:?}");
    let mut entries = soon("the reader", log.read(mark)).await.unwrap();
    assert_eq!(entries.end(), start.revision, "there is nothing to catch up with");
    let (after, read) = pass(log, start.epoch, entries.as_mut(), &main, &entry(2)).await;
    assert_eq!(read.entry, entry(2), "what was stored is not read again");
    assert!(after.unwrap() > start);
}

pub(crate) async fn a_reader_that_is_dropped_and_asked_again_misses_nothing(log: &impl Log) {
    let (start, mut entries) = begun(log).await;
    let main = rig("main");
    let mut read = Vec::new();
    for number in 0..100 {
        let appending = entry(number);
        let mut append = log.append(&main, &appending, Position::default());
        // Asked and dropped before the entry is there, and again while it comes.
        read.extend(at_once(&mut entries.next()).transpose().unwrap().map(logged));
        assert_eq!(at_once(&mut append), None, "nobody has saved it");
        read.extend(at_once(&mut entries.next()).transpose().unwrap().map(logged));
        while read.len() <= usize::from(number) {
            tokio::select! {
                biased;
                () = tokio::task::yield_now() => {}
                next = entries.next() => read.push(logged(next.unwrap())),
            }
        }
        let revision = read.last().unwrap().revision;
        log.checkpoint(Position { epoch: start.epoch, revision });
        soon("the append", append).await.unwrap();
    }
    let read: Vec<Entry> = read.into_iter().map(|logged| logged.entry).collect();
    assert_eq!(read, (0..100).map(entry).collect::<Vec<_>>());
}

pub(crate) async fn what_becomes_of_a_dropped_append_leaves_the_order_whole(log: &impl Log) {
    let (start, mut entries) = begun(log).await;
    let main = rig("main");
    assert_eq!(at_once(&mut log.append(&main, &entry(1), Position::default())), None);
    let (dropped, kept) = (entry(1), entry(2));
    let reading = async {
        let mut read = Vec::new();
        while read.last().is_none_or(|(_, entry)| *entry != kept) {
            let logged = next(entries.as_mut()).await;
            log.checkpoint(Position { epoch: start.epoch, revision: logged.revision });
            read.push((logged.revision, logged.entry));
        }
        read
    };
    let (appended, read) = soon("the append", join(log.append(&main, &kept, Position::default()), reading)).await;
    assert_eq!(appended.unwrap().revision, read.last().unwrap().0);
    let read: Vec<Entry> = read.into_iter().map(|(_, entry)| entry).collect();
    assert!(read == [kept.clone()] || read == [dropped, kept], "{read:?}");
}
