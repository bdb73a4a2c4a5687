//! What messages mean, by their names: those that are written today (`golden/`), and those that were written by versions
//! that were released (`pinned/`). What gets another meaning gets another name, so that each name has one for ever.

#![allow(dead_code, reason = "every test binary compiles this module and uses a part of it")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ghostlight_proto::{
    Ack, ClientMessage, ErrorMessage, Hello, MAX_SAFE_INTEGER, ServerMessage, Set, Timing, Wants, lists_rig,
    parse_levels, traceparent,
};
use ghostlight_rig::{
    Action, Attribution, Beacon, Change, Changed, ClientId, Console, ConsoleKind, ConsoleName, Delta, Digest, Dimmer,
    Entry, Epoch, Interest, Item, Key, Label, Level, Levels, LogTime, Look, Origin, PartNumber, Position, Replica,
    Reversal, Reverse, Revision, Rig, RigName, Roster, Said, Snapshot, State, StoreId, TraceContext, Update, Upload,
    Verdict, Word, WordPart,
};
use serde_json::{Value, json};

const EPOCH: u64 = 1_790_000_000;

/// A log time: more than a browser's number holds.
const TIME: LogTime = LogTime(1_790_000_000_123_456_789);
const STORE: StoreId = StoreId(0x0b5c_7d2e_9f01_4a68_b3c1_d4e5_f6a7_980f);

/// What messages without a type say.
pub(crate) static UNTYPED: LazyLock<BTreeMap<&str, Value>> = LazyLock::new(|| {
    [
        ("plain_map", json!([[1, 5_000], [2, 0], [12, 1_234], [65_535, 10_000]])),
        ("plain_change", json!([[1, 1], [3, null]])),
        ("plain_error", json!(["bad_input", "\"7\": a level is 0 to 100 percent"])),
        ("rigs", json!([true, true, false])),
    ]
    .into()
});

