//! Messages as versions that were released wrote them. They are read for ever, and what is written today is read by them.
//!
//! `pinned/<version>/` holds, byte for byte, a message of each kind, the names on NATS (`nats.json`), and what the
//! version's readers need to find in a message (`readers.json`, a schema).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod meanings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ghostlight_proto::{
    ClientMessage, ServerMessage, decode, decode_entry, encode_rigs, lists_rig, parse_levels, parse_traceparent,
    subjects,
};
use ghostlight_rig::{Interest, Partitions, Replica, RigName};
use jsonschema::Validator;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What is pinned that is no message, or many.
const NO_MESSAGES: [&str; 3] = ["nats", "readers", "digest_vectors"];

/// The versions that must be able to work beside this one.
const VERSIONS: [&str; 1] = ["0.1"];

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The texts in a folder, by name.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let messages = files.filter(|file| file.extension().is_some_and(|extension| extension == "json"));
    let name = |file: &Path| file.file_stem().unwrap().to_str().unwrap().to_owned();
    messages.map(|file| (name(&file), std::fs::read_to_string(&file).unwrap())).collect()
}

/// All that is pinned of a version, by name.
fn pinned(version: &str) -> BTreeMap<String, String> {
    texts(&tests().join("pinned").join(version))
}

/// The messages that are pinned of a version, by name.
fn messages(version: &str) -> BTreeMap<String, String> {
    let mut messages = pinned(version);
    messages.retain(|name, _| !NO_MESSAGES.contains(&name.as_str()));
    messages
}

/// What kind of message this is: its type, or what it is called if it has none.
fn kind(name: &str, text: &str) -> String {
    let message: Value = serde_json::from_str(text).unwrap();
    let untyped = || name.split('_').next().unwrap().to_owned();
    message["type"].as_str().map_or_else(untyped, str::to_owned)
}

/// What a version's readers need of each kind of message.
struct Readers(Value);

impl Readers {
    fn of(version: &str) -> Self {
        Self(serde_json::from_str(&pinned(version)["readers"]).unwrap())
    }

    /// What checks a kind of message; `None` if the version does not know it.
    fn of_kind(&self, kind: &str) -> Option<Validator> {
        let schema = json!({"allOf": [self.0["messages"].get(kind)?], "$defs": self.0["$defs"]});
        Some(jsonschema::draft202012::new(&schema).unwrap())
    }
}

/// Whether today's code reads a message of a kind.
fn is_read(kind: &str, text: &str) -> bool {
    match kind {
        "entry" => decode_entry(text.as_bytes()).is_ok(),
        "rigs" => is_list_of_rigs(text),
        "plain" => parse_levels(text.as_bytes()).is_ok(),
        "hello" | "set" => ClientMessage::parse(text).is_ok(),
        _ => decode(&Bytes::copy_from_slice(text.as_bytes())).is_ok(),
    }
}

/// Whether it is a list of rigs: one more in it is found.
fn is_list_of_rigs(text: &str) -> bool {
    let mut list: Value = serde_json::from_str(text).unwrap();
    let Some(rigs) = list.get_mut("rigs").and_then(Value::as_array_mut) else { return false };
    rigs.push(json!({"name": "one-more", "position": "1-1", "dimmers": 0}));
    lists_rig(list.to_string().as_bytes(), &RigName::new("one-more").unwrap())
}

/// A value with something gone from it, or in another form: once for each place in it.
fn spoilt(value: &Value) -> Vec<Value> {
    let mut all = vec![json!({}), json!([]), json!(-1), json!("?"), json!(true)];
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let with = |member: Option<Value>| {
                    let mut members = members.clone();
                    members.remove(name);
                    members.extend(member.map(|member| (name.clone(), member)));
                    Value::Object(members)
                };
                all.push(with(None));
                all.extend(spoilt(member).into_iter().map(|member| with(Some(member))));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                all.extend(spoilt(item).into_iter().map(|item| {
                    let mut items = items.clone();
                    items[index] = item;
                    Value::Array(items)
                }));
            }
        }
        _ => {}
    }
    all
}

#[test]
fn what_was_released_is_never_edited() {
    for version in VERSIONS {
        let folder = tests().join("pinned").join(version);
        let sums = std::fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
        let sums: BTreeMap<_, _> =
            sums.lines().filter_map(|line| line.split_once("  ").map(|(sum, file)| (file, sum))).collect();
        let there = pinned(version);
        let files: BTreeSet<_> = there.keys().map(|name| format!("{name}.json")).collect();
        assert_eq!(files, sums.keys().map(|&file| file.to_owned()).collect(), "a file came to {version}, or is gone");
        for (name, text) in there {
            let sum: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(
                sums[format!("{name}.json").as_str()],
                sum,
                "pinned/{version}/{name}.json was edited. {version} wrote it so, and still does beside this version: put \
                 it back. What is written otherwise from now on belongs to golden/, under a name of its own"
            );
        }
    }
}

#[test]
fn what_was_written_then_is_read_as_it_was_meant() {
    let clients: BTreeMap<_, _> = meanings::said_by_clients().into_iter().collect();
    let servers: BTreeMap<_, _> = meanings::said_by_servers().into_iter().collect();
    let entries: BTreeMap<_, _> = meanings::entries().into_iter().collect();
    for version in VERSIONS {
        for (name, text) in messages(version) {
            let name = name.as_str();
            if let Some(meaning) = clients.get(name) {
                assert_eq!(ClientMessage::parse(&text).as_ref(), Ok(meaning), "{version}: {name}");
            } else if let Some(meaning) = entries.get(name) {
                assert_eq!(decode_entry(text.as_bytes()).as_ref(), Ok(meaning), "{version}: {name}");
            } else if let Some(meaning) = servers.get(name) {
                assert_eq!(decode(&text.into()).unwrap().message, *meaning, "{version}: {name}");
            } else {
                assert_eq!(meanings::untyped(name, &text), meanings::UNTYPED[name], "{version}: {name}");
            }
        }
    }
}

