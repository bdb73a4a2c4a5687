//! `asyncapi.yaml` is well formed, names every message that the code knows, and its schemas and examples are the code's.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use ghostlight_proto::{
    Ack, ClientMessage, ErrorMessage, Hello, LevelsText, OPENAPI, RigSummary, SUBPROTOCOL, ServerMessage, Set, Timing,
    Wants, decode, decode_entry, encode_entry, encode_rigs, parse_levels, parse_position, subjects, traceparent,
};
use ghostlight_rig::{
    Action, Beacon, Change, ClientId, Console, ConsoleKind, ConsoleName, Delta, Dimmer, Entry, Epoch, Interest, Key,
    Label, Level, LogTime, Origin, Partitions, Position, Reversal, Reverse, Revision, Rig, RigName, Roster, Said,
    TraceContext, Update,
};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

fn document() -> Value {
    serde_norway::from_str(include_str!("../asyncapi.yaml")).unwrap()
}

/// What checks payloads of one of the document's messages.
fn message(document: &Value, name: &str) -> Validator {
    let payload = &document["components"]["messages"][name]["payload"];
    assert!(payload.is_object(), "there is no message {name}");
    jsonschema::draft202012::new(&json!({"allOf": [payload], "components": document["components"]})).unwrap()
}

fn assert_fits(schema: &Validator, payload: &Value) {
    let errors: Vec<_> = schema.iter_errors(payload).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{payload}: {errors:?}");
}

/// The names of a channel's messages.
fn messages_of(document: &Value, channel: &str) -> BTreeSet<String> {
    document["channels"][channel]["messages"].as_object().unwrap().keys().cloned().collect()
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// A message's `type`: whoever adds a kind of message adds it here, and then to the document.
fn server_kind(message: &ServerMessage) -> &'static str {
    match message {
        ServerMessage::Delta(_) => "delta",
        ServerMessage::Snapshot(_) => "snapshot",
        ServerMessage::Beacon(_) => "beacon",
        ServerMessage::Ack(_) => "ack",
        ServerMessage::Error(_) => "error",
        ServerMessage::Presence(_) => "presence",
        ServerMessage::Stale { .. } => "stale",
        ServerMessage::Roster { .. } => "roster",
    }
}

fn client_kind(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::Hello(_) => "hello",
        ClientMessage::Set(_) => "set",
    }
}

fn console() -> ClientId {
    ClientId::new("console-1").unwrap()
}

fn position() -> Position {
    Position::new(1_790_000_000, 42)
}

fn trace() -> TraceContext {
    TraceContext { trace_id: u128::MAX, span_id: 1, is_sampled: true }
}

fn of_servers() -> Vec<ServerMessage> {
    let error = |seq: Option<u64>| ErrorMessage {
        seq,
        code: "bad_input".to_owned(),
        message: "a set has levels".to_owned(),
        traceparent: seq.map(|_| traceparent(trace())),
    };
    let ack = Ack { seq: 7, position: position(), timing: None, trace: None };
    vec![
        ServerMessage::Delta(Delta::default()),
        ServerMessage::Snapshot(Rig::new(Epoch(1_790_000_000)).snapshot()),
        ServerMessage::Beacon(Beacon { position: position(), ..Rig::default().beacon() }),
        ServerMessage::Ack(Ack { timing: Some(Timing { log_us: u32::MAX, ..Timing::default() }), ..ack }),
        ServerMessage::Ack(Ack { trace: Some(TraceContext { is_sampled: false, ..trace() }), ..ack }),
        ServerMessage::Error(error(Some(7))),
        ServerMessage::Error(error(None)),
        ServerMessage::Presence(consoles()),
        ServerMessage::Stale { seconds: 3 },
    ]
}

/// What gateways tell each other.
fn of_gateways() -> Vec<ServerMessage> {
    vec![ServerMessage::Roster { gateway: ClientId::new("gateway-1").unwrap(), roster: consoles() }]
}

fn consoles() -> Roster {
    let (name, kind) = (ConsoleName::new("Booth").unwrap(), ConsoleKind::default());
    let one = |client| Console { client, name: name.clone(), kind: kind.clone(), since_ms: 1_790_000_000_000 };
    Roster::of((0..100).map(|_| one(None)).chain([one(Some(console()))]))
}

fn of_clients() -> Vec<ClientMessage> {
    vec![
        ClientMessage::Hello(Hello::new(console())),
        ClientMessage::Hello(Hello {
            resume: Some(position()),
            name: ConsoleName::new(&"Ω".repeat(64)).ok(),
            kind: Some(ConsoleKind::default()),
            wants: Wants { presence: true, output: true, timing: true },
            ..Hello::new(console())
        }),
        ClientMessage::Set(Set { seq: ghostlight_proto::MAX_SAFE_INTEGER, update: Update::default(), trace: None }),
        ClientMessage::Set(Set {
            seq: 1,
            update: Update { blackout: Some(true), ..Update::default() },
            trace: Some(trace()),
        }),
    ]
}

