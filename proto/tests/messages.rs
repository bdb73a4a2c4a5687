//! Whole messages from outside are read strictly: what is not exactly right is refused in few words, and nothing panics.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::Bytes;
use ghostlight_proto::{
    BadInput, ClientMessage, EntryError, ServerMessage, Unread, decode, decode_entry, parse_levels, parse_position,
    parse_update, with_output,
};
use ghostlight_rig::{Update, Verdict};
use proptest::prelude::*;

const MEGABYTE: usize = 1 << 20;
/// More than any refusal has to say: what a client sent is not sent back at length.
const LONG_ENOUGH: usize = 4_096;

/// Why a client's message was refused, and the `seq` that could be read.
fn refused(json: &str) -> (Option<u64>, String) {
    let (seq, bad) = ClientMessage::parse(json).unwrap_err();
    let problem = bad.to_string();
    assert!(!problem.is_empty() && problem.len() < LONG_ENOUGH, "{} bytes", problem.len());
    (seq, problem)
}

#[test]
fn a_client_says_hello_or_set_and_nothing_else() {
    for json in [
        "",
        "null",
        "1",
        "{}",
        "[]",
        r#""hello""#,
        r#"{"client":"a"}"#,
        r#"{"type":null,"client":"a"}"#,
        r#"{"type":1,"client":"a"}"#,
        r#"{"type":"ack","seq":1,"position":"1-1"}"#,
        r#"{"type":"Hello","client":"a"}"#,
        r#"{"type":"hello","client":"a"}{"type":"hello","client":"a"}"#,
        r#"{"type":"hello","type":"hello","client":"a"}"#,
        r#"{"type":"hello","client":"a","client":"a"}"#,
        r#"{"type":"hello"}"#,
        r#"{"type":"hello","client":""}"#,
        r#"{"type":"hello","client":"a\nb"}"#,
        r#"{"type":"hello","client":7}"#,
    ] {
        refused(json);
    }
}