#[test]
fn the_same_maps_have_the_digests_that_they_had() {
    for version in VERSIONS {
        let vectors: Vec<Value> = serde_json::from_str(&pinned(version)["digest_vectors"]).unwrap();
        for vector in vectors {
            let decoded = decode(&vector["snapshot"].to_string().into()).unwrap();
            let ServerMessage::Snapshot(snapshot) = decoded.message else { panic!("{vector}") };
            let mut replica = Replica::default();
            replica.snapshot(&snapshot);
            let digests = replica.to_beacon(Interest::default()).digests;
            let digests = digests.iter().map(|(kind, digest)| (kind.name(), digest.to_string()));
            assert_eq!(json!(digests.collect::<BTreeMap<_, _>>()), vector["digests"], "{version}: {vector}");
        }
    }
}

#[test]
fn the_names_on_nats_are_those_of_then() {
    let one = Partitions::default();
    let rig = RigName::default();
    let today = json!({
        "changes": subjects::changes(&rig, one),
        "echo": subjects::echo(&rig, one),
        "snapshot": subjects::snapshot(&rig, one),
        "snapshot_of_each": subjects::snapshot_of_each(&rig, one),
        "rigs": subjects::rigs(one.first()),
        "rigs_of_each": subjects::rigs_of_each(one.first()),
        "all_changes": subjects::all_changes(one.first()),
        "all_snapshots": subjects::all_snapshots(one.first()),
        "all_snapshots_of_each": subjects::all_snapshots_of_each(one.first()),
    });
    for version in VERSIONS {
        let names: Value = serde_json::from_str(&pinned(version)["nats"]).unwrap();
        assert_eq!(
            (&names["stream"], &names["queue"]),
            (&subjects::stream(one.first()).into(), &subjects::STATE_SERVICES.into())
        );
        for (of, subject) in names["subjects"].as_object().unwrap() {
            assert_eq!(today[of], *subject, "{version}");
        }
        let header = |of: &str| (names["headers"][of][0].as_str().unwrap(), names["headers"][of][1].as_str().unwrap());
        let named = ["fold_micros", "lost", "more", "trace"].map(|of| header(of).0);
        assert_eq!(named, [subjects::FOLD_MICROS, subjects::LOST, subjects::MORE, subjects::TRACEPARENT], "{version}");
        assert!([header("fold_micros"), header("more")].iter().all(|(_, number)| number.parse::<u64>().is_ok()));
        assert!(parse_traceparent(header("trace").1).is_some(), "{version}");
    }
}

/// Entries that 0.1 must not fold.
const NEEDS_THIS_VERSION: [&str; 2] = ["entry_remove", "entry_replace"];

/// Every golden message is what today's code writes, byte for byte.
#[test]
fn what_is_written_today_is_read_by_those_of_then() {
    let rigs = [RigName::default()].map(|name| ghostlight_proto::RigSummary {
        name,
        position: Default::default(),
        dimmers: 0,
    });
    let rigs = String::from_utf8(encode_rigs(rigs).into()).unwrap();
    for version in VERSIONS {
        let readers = Readers::of(version);
        let mut today = texts(&tests().join("golden"));
        today.insert("rigs".to_owned(), rigs.clone());
        today.retain(|name, _| !NO_MESSAGES.contains(&name.as_str()));
        for (name, text) in today {
            // A type that it does not know it passes over.
            let Some(schema) = readers.of_kind(&kind(&name, &text)) else { continue };
            let value: Value = serde_json::from_str(&text).unwrap();
            // It stops at an entry that needs what it does not know, and so does not fold it to another map. Nothing writes
            // such an entry unless a client asks for what only this version offers.
            if NEEDS_THIS_VERSION.contains(&name.as_str()) {
                assert!(value["needs"].as_array().is_some_and(|needs| !needs.is_empty()), "{name}");
                assert!(!schema.is_valid(&value), "{version} folds {name}");
                continue;
            }
            let errors: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(
                errors.is_empty(),
                "{version} cannot read {name}: {errors:?}. It runs beside this version during an update: first a \
                 version must read it, and the next may write it"
            );
        }
    }
}

/// Whatever those of then could read is read today, too. That also holds their schema to the readers that it describes:
/// it lets nothing pass that they refused.
#[test]
fn nothing_that_was_read_then_is_refused_today() {
    for version in VERSIONS {
        let readers = Readers::of(version);
        let mut tried = [0, 0];
        for (name, text) in messages(version) {
            if name == "plain_error" {
                continue;
            }
            let kind = kind(&name, &text);
            let schema = readers.of_kind(&kind).unwrap_or_else(|| panic!("{version}: {kind} is not described"));
            let message: Value = serde_json::from_str(&text).unwrap();
            assert!(schema.is_valid(&message), "{version}: {name}");
            for spoilt in spoilt(&message) {
                let is_same = spoilt["type"] == message["type"];
                let was_read = is_same && schema.is_valid(&spoilt);
                tried[usize::from(was_read)] += 1;
                assert!(!was_read || is_read(&kind, &spoilt.to_string()), "{version}: {name}: {spoilt}");
            }
        }
        assert!(tried.iter().all(|&tried| tried > 100), "{tried:?}");
    }
}