/// A message's name, and what it means.
pub(crate) type Golden<T> = (&'static str, T);

fn dimmer(number: u16) -> Dimmer {
    Dimmer::new(number).unwrap()
}

fn level(hundredths: u16) -> Level {
    Level::from_hundredths(hundredths).unwrap()
}

/// Levels in hundredths; `None` forgets.
fn levels<const N: usize>(levels: [(u16, Option<u16>); N]) -> Levels {
    levels.map(|(number, hundredths)| (dimmer(number), hundredths.map(level))).into()
}

/// Whole levels, fractions, both ends of both ranges: the map of `snapshot` and `set`, which `beacon` digests.
fn stage() -> State {
    let levels = [(1, 5_000), (2, 0), (7, 1_250), (12, 1_234), (512, 1), (65_535, 10_000)]
        .map(|(number, hundredths)| (dimmer(number), level(hundredths)));
    State { levels: levels.into(), ..State::default() }
}

/// The same with labels, under a master, in blackout.
fn labelled_stage() -> State {
    let labels = [(1, "Front wash"), (3, "say \"hi\""), (65_535, "Ω𝄞")]
        .map(|(number, label)| (dimmer(number), Label::new(label).unwrap()));
    State { labels: labels.into(), master: level(8_050), blackout: true, ..stage() }
}

/// Sets labels, the master and blackout, and takes a label off.
fn settings() -> Update {
    let labels = [(1, Some("Front wash")), (2, None)];
    let labels = labels.map(|(number, label)| (dimmer(number), label.map(|label| Label::new(label).unwrap())));
    Update { labels: labels.into(), master: Some(level(8_050)), blackout: Some(true), ..Update::default() }
}

/// Sets a word and removes another one.
fn words() -> Update {
    let look = Look::from([(dimmer(1), level(10_000)), (dimmer(65_535), level(1_234))]);
    let words = [("front wash", Some(look)), ("dark", Some(Look::new())), ("spot", None)];
    Update { words: words.map(|(text, look)| (Word::new(text).unwrap(), look)).into(), ..Update::default() }
}

fn uploaded() -> Upload {
    Upload { digest: Digest::from_lanes([0x0123_4567, 0x89ab_cdef]), parts: 2 }
}

/// A part of an upload.
fn word_part() -> Update {
    let words = words().words.into_iter().filter_map(|(word, look)| Some((word, look?))).collect();
    let part = WordPart { upload: uploaded().digest, words };
    Update { word_parts: [(PartNumber::new(1).unwrap(), Some(part))].into(), ..Update::default() }
}

fn at(revision: u64) -> Position {
    Position::new(EPOCH, revision)
}

fn client(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}

fn origin(name: &str, seq: u64) -> Origin {
    Origin { client: client(name), seq }
}

/// What of a delta is an origin's.
fn attribution<const N: usize>(name: &str, seq: u64, items: [Item; N]) -> Attribution {
    Attribution { origin: origin(name, seq), items: items.into(), reversal: None }
}

fn level_of(number: u16) -> Item {
    Item::Level(dimmer(number))
}

fn label_of(number: u16) -> Item {
    Item::Label(dimmer(number))
}

/// The example of the W3C's Trace Context.
fn trace() -> TraceContext {
    TraceContext {
        trace_id: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
        span_id: 0x00f0_67aa_0ba9_02b7,
        is_sampled: true,
    }
}

fn consoles() -> Roster {
    let console = |client: Option<&str>, name, kind, since_ms| Console {
        client: client.map(|client| ClientId::new(client).unwrap()),
        name: ConsoleName::new(name).unwrap(),
        kind: ConsoleKind::new(kind).unwrap(),
        since_ms,
    };
    let listed = vec![
        console(Some("console-1"), "Lichtpult Ω", "desk", 1_790_000_000_123),
        console(None, "plain WebSocket", "plain", 1_790_000_000_000),
    ];
    Roster { listed, total: 3 }
}

pub(crate) fn said_by_clients() -> Vec<Golden<ClientMessage>> {
    let set = |seq, update| ClientMessage::Set(Set { seq, update, trace: None });
    let stage = stage().levels.into_iter().map(|(dimmer, level)| (dimmer, Some(level)));
    let console = Hello {
        name: ConsoleName::new("Lichtpult Ω").ok(),
        kind: ConsoleKind::new("desk").ok(),
        wants: Wants { presence: true, output: true, timing: false },
        ..Hello::new(client("console-1"))
    };
    let timed =
        Hello { wants: Wants { presence: true, output: true, timing: true }, ..Hello::new(client("console-1")) };
    let traced = Set { seq: 9, update: levels([(1, Some(5_000))]).into(), trace: Some(trace()) };
    vec![
        ("hello", ClientMessage::Hello(Hello::new(client("Lichtpult Ω 1")))),
        (
            "hello_kinds",
            ClientMessage::Hello(Hello {
                interest: Interest::named(["master", "levels"]),
                ..Hello::new(client("console-1"))
            }),
        ),
        ("hello_resume", ClientMessage::Hello(Hello { resume: Some(at(42)), ..Hello::new(client("console-1")) })),
        ("hello_console", ClientMessage::Hello(console)),
        ("hello_timing", ClientMessage::Hello(timed)),
        ("set", set(7, stage.collect::<Levels>().into())),
        ("set_null", set(MAX_SAFE_INTEGER, levels([(3, None)]).into())),
        ("set_nothing", set(0, Update::default())),
        ("set_state", set(8, settings())),
        ("set_traced", ClientMessage::Set(traced)),
    ]
}

fn undo(of: u64) -> Option<Reversal> {
    Some(Reversal { reverse: Reverse::Undo, of: Revision(of) })
}

fn redo(of: u64) -> Option<Reversal> {
    Some(Reversal { reverse: Reverse::Redo, of: Revision(of) })
}

pub(crate) fn deltas() -> Vec<Golden<Delta>> {
    let delta = |prev, revision| Delta { position: at(revision), prev: Revision(prev), time: TIME, ..Delta::default() };
    let refused = |prev, revision, verdict| Delta { verdicts: [(0, verdict)].into(), ..delta(prev, revision) };
    vec![
        ("delta_missing", Delta { update: levels([(1, None)]).into(), is_missing: true, ..delta(41, 42) }),
        ("delta", Delta { update: levels([(1, Some(5_000)), (3, None), (12, Some(1_234))]).into(), ..delta(41, 42) }),
        (
            "delta_origins",
            Delta {
                update: levels([(1, Some(9_999))]).into(),
                origins: vec![
                    attribution("console-1", 7, []),
                    attribution("say \"hi\"", MAX_SAFE_INTEGER, [level_of(1)]),
                ],
                ..delta(42, 45)
            },
        ),
        (
            "delta_origins_shared",
            Delta {
                update: Update { levels: levels([(1, Some(0)), (2, Some(100)), (3, None)]), ..settings() },
                origins: vec![
                    attribution("console-1", 8, [level_of(1), label_of(1), Item::Master]),
                    attribution("console-2", 3, [level_of(3), label_of(2), Item::Blackout]),
                ],
                ..delta(45, 46)
            },
        ),
        (
            "delta_state",
            Delta {
                update: settings(),
                origins: vec![attribution("console-1", 8, [label_of(1), label_of(2), Item::Master, Item::Blackout])],
                ..delta(41, 42)
            },
        ),
        (
            "delta_undo",
            Delta {
                update: levels([(1, None), (2, Some(0))]).into(),
                origins: vec![
                    Attribution { reversal: undo(40), ..attribution("console-1", 0, [level_of(1)]) },
                    Attribution { reversal: redo(39), ..attribution("console-2", 0, [level_of(2)]) },
                ],
                ..delta(42, 43)
            },
        ),
        (
            "delta_words",
            Delta {
                update: words(),
                origins: vec![Attribution { items: words().items().collect(), ..attribution("console-1", 8, []) }],
                ..delta(42, 43)
            },
        ),
        ("delta_dictionary", Delta { dictionary: Some(uploaded()), ..delta(43, 44) }),
        (
            "delta_refused_changed",
            Delta {
                update: levels([(5, Some(3_000))]).into(),
                origins: vec![attribution("console-1", 8, [level_of(5)])],
                verdicts: [(1, Verdict::Changed(vec![level_of(1), level_of(65_535)]))].into(),
                ..delta(45, 46)
            },
        ),
        (
            "delta_refused_changed_state",
            refused(46, 47, Verdict::Changed(vec![level_of(1), label_of(2), Item::Master, Item::Blackout])),
        ),
        ("delta_refused_repeated", refused(46, 47, Verdict::Repeated(Position::new(EPOCH - 1, 3)))),
        ("delta_refused_key_reused", refused(47, 48, Verdict::KeyReused)),
        (
            "delta_refused_rig_limit",
            Delta { verdicts: [(0, Verdict::NoRoom), (1, Verdict::NoRoom)].into(), ..delta(0, 49) },
        ),
    ]
}

pub(crate) fn said_by_servers() -> Vec<Golden<ServerMessage>> {
    let error = |seq, code: &str, message: &str| {
        ServerMessage::Error(ErrorMessage {
            seq,
            code: code.to_owned(),
            message: message.to_owned(),
            traceparent: None,
        })
    };
    let refused = ErrorMessage {
        seq: Some(9),
        code: "unavailable".to_owned(),
        message: "the log takes no changes at the moment".to_owned(),
        traceparent: Some(traceparent(trace())),
    };
    // Milliseconds without a fraction, with a short one, and with all of it.
    let timing = Timing { log_us: 2_000, fold_us: 20, echo_us: 1_093 };
    let ack = Ack { seq: 7, position: at(42), timing: None, trace: None };
    let snapshot = |state| Snapshot { position: at(42), time: TIME, state, ..Snapshot::default() };
    let beacon = |state| {
        let mut replica = Replica::default();
        replica.snapshot(&snapshot(state));
        replica.to_beacon(Interest::default())
    };
    let some = Interest::named(["levels", "master"]);
    let changed = |by: Option<&str>, at| Changed { by: by.map(client), at: LogTime(at) };
    let changes = vec![
        (level_of(1), changed(Some("console-1"), TIME.0)),
        (level_of(2), changed(Some("console-1"), TIME.0)),
        (level_of(7), changed(None, 5)),
        (label_of(1), changed(Some("say \"hi\""), TIME.0 - 1)),
        (Item::Master, changed(Some("console-1"), TIME.0)),
    ];
    let mut state = State::default();
    state.apply(&words());
    let kinds = Interest::named(["levels", "words"]);
    let worded = Snapshot { kinds, ..snapshot(state) };
    let mut replica = Replica::default();
    replica.snapshot(&worded);
    let words_beacon = replica.to_beacon(kinds);
    let mut said: Vec<_> = deltas().into_iter().map(|(name, delta)| (name, ServerMessage::Delta(delta))).collect();
    said.extend([
        ("snapshot", ServerMessage::Snapshot(snapshot(stage()))),
        ("snapshot_empty", ServerMessage::Snapshot(Snapshot { position: at(0), ..Snapshot::default() })),
        ("snapshot_state", ServerMessage::Snapshot(snapshot(labelled_stage()))),
        ("snapshot_store", ServerMessage::Snapshot(Snapshot { store: STORE, ..snapshot(stage()) })),
        ("beacon", ServerMessage::Beacon(beacon(stage()))),
        ("beacon_store", ServerMessage::Beacon(Beacon { store: STORE, ..beacon(stage()) })),
        ("beacon_state", ServerMessage::Beacon(beacon(labelled_stage()))),
        (
            "snapshot_some",
            ServerMessage::Snapshot(Snapshot {
                kinds: some,
                state: State { labels: [].into(), ..stage() },
                ..snapshot(stage())
            }),
        ),
        (
            "beacon_some",
            ServerMessage::Beacon(Beacon { digests: beacon(stage()).digests.restricted_to(some), ..beacon(stage()) }),
        ),
        ("snapshot_words", ServerMessage::Snapshot(worded.clone())),
        ("beacon_words", ServerMessage::Beacon(words_beacon)),
        ("snapshot_changed", ServerMessage::Snapshot(Snapshot { changes, ..snapshot(labelled_stage()) })),
        ("presence", ServerMessage::Presence(consoles())),
        ("presence_nobody", ServerMessage::Presence(Roster::default())),
        ("stale", ServerMessage::Stale { seconds: 3 }),
        ("roster", ServerMessage::Roster { gateway: client("gateway-1"), roster: consoles() }),
        (
            "snapshot_missing",
            ServerMessage::Snapshot(Snapshot {
                is_missing: true,
                ..Rig::new(Epoch(EPOCH)).snapshot_of(Interest::default())
            }),
        ),
        ("beacon_empty", ServerMessage::Beacon(Rig::new(Epoch(EPOCH)).beacon_of(Interest::default()))),
        ("ack", ServerMessage::Ack(ack)),
        ("ack_timing", ServerMessage::Ack(Ack { timing: Some(timing), ..ack })),
        ("ack_traced", ServerMessage::Ack(Ack { timing: Some(timing), trace: Some(trace()), ..ack })),
        ("error", error(None, "bad_input", "unknown type \"sett\": a client says hello or set")),
        ("error_seq", error(Some(8), "changed", "dimmer 1 has changed")),
        ("error_traced", ServerMessage::Error(refused)),
    ]);
    said
}

fn said(selection: Option<&str>) -> Option<Said> {
    Some(Said { text: "1 at \"50\"".to_owned(), selection: selection.map(str::to_owned) })
}

pub(crate) fn entries() -> Vec<Golden<Entry>> {
    let one = Change::from(levels([(1, Some(5_000))]));
    let other = Change { origin: Some(origin("console-2", 0)), ..Change::from(levels([(1, Some(6_000))])) };
    let last = Change {
        origin: Some(origin("console-1", 8)),
        if_match: Some(at(0)),
        idempotency_key: Some(Key::new("k").unwrap()),
        ..Change::from(levels([(2, None)]))
    };
    let mut many = Entry::new(Change { origin: Some(origin("console-1", 7)), ..one.clone() });
    many.push(other).unwrap();
    many.push(last).unwrap();
    let mut traced = Entry::new(Change { trace: Some(trace()), ..one.clone() });
    let unsampled = Some(TraceContext { is_sampled: false, ..trace() });
    traced.push(Change { origin: Some(origin("console-1", 9)), trace: unsampled, ..one.clone() }).unwrap();
    let replace = Action::Replace(Interest::named(["levels", "labels", "master"]));
    let idempotency_key = Some(Key::new("8e03978e-40d5-43e8-bc93-6894a57f9324").unwrap());
    vec![
        ("entry", Entry::new(levels([(1, Some(5_000)), (3, None)]).into())),
        ("entry_origin", Entry::new(Change { origin: Some(origin("console-1", 7)), ..one.clone() })),
        ("entry_if_made", Entry::new(Change { if_made: Some(false), ..levels([(1, Some(1_234))]).into() })),
        ("entry_if_match", Entry::new(Change { if_match: Some(at(42)), ..levels([(1, Some(1_234))]).into() })),
        ("entry_said", Entry::new(Change { said: said(Some("1-10")), ..levels([(1, Some(5_000))]).into() })),
        (
            "entry_said_once",
            Entry::new(Change {
                said: said(None),
                idempotency_key: Key::new("k").ok(),
                ..levels([(1, Some(5_000))]).into()
            }),
        ),
        ("entry_undo", Entry::new(Change { reversal: undo(40), if_match: Some(at(42)), ..levels([(1, None)]).into() })),
        (
            "entry_redo_once",
            Entry::new(Change {
                reversal: redo(40),
                said: said(None),
                idempotency_key: Key::new("k").ok(),
                ..levels([(1, Some(5_000))]).into()
            }),
        ),
        ("entry_word_part", Entry::new(word_part().into())),
        ("entry_dictionary", Entry::new(Change { dictionary: Some(uploaded()), ..Change::default() })),
        ("entry_state", Entry::new(settings().into())),
        ("entry_words", Entry::new(words().into())),
        ("entry_replace", Entry::new(Change { action: replace, ..settings().into() })),
        ("entry_remove", Entry::new(Change { action: Action::Remove, if_made: Some(true), ..Change::default() })),
        ("entry_idempotency_key", Entry::new(Change { idempotency_key, ..one })),
        ("entry_traced", traced),
        ("entry_many", many),
    ]
}

/// What a message without a type says: levels in hundredths, a code and words, whether these rigs are there.
pub(crate) fn untyped(name: &str, text: &str) -> Value {
    match name {
        "plain_map" | "plain_change" => {
            let levels = parse_levels(text.as_bytes()).unwrap();
            levels.iter().map(|(dimmer, level)| json!([dimmer.get(), level.map(Level::hundredths)])).collect()
        }
        "plain_error" => {
            let plain: Value = serde_json::from_str(text).unwrap();
            let error: ErrorMessage = serde_json::from_value(plain["error"].clone()).unwrap();
            json!([error.code, error.message])
        }
        "rigs" => ["main", "stage", "foyer"]
            .map(|rig| lists_rig(text.as_bytes(), &RigName::new(rig).unwrap()))
            .to_vec()
            .into(),
        _ => panic!("nobody knows what {name} means"),
    }
}