#[test]
fn a_message_is_an_object_not_its_values_in_a_row() {
    refused(r#"["hello","console-1",null,null,null]"#);
    refused(r#"["set",null,null,1,{"1":50}]"#);
    assert!(decode_entry(br#"[[[{"1":50},null,null,null,null]]]"#).is_err());
    for row in [r#"["stale",3]"#, r#"["roster",1,[]]"#, r#" ["presence",1,[]]"#] {
        assert!(decode(&Bytes::from_static(row.as_bytes())).is_err(), "{row}");
    }
}

#[test]
fn a_hello_resumes_at_a_position() {
    for resume in ["", "1", "1-", "-1", "01-1", "1-2-3", "1 -2", "+1-2", "1-18446744073709551616", "W/1-2"] {
        refused(&format!(r#"{{"type":"hello","client":"a","resume":"{resume}"}}"#));
    }
    for resume in ["1", "{}", "true", "[]"] {
        refused(&format!(r#"{{"type":"hello","client":"a","resume":{resume}}}"#));
    }
    assert!(ClientMessage::parse(r#"{"type":"hello","client":"a","resume":null}"#).is_ok());
}

#[test]
fn a_set_has_a_number_and_levels() {
    let most = (1u64 << 53) - 1;
    for seq in [0, 1, most] {
        assert!(ClientMessage::parse(&format!(r#"{{"type":"set","seq":{seq},"levels":{{}}}}"#)).is_ok(), "{seq}");
    }
    for seq in ["null", "-1", "1.5", "\"1\"", "true", "{}", "1e400", "99999999999999999999"] {
        refused(&format!(r#"{{"type":"set","seq":{seq},"levels":{{}}}}"#));
    }
    refused(&format!(r#"{{"type":"set","seq":{},"levels":{{}}}}"#, most + 1));
    let nothing = refused(r#"{"type":"set","seq":1}"#);
    assert_eq!(nothing, (Some(1), "a set has levels, labels, master or blackout".to_owned()));
    refused(r#"{"type":"set","levels":{"1":50}}"#);
    refused(r#"{"type":"set","seq":1,"seq":2,"levels":{"1":50}}"#);
    refused(r#"{"type":"set","seq":1,"levels":{"1":50},"levels":{"1":50}}"#);
    refused(r#"{"type":"set","seq":1,"levels":{"1":50},"rig":"main"}"#);
}

#[test]
fn a_hello_may_tell_of_the_console_and_of_what_it_wants() {
    for hello in [
        r#""name":"Booth","kind":"desk","want":["output","presence","output"]"#,
        r#""name":null,"kind":null,"want":null"#,
        r#""want":[]"#,
    ] {
        assert!(ClientMessage::parse(&format!(r#"{{"type":"hello","client":"a",{hello}}}"#)).is_ok(), "{hello}");
    }
    for hello in [
        r#""name":"""#,
        r#""name":"a\nb""#,
        r#""name":7"#,
        r#""kind":"Desk""#,
        r#""kind":"a b""#,
        r#""want":"output""#,
        r#""want":{"output":true}"#,
        r#""want":[true]"#,
    ] {
        refused(&format!(r#"{{"type":"hello","client":"a",{hello}}}"#));
    }
}

#[test]
fn what_a_newer_client_says_in_its_hello_is_passed_over_and_nothing_in_a_set_is() {
    let read = |json: &str| ClientMessage::parse(json).unwrap_or_else(|error| panic!("{json}: {error:?}"));
    let plain = read(r#"{"type":"hello","client":"a","want":["output"]}"#);
    for hello in [
        r#"{"type":"hello","client":"a","want":["weather","output",""]}"#,
        r#"{"colour":["red"],"want":["output"],"type":"hello","client":"a"}"#,
        r#"{"type":"hello","client":"a","want":["output"],"seq":"first","levels":7,"traceparent":{}}"#,
    ] {
        assert_eq!(read(hello), plain, "{hello}");
    }
    for typo in [r#""level":{"2":50}"#, r#""colours":{}"#, r#""name":"Booth""#, r#""want":[]"#, r#""needs":[]"#] {
        let (seq, why) = refused(&format!(r#"{{"type":"set","seq":7,"levels":{{"1":50}},{typo}}}"#));
        let member = typo.split('"').nth(1).unwrap();
        assert!(seq == Some(7) && why.contains(member), "{typo}: {why}");
    }
}

#[test]
fn a_set_of_anything_names_all_that_is_bad_in_it() {
    let json =
        r#"{"type":"set","seq":8,"levels":{"01":1},"labels":{"2":"","3":"ok","4":1},"master":101,"blackout":"on"}"#;
    let (seq, bad) = ClientMessage::parse(json).unwrap_err();
    assert_eq!(seq, Some(8));
    let BadInput::Levels { faults, more: 0 } = bad else { panic!("{bad:?}") };
    let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["01", "labels/2", "labels/4", "master", "blackout"]);
    for nothing in ["levels", "labels", "master", "blackout"] {
        refused(&format!(r#"{{"type":"set","seq":8,"{nothing}":null}}"#));
    }
    refused(r#"{"type":"set","seq":8,"labels":{"1":"a","1":"b"}}"#);
}

#[test]
fn an_update_over_http_is_read_as_strictly() {
    assert_eq!(parse_update(b"{}").unwrap(), Update::default(), "which changes nothing");
    let update = parse_update(br#"{"master":80.5,"labels":{"1":"Front wash","2":null},"blackout":false}"#).unwrap();
    assert_eq!((update.labels.len(), update.blackout), (2, Some(false)));
    for json in [
        "",
        "null",
        "[]",
        r#"[{"1":50},null,null,null]"#,
        r#"{"1":50}"#,
        r#"{"levels":{"1":50},"rig":"main"}"#,
        r#"{"levels":{"1":50},"levels":{"1":50}}"#,
        r#"{"levels":null}"#,
        r#"{"labels":[]}"#,
        r#"{"master":null}"#,
        r#"{"master":"80"}"#,
        r#"{"blackout":0}"#,
        r#"{"blackout":true} {}"#,
    ] {
        assert!(parse_update(json.as_bytes()).is_err(), "{json}");
    }
    let unknown = parse_update(br#"{"levels":{"1":50},"rig":"main"}"#).unwrap_err().to_string();
    assert!(unknown.starts_with("unknown field `rig`"), "{unknown}");
}

#[test]
fn an_output_is_spliced_into_a_message() {
    let output = parse_levels(br#"{"1":25,"2":null}"#).unwrap();
    let delta = r#"{"type":"delta","epoch":1,"prev":0,"revision":1,"levels":{"1":50,"2":null},"origins":[]}"#;
    let with = with_output(delta, &output);
    let value: serde_json::Value = serde_json::from_str(&with).unwrap();
    assert_eq!(value["output"], serde_json::json!({"1": 25, "2": null}));
    let decoded = |text: &str| decode(&Bytes::copy_from_slice(text.as_bytes())).unwrap().message;
    assert_eq!(decoded(&with), decoded(delta), "who does not know of it passes over it");
}

#[test]
fn a_refused_set_is_answered_under_its_number() {
    assert_eq!(refused(r#"{"type":"set","seq":7}"#).0, Some(7));
    assert_eq!(refused(r#"{"type":"set","seq":7,"levels":[1,2]}"#).0, Some(7));
    assert_eq!(refused(r#"{"type":"set","seq":7,"client":"a","levels":{}}"#).0, Some(7));
    assert_eq!(refused(r#"{"type":"sett","seq":7,"levels":{}}"#).0, Some(7));
    let (seq, bad) = ClientMessage::parse(r#"{"levels":{"01":1,"2":101,"3":50},"type":"set","seq":8}"#).unwrap_err();
    assert_eq!(seq, Some(8));
    let BadInput::Levels { faults, more: 0 } = bad else { panic!("{bad:?}") };
    assert_eq!(faults.iter().map(|fault| fault.key.as_str()).collect::<Vec<_>>(), ["01", "2"]);
}

#[test]
fn a_megabyte_in_a_message_is_refused_in_few_words() {
    let long = "\u{7f}".repeat(MEGABYTE);
    for json in [
        format!(r#"{{"type":"{long}"}}"#),
        format!(r#"{{"type":"hello","client":"{long}"}}"#),
        format!(r#"{{"type":"hello","client":"a","resume":"{long}"}}"#),
        format!(r#"{{"{long}":1}}"#),
        format!(r#"{{"type":"set","seq":"{long}"}}"#),
        format!(r#"{{"type":"set","seq":1,"levels":"{long}"}}"#),
        format!(r#"{{"type":"set","seq":1,"levels":{}"#, "[".repeat(MEGABYTE)),
        format!(r#"{{"type":"set","seq":1,"levels":{}"#, r#"{"1":"#.repeat(MEGABYTE / 5)),
        format!(r#"{{"type":{}"#, "[".repeat(MEGABYTE)),
        "{".repeat(MEGABYTE),
        "[".repeat(MEGABYTE),
    ] {
        refused(&json);
    }
}

#[test]
fn a_server_s_message_is_whole_or_refused() {
    let refused = |json: &str| decode(&Bytes::copy_from_slice(json.as_bytes())).is_err();
    for json in [
        "",
        "{}",
        "[]",
        r#"{"type":"hello"}"#,
        r#"{"type":"beacon","epoch":1,"revision":1}"#,
        r#"{"type":"beacon","epoch":1,"revision":1,"digests":{"levels":"0"}}"#,
        r#"{"type":"beacon","epoch":1,"revision":1,"digests":{"levels":"00000000000000000"}}"#,
        r#"{"type":"beacon","epoch":1,"revision":1,"digests":{"levels":"+1234567+1234567"}}"#,
        r#"{"type":"beacon","epoch":1,"revision":1,"digests":{"levels":"0000000000000ä0"}}"#,
        r#"{"type":"snapshot","epoch":1,"revision":1,"levels":{"1":null}}"#,
        r#"{"type":"snapshot","epoch":1,"revision":1,"levels":{"1":1,"1":1}}"#,
        r#"{"type":"snapshot","epoch":1,"levels":{}}"#,
        r#"{"type":"delta","epoch":1,"revision":1,"levels":{}}"#,
        r#"{"type":"delta","epoch":1,"prev":0,"revision":1,"levels":{},"refused":[{"change":0,"code":"changed","items":{"levels":[0]}}]}"#,
        r#"{"type":"delta","epoch":1,"prev":0,"revision":1,"levels":{},"origins":[{"client":"","seq":1}]}"#,
        r#"{"type":"delta","epoch":1,"prev":0,"revision":1,"levels":{},"origins":[{"client":"a","seq":1,"items":{"levels":[0]}}]}"#,
        r#"{"type":"delta","epoch":1,"prev":0,"revision":1,"levels":{},"master":101}"#,
        r#"{"type":"snapshot","epoch":1,"revision":1,"levels":{},"labels":{"1":null}}"#,
        r#"{"type":"presence","consoles":[]}"#,
        r#"{"type":"presence","total":1,"consoles":[{"name":"a","kind":"A b","since":1}]}"#,
        r#"{"type":"roster","total":0,"consoles":[]}"#,
        r#"{"type":"ack","seq":1,"position":"1"}"#,
        r#"{"type":"ack","position":"1-1"}"#,
        r#"{"type":"error","code":"x"}"#,
    ] {
        assert!(refused(json), "{json}");
    }
}

#[test]
fn what_a_newer_server_adds_is_passed_over() {
    let read = |json: &str| decode(&Bytes::copy_from_slice(json.as_bytes()));
    for (older, newer) in [
        (r#"{"type":"ack","seq":1,"position":"1-1"}"#, r#"{"new":[{}],"type":"ack","seq":1,"position":"1-1"}"#),
        (
            r#"{"type":"delta","epoch":1,"prev":0,"revision":1,"levels":{"1":5},"origins":[{"client":"a","seq":1}]}"#,
            r#"{"type":"delta","epoch":1,"prev":0,"revision":1,"levels":{"1":5},"fades":{"1":3},
                "origins":[{"client":"a","seq":1,"by":"hand"}]}"#,
        ),
        (
            r#"{"type":"roster","gateway":"g","total":1,"consoles":[{"name":"a","kind":"b","since":1}]}"#,
            r#"{"type":"roster","gateway":"g","total":1,"site":7,
                "consoles":[{"name":"a","kind":"b","since":1,"battery":0.5}]}"#,
        ),
    ] {
        let levels = |json| read(json).unwrap().levels;
        assert_eq!(read(older).unwrap().message, read(newer).unwrap().message);
        assert_eq!(levels(older), levels(newer));
    }
}

#[test]
fn a_message_of_a_type_that_is_yet_to_come_is_told_from_a_bad_one() {
    let read = |json: &str| decode(&Bytes::copy_from_slice(json.as_bytes())).unwrap_err();
    let unknown = |kind: &str| Unread::UnknownType(kind.to_owned());
    assert_eq!(read(r#"{"type":"cue"}"#), unknown("cue"));
    assert_eq!(read(r#"{"type":"cue","levels":7,"epoch":"x","origins":{}}"#), unknown("cue"), "it has its own form");
    assert_eq!(read(r#"{"type":"c\u0075e"}"#), unknown("cue"));
    assert_eq!(read(&format!(r#"{{"type":"{}"}}"#, "c".repeat(MEGABYTE))), unknown(&"c".repeat(40)));
    for bad in [r#"{"type":"beacon","epoch":"x"}"#, r#"{"type":7}"#, r#"{"kind":"cue"}"#, r#"{"type":"cue""#] {
        assert!(matches!(read(bad), Unread::Bad(_)), "{bad}");
    }
}

/// Whoever asked must not be told that it happened; for all others it is a delta as any.
#[test]
fn a_refusal_for_a_reason_that_is_yet_to_come_is_a_refusal() {
    let json = r#"{"type":"delta","epoch":1,"prev":0,"revision":1,"levels":{"1":5},"origins":[],
        "refused":[{"change":2,"code":"locked","by":["desk"]}]}"#;
    let ServerMessage::Delta(delta) = decode(&Bytes::from_static(json.as_bytes())).unwrap().message else {
        panic!("it is a delta");
    };
    assert_eq!(delta.verdicts, [(2, Verdict::Unknown)].into());
    assert_eq!(delta.update.levels.len(), 1);
}

#[test]
fn a_change_that_a_newer_server_lists_as_applied_is_applied() {
    let text = r#"{"type":"delta","epoch":1,"prev":0,"revision":1,"refused":[{"change":0,"code":"applied"}]}"#;
    let ServerMessage::Delta(delta) = decode(&text.into()).unwrap().message else { panic!("{text}") };
    assert_eq!(delta.verdicts, [(0, Verdict::Applied)].into());
}

#[test]
fn an_entry_of_the_log_is_whole_or_refused() {
    for json in [
        "",
        "{}",
        "[]",
        r#"{"changes":[]}"#,
        r#"{"changes":[{}]}"#,
        r#"{"changes":[{"levels":{"0":1}}]}"#,
        r#"{"changes":[{"levels":{"1":1},"if_match":"1"}]}"#,
        r#"{"changes":[{"levels":{"1":1},"idempotency_key":""}]}"#,
        r#"{"changes":[{"levels":{"1":1},"client":"","seq":1}]}"#,
        r#"{"changes":[{"levels":{"1":1},"idempotency_key":"k"},{"levels":{"1":1}}]}"#,
    ] {
        assert!(decode_entry(json.as_bytes()).is_err(), "{json}");
    }
    let why = decode_entry(br#"{"changes":[7]}"#).unwrap_err().to_string();
    assert!(why.contains("expected an object"), "{why}");
}

/// All state services fold the same entries to the same map: what changes the fold must be known to each.
#[test]
fn what_a_newer_gateway_adds_to_an_entry_is_passed_over_unless_it_is_needed() {
    let plain = decode_entry(br#"{"changes":[{"levels":{"1":5}}]}"#).unwrap();
    for told in [
        r#"{"changes":[{"levels":{"1":5},"by":"hand"}],"gateway":{"site":7}}"#,
        r#"{"needs":[],"changes":[{"levels":{"1":5}}]}"#,
    ] {
        assert_eq!(decode_entry(told.as_bytes()).as_ref(), Ok(&plain), "{told}");
    }
    for needed in [
        r#"{"needs":["fade"],"changes":[{"levels":{"1":5},"fade":3}]}"#,
        r#"{"changes":[{"levels":{"1":5}}],"needs":["fade","colours"]}"#,
    ] {
        let why = decode_entry(needed.as_bytes()).unwrap_err().to_string();
        assert!(why.contains("\"fade\"") && why.contains("newer version"), "{why}");
    }
    // Also if this version cannot read the rest of the entry.
    assert_eq!(decode_entry(br#"{"needs":["fade"],"changes":7}"#), Err(EntryError::Needs("fade".to_owned())));
    for bad in [r#"{"needs":[],"changes":7}"#, r#"{"changes":7}"#] {
        assert!(matches!(decode_entry(bad.as_bytes()), Err(EntryError::Bad(_))), "{bad}");
    }
    for bad in [r#"{"needs":null,"changes":[{"levels":{}}]}"#, r#"{"needs":"fade","changes":[{"levels":{}}]}"#] {
        assert!(decode_entry(bad.as_bytes()).is_err(), "{bad}");
    }
}

/// Text that is close to right: pieces of JSON in a row.
fn nearly() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"1\"",
        "\"01\"",
        "\"\\u0031\"",
        "50",
        "12.345",
        "-1",
        "1e400",
        "null",
        "true",
        "\"type\"",
        "\"set\"",
        "\"hello\"",
        "\"seq\"",
        "\"levels\"",
        "\"labels\"",
        "\"master\"",
        "\"blackout\"",
        "\"client\"",
        "\"resume\"",
        "\"1-2\"",
        "\"delta\"",
        "\"epoch\"",
        "\"prev\"",
        "\"revision\"",
        "\"changes\"",
        "\"idempotency_key\"",
        " ",
        "\\",
        "\"",
        "ä",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

fn take(bytes: Vec<u8>) {
    if let Ok(text) = std::str::from_utf8(&bytes) {
        let _ = ClientMessage::parse(text);
        let _ = parse_position(text);
    }
    let _ = parse_levels(&bytes);
    let _ = parse_update(&bytes);
    let _ = decode_entry(&bytes);
    let _ = decode(&Bytes::from(bytes));
}

proptest! {
    #[test]
    fn nothing_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        take(bytes);
    }

    #[test]
    fn nothing_panics_on_what_is_nearly_right(text in nearly()) {
        take(text.into_bytes());
    }
}