/// The payload as the code reads it and writes it again.
fn recoded(name: &str, payload: &Value) -> Value {
    let text = Bytes::from(payload.to_string());
    let recoded: Bytes = match name {
        "plainMap" | "plainChange" => serde_json::to_vec(&LevelsText(&parse_levels(&text).unwrap())).unwrap().into(),
        "plainError" => {
            let error: ErrorMessage = serde_json::from_value(payload["error"].clone()).unwrap();
            json!({"error": error}).to_string().into()
        }
        "entry" => encode_entry(&decode_entry(&text).unwrap()),
        "rigs" => {
            let rigs = payload["rigs"].as_array().unwrap().iter().map(|rig| RigSummary {
                name: RigName::new(rig["name"].as_str().unwrap()).unwrap(),
                position: parse_position(rig["position"].as_str().unwrap()).unwrap(),
                dimmers: rig["dimmers"].as_u64().unwrap() as usize,
            });
            encode_rigs(rigs)
        }
        "announcedDelta" => decode(&text).unwrap().message.encode(),
        "hello" | "set" => {
            let message = ClientMessage::parse(&payload.to_string()).unwrap();
            assert_eq!(client_kind(&message), name);
            message.encode().into()
        }
        _ => {
            let message = decode(&text).unwrap().message;
            assert_eq!(server_kind(&message), name);
            message.encode()
        }
    };
    serde_json::from_slice(&recoded).unwrap()
}

#[test]
fn it_describes_this_version_and_its_references_lead_somewhere() {
    let document = document();
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let chosen = "/channels/full/bindings/ws/headers/properties/Sec-WebSocket-Protocol/const";
    assert_eq!(document.pointer(chosen), Some(&json!(SUBPROTOCOL)));
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 30);
    for reference in found {
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(target.is_some(), "{reference} is not there");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
    }
}

#[test]
fn its_addresses_are_those_of_openapi() {
    let openapi: Value = serde_json::from_str(OPENAPI).unwrap();
    for (name, channel) in document()["channels"].as_object().unwrap() {
        if channel["servers"][0]["$ref"] == "#/servers/nats" {
            continue;
        }
        let address = channel["address"].as_str().unwrap();
        assert!(openapi["paths"][address]["get"].is_object(), "{name}: {address}");
    }
}

#[test]
fn its_subjects_are_those_of_the_code() {
    let document = document();
    let (rig, one) = (RigName::default(), Partitions::default());
    let channel = |name: &str| document["channels"][name].clone();
    let address = |name: &str| channel(name)["address"].as_str().unwrap().replace("{rig}", rig.as_str());
    assert_eq!(address("changes"), subjects::changes(&rig, one));
    assert_eq!(address("echo"), subjects::echo(&rig, one));
    assert_eq!(address("questions"), subjects::snapshot(&rig, one));
    assert_eq!(address("listing"), subjects::rigs(one.first()));
    for name in ["questions", "listing"] {
        assert_eq!(channel(name)["bindings"]["nats"]["queue"], subjects::STATE_SERVICES);
    }
    let described = |name: &str, word: &str| {
        let text = channel(name)["description"].as_str().unwrap().to_owned();
        assert!(text.contains(&format!("`{word}`")), "{name} does not tell of {word}");
    };
    described("changes", &subjects::stream(one.first()));
    described("changes", "Nats-Msg-Id");
    described("echo", subjects::LOST);
    described("echo", subjects::TRACEPARENT);
    described("questions", subjects::MORE);
    described("questions", &subjects::snapshot_of_each(&rig, one).replace(rig.as_str(), "{rig}"));
    described("listing", &subjects::rigs_of_each(one.first()));
    let third = "2/4".parse().unwrap();
    described("changes", &subjects::stream(third));
    described("changes", &subjects::all_changes(third).replace('*', "{rig}"));
    described("listing", &subjects::rigs(third));
    let headers = &document["components"]["messages"]["announcedDelta"]["headers"]["properties"];
    let headers: BTreeSet<_> = headers.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(headers, BTreeSet::from([subjects::FOLD_MICROS, subjects::LOST, subjects::TRACEPARENT]));
    let on_nats = |channel: &Value| channel["servers"][0]["$ref"] == "#/servers/nats";
    let channels = document["channels"].as_object().unwrap();
    assert_eq!(channels.values().filter(|channel| on_nats(channel)).count(), 4);
}

