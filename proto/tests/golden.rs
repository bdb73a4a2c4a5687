//! Every kind of message, held to a file byte for byte, in both directions. The page's own code reads the same files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod meanings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bytes::Bytes;
use ghostlight_proto::{ClientMessage, ServerMessage, decode, decode_entry, encode_entry};
use ghostlight_rig::{Interest, Replica};
use serde_json::{Value, json};

use meanings::{entries, said_by_clients, said_by_servers};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"))
}

fn text(name: &str) -> String {
    let path = folder().join(name).with_extension("json");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn clients_say_it_so() {
    for (name, message) in said_by_clients() {
        assert_eq!(message.encode(), text(name), "{name}");
        assert_eq!(ClientMessage::parse(&text(name)), Ok(message), "{name}");
    }
}

#[test]
fn servers_say_it_so() {
    for (name, message) in said_by_servers() {
        assert_eq!(message.encode(), text(name), "{name}");
        assert_eq!(decode(&text(name).into()).unwrap().message, message, "{name}");
    }
}

#[test]
fn the_log_holds_it_so() {
    for (name, entry) in entries() {
        assert_eq!(encode_entry(&entry), text(name), "{name}");
        assert_eq!(decode_entry(text(name).as_bytes()), Ok(entry), "{name}");
    }
}

#[test]
fn the_plain_protocol_gets_the_levels_cut_out_of_the_message() {
    let cut = |name| decode(&text(name).into()).unwrap().levels;
    assert_eq!(cut("delta"), r#"{"1":50,"3":null,"12":12.34}"#);
    assert_eq!(cut("snapshot"), r#"{"1":50,"2":0,"7":12.5,"12":12.34,"512":0.01,"65535":100}"#);
    assert_eq!(cut("snapshot_empty"), "{}");
    assert_eq!(cut("beacon"), Bytes::new());
}

/// The page computes the same, from the same file.
#[test]
fn digests_are_those_of_the_vectors() {
    let vectors: Vec<Value> = serde_json::from_str(&text("digest_vectors")).unwrap();
    assert!(vectors.len() > 8);
    for vector in vectors {
        let decoded = decode(&vector["snapshot"].to_string().into()).unwrap();
        let ServerMessage::Snapshot(snapshot) = decoded.message else { panic!("{vector}") };
        let mut replica = Replica::default();
        replica.snapshot(&snapshot);
        let digests = replica.to_beacon(Interest::default()).digests;
        let digests = digests.iter().map(|(kind, digest)| (kind.name(), digest.to_string()));
        assert_eq!(json!(digests.collect::<BTreeMap<_, _>>()), vector["digests"], "{vector}");
    }
}

#[test]
fn every_file_is_read_by_a_test() {
    let there = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<_> = there.collect();
    let clients = said_by_clients().into_iter().map(|(name, _)| name);
    let servers = said_by_servers().into_iter().map(|(name, _)| name);
    let read = clients.chain(servers).chain(entries().into_iter().map(|(name, _)| name)).chain(["digest_vectors"]);
    assert_eq!(there, read.map(|name| format!("{name}.json")).collect());
}