#[test]
fn what_openapi_has_too_is_the_same_there() {
    let openapi: Value = serde_json::from_str(OPENAPI).unwrap();
    let document = document();
    let ours = document["components"]["schemas"].as_object().unwrap();
    let shared = ours.iter().filter_map(|(name, schema)| {
        let other = openapi["components"]["schemas"].get(name)?;
        assert_eq!(schema, other, "{name}");
        Some(name.as_str())
    });
    assert_eq!(
        shared.collect::<Vec<_>>(),
        [
            "Blackout",
            "Change",
            "Console",
            "Consoles",
            "Dimmer",
            "DimmerName",
            "Items",
            "Label",
            "Labels",
            "LabelsChange",
            "Level",
            "Levels",
            "Look",
            "Master",
            "Position",
            "Traceparent",
            "UploadId",
            "Word",
            "WordParts",
            "Words",
            "WordsChange"
        ]
    );
}

#[test]
fn it_names_every_kind_of_message() {
    let document = document();
    let server = of_servers().iter().map(server_kind).collect::<BTreeSet<_>>();
    let client = of_clients().iter().map(client_kind).collect::<BTreeSet<_>>();
    let all: BTreeSet<_> = server.union(&client).map(|&kind| kind.to_owned()).collect();
    assert_eq!(messages_of(&document, "full"), all);
    let followed = ["snapshot", "delta", "beacon", "stale"].map(str::to_owned);
    assert_eq!(messages_of(&document, "events"), BTreeSet::from(followed));
    let operation = |name: &str| -> BTreeSet<_> {
        let mut found = Vec::new();
        references(&document["operations"][name]["messages"], &mut found);
        found.iter().map(|reference| reference.rsplit('/').next().unwrap().to_owned()).collect()
    };
    assert_eq!(operation("takeFromClient"), client.iter().map(|&kind| kind.to_owned()).collect());
    assert_eq!(operation("tellClient"), server.iter().map(|&kind| kind.to_owned()).collect());
}

#[test]
fn every_example_fits_its_schema_and_is_read_and_written_by_the_code() {
    let document = document();
    for (name, described) in document["components"]["messages"].as_object().unwrap() {
        let schema = message(&document, name);
        let examples = described["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{name} has no example");
        for example in examples {
            let payload = &example["payload"];
            assert_fits(&schema, payload);
            assert_eq!(recoded(name, payload), *payload, "{name}");
        }
    }
}

#[test]
fn what_the_code_writes_fits_the_schemas() {
    let document = document();
    for written in of_servers().into_iter().chain(of_gateways()) {
        let text = serde_json::from_slice(&written.encode()).unwrap();
        assert_fits(&message(&document, server_kind(&written)), &text);
    }
    for written in of_clients() {
        let text = serde_json::from_str(&written.encode()).unwrap();
        assert_fits(&message(&document, client_kind(&written)), &text);
    }
}

#[test]
fn golden_messages_fit_the_schemas() {
    let document = document();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("golden");
    let mut kinds = BTreeSet::new();
    for file in std::fs::read_dir(golden).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        // What has no type is no message: entries of the log, problems, lists.
        if let Some(kind) = text["type"].as_str() {
            assert_fits(&message(&document, kind), &text);
            kinds.insert(kind.to_owned());
        }
    }
    assert!(!kinds.is_empty(), "there are no golden messages");
}

#[test]
fn what_the_code_refuses_of_a_client_the_schema_refuses_too() {
    let document = document();
    let schemas = ["hello", "set"].map(|name| message(&document, name));
    for text in [
        r#"{}"#,
        r#"{"type":"delta"}"#,
        r#"{"type":"hello"}"#,
        r#"{"type":"hello","client":""}"#,
        r#"{"type":"hello","client":"a\nb"}"#,
        r#"{"type":"hello","client":"a\u0085b"}"#,
        r#"{"type":"hello","client":"a","resume":"1"}"#,
        r#"{"type":"set","seq":1}"#,
        r#"{"type":"set","levels":{}}"#,
        r#"{"type":"set","seq":-1,"levels":{}}"#,
        r#"{"type":"set","seq":1.5,"levels":{}}"#,
        r#"{"type":"set","seq":9007199254740992,"levels":{}}"#,
        r#"{"type":"set","seq":1,"levels":[]}"#,
        r#"{"type":"set","seq":1,"levels":{"0":1}}"#,
        r#"{"type":"set","seq":1,"levels":{"1":101}}"#,
        r#"{"type":"set","seq":1,"levels":{},"client":"a"}"#,
        r#"{"type":"set","seq":1,"levels":{},"want":[]}"#,
        r#"{"type":"set","seq":1,"levels":null}"#,
        r#"{"type":"set","seq":1,"labels":{"1":""}}"#,
        r#"{"type":"set","seq":1,"labels":{"1":1}}"#,
        r#"{"type":"set","seq":1,"labels":{"0":"a"}}"#,
        r#"{"type":"set","seq":1,"labels":null}"#,
        r#"{"type":"set","seq":1,"master":null}"#,
        r#"{"type":"set","seq":1,"master":100.5}"#,
        r#"{"type":"set","seq":1,"blackout":1}"#,
        r#"{"type":"set","seq":1,"blackout":null}"#,
        r#"{"type":"hello","client":"a","name":""}"#,
        r#"{"type":"hello","client":"a","kind":"Desk"}"#,
        r#"{"type":"hello","client":"a","want":"output"}"#,
        r#"{"type":"hello","client":"a","want":[7]}"#,
        r#"{"type":"set","seq":1,"levels":{},"level":{}}"#,
        r#"{"type":"set","seq":1,"levels":{},"traceparent":7}"#,
        r#"{"type":"set","seq":1,"levels":{},"timing":{}}"#,
    ] {
        let value = serde_json::from_str(text).unwrap();
        assert!(ClientMessage::parse(text).is_err(), "{text}");
        assert!(!schemas.iter().any(|schema| schema.is_valid(&value)), "{text}");
    }
    for text in [
        r#"{"type":"hello","client":"a","colour":"red","master":1}"#,
        r#"{"type":"hello","client":"a","want":["weather","output"]}"#,
    ] {
        assert!(
            ClientMessage::parse(text).is_ok() && schemas[0].is_valid(&serde_json::from_str(text).unwrap()),
            "{text}"
        );
    }
    // Characters count, not bytes.
    for (length, good) in [(64, true), (65, false)] {
        let hello = json!({"type": "hello", "client": "Ω".repeat(length)});
        assert_eq!(schemas[0].is_valid(&hello), good);
        assert_eq!(ClientMessage::parse(&hello.to_string()).is_ok(), good);
    }
}

fn some_change() -> impl Strategy<Value = Change> {
    let levels = prop::collection::btree_map(1u16..=9, prop::option::of(0u16..=10_000), 0..4);
    let labels = prop::collection::btree_map(1u16..=9, prop::option::of("[a-z\"Ω]{1,3}"), 0..3);
    let settings = (labels, prop::option::of(0u16..=10_000), any::<Option<bool>>());
    let asked =
        (prop::option::of(0u64..1_000), prop::option::of(0u64..4), prop::option::of("[ab]"), any::<Option<bool>>());
    let is_replaced = any::<bool>();
    (levels, settings, asked, is_replaced).prop_map(|(levels, settings, asked, is_replaced)| {
        let ((labels, master, blackout), (seq, if_match, once, is_sampled)) = (settings, asked);
        Change {
            dictionary: None,
            reversal: seq.filter(|seq| seq % 2 == 0).map(|of| Reversal { reverse: Reverse::Undo, of: Revision(of) }),
            said: once.clone().map(|text| Said { text, selection: None }),
            action: if is_replaced { Action::Replace(Interest::default()) } else { Action::Set },
            update: Update {
                levels: levels
                    .into_iter()
                    .map(|(dimmer, level)| (Dimmer::new(dimmer).unwrap(), level.and_then(Level::from_hundredths)))
                    .collect(),
                labels: labels
                    .into_iter()
                    .map(|(dimmer, label)| {
                        (Dimmer::new(dimmer).unwrap(), label.map(|label| Label::new(&label).unwrap()))
                    })
                    .collect(),
                master: master.and_then(Level::from_hundredths),
                blackout,
                ..Update::default()
            },
            origin: seq.map(|seq| Origin { client: console(), seq }),
            if_made: if_match.map(|revision| revision % 2 == 0),
            if_match: if_match.map(|revision| Position::new(1_790_000_000, revision)),
            idempotency_key: once.map(|key| Key::new(&key).unwrap()),
            trace: is_sampled.map(|is_sampled| TraceContext { is_sampled, ..trace() }),
        }
    })
}

proptest! {
    #[test]
    fn whatever_a_rig_tells_fits_the_schemas(changes in prop::collection::vec(some_change(), 1..12)) {
        thread_local!(static SCHEMAS: [Validator; 4] = {
            let document = document();
            ["delta", "snapshot", "beacon", "entry"].map(|name| message(&document, name))
        });
        let mut rig = Rig::new(Epoch(1_790_000_000));
        for (revision, change) in (1..).zip(changes) {
            let entry = Entry::new(change);
            let delta = rig.apply(Revision(revision), LogTime(revision), &entry);
            let told = [
                ServerMessage::Delta(delta).encode(),
                ServerMessage::Snapshot(rig.snapshot_of(Interest::default())).encode(),
                ServerMessage::Beacon(rig.beacon_of(Interest::default())).encode(),
                encode_entry(&entry),
            ];
            SCHEMAS.with(|schemas| for (schema, text) in schemas.iter().zip(told) {
                assert_fits(schema, &serde_json::from_slice(&text).unwrap());
            });
        }
    }
}
