//! Levels from outside are read strictly: what is not exactly right is refused, and the refusal names every bad key.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use ghostlight_proto::{BadInput, Fault, LevelsText, MAX_FAULTS, Problem, parse_levels};
use ghostlight_rig::{Dimmer, Level, Levels};
use proptest::prelude::*;

const MEGABYTE: usize = 1 << 20;
/// More than any refusal has to say: what a client sent is not sent back at length.
const LONG_ENOUGH: usize = 4_096;

fn read(json: impl AsRef<[u8]>) -> Result<Levels, BadInput> {
    parse_levels(json.as_ref())
}

/// The levels in `json`, in hundredths.
fn hundredths(json: &str) -> Vec<(u16, Option<u16>)> {
    let levels = read(json).unwrap();
    levels.into_iter().map(|(dimmer, level)| (dimmer.get(), level.map(Level::hundredths))).collect()
}

/// The bad keys that a refusal names, and how many more it counts.
fn bad_keys(json: impl AsRef<[u8]>) -> (Vec<String>, usize) {
    match read(json) {
        Err(BadInput::Levels { faults, more }) => (faults.into_iter().map(|Fault { key, .. }| key).collect(), more),
        other => panic!("keys should have been named: {other:?}"),
    }
}

/// What is wrong with the form of `json`.
fn bad_form(json: impl AsRef<[u8]>) -> String {
    match read(json) {
        Err(BadInput::Form(problem)) => {
            assert!(problem.len() < LONG_ENOUGH, "{} bytes", problem.len());
            problem
        }
        other => panic!("the form should have been refused: {:.300}", format!("{other:?}")),
    }
}

#[test]
fn one_level_has_many_spellings() {
    assert_eq!(hundredths(r#"{"1":50,"2":50.0,"3":5e1}"#), [1, 2, 3].map(|dimmer| (dimmer, Some(5_000))));
    assert_eq!(hundredths(" {\n\"1\" :\t12.34 , \"65535\":12.345 }\r\n"), [(1, Some(1_234)), (65_535, Some(1_235))]);
}

#[test]
fn null_forgets_and_nothing_asks_for_nothing() {
    assert_eq!(hundredths(r#"{"1":null,"2":0}"#), [(1, None), (2, Some(0))]);
    assert_eq!(hundredths("{}"), []);
}

#[test]
fn a_dimmer_is_written_in_one_way_only() {
    let bad = [
        "01",
        "1.0",
        " 1",
        "1 ",
        "0",
        "-0",
        "-1",
        "+1",
        "65536",
        "99999999999999999999",
        "1e1",
        "0x1",
        "",
        "one",
        "１",
        "null",
        "1\u{0}",
    ];
    for key in bad {
        let json = serde_json::json!({ key: 50 }).to_string();
        assert_eq!(bad_keys(&json), (vec![key.to_owned()], 0), "{json}");
    }
    assert_eq!(hundredths(r#"{"1":1,"65535":1}"#), [(1, Some(100)), (65_535, Some(100))]);
}

#[test]
fn a_level_is_a_number_from_0_to_100() {
    let bad = [
        "-1",
        "-0.001",
        "100.01",
        "100.001",
        "200",
        "1e400",
        "1e3",
        r#""50""#,
        r#""""#,
        "true",
        "false",
        "{}",
        r#"{"1":50}"#,
        "[50]",
        "[]",
        "[[[1]]]",
    ];
    for level in bad {
        assert_eq!(bad_keys(format!(r#"{{"1":{level},"2":50}}"#)), (vec!["1".to_owned()], 0), "{level}");
    }
}

#[test]
fn no_dimmer_comes_twice() {
    assert_eq!(bad_keys(r#"{"1":50,"2":1,"1":50}"#), (vec!["1".to_owned()], 0));
    assert_eq!(bad_keys(r#"{"1":null,"1":null}"#), (vec!["1".to_owned()], 0));
    assert_eq!(bad_keys(r#"{"1":"x","1":50}"#), (vec!["1".to_owned()], 0));
    // An escape spells the same key.
    assert_eq!(hundredths(r#"{"\u0031":50}"#), [(1, Some(5_000))]);
    assert_eq!(bad_keys(r#"{"1":50,"\u0031":60}"#), (vec!["1".to_owned()], 0));
    assert_eq!(bad_keys(r#"{"\u00312":50,"12":60}"#), (vec!["12".to_owned()], 0));
}

#[test]
fn every_bad_key_is_named_among_the_good_ones() {
    let json = r#"{"1":50,"01":1,"2":"x","3":7,"65536":1,"4":101,"3":7,"5":true,"x":null}"#;
    assert_eq!(bad_keys(json), (["01", "2", "65536", "4", "3", "5", "x"].map(str::to_owned).into(), 0));
}

#[test]
fn twenty_bad_keys_are_named_and_the_rest_is_counted() {
    let json = |keys: u32| {
        let bad: Vec<_> = (0..keys).map(|key| format!(r#""{}":1,"{}":101"#, key + 70_000, key + 1)).collect();
        format!("{{{}}}", bad.join(","))
    };
    let (named, more) = bad_keys(json(10));
    assert_eq!((named.len(), more), (MAX_FAULTS, 0));
    let bad = format!("{{{}}}", (0..25).map(|key| format!(r#""0{key}":1"#)).collect::<Vec<_>>().join(","));
    let (named, more) = bad_keys(&bad);
    assert_eq!(named, (0..20).map(|key| format!("0{key}")).collect::<Vec<_>>());
    assert_eq!(more, 5);
    let problem = Problem::from(read(&bad).unwrap_err());
    assert_eq!((problem.status, problem.code.name()), (400, "bad_input"));
    assert_eq!((problem.errors.len(), problem.more_errors), (20, 5));
    assert!(problem.detail.ends_with("and 5 more"), "{}", problem.detail);
    assert_eq!(bad_keys(json(20_000)).1, 40_000 - MAX_FAULTS);
}

#[test]
fn long_keys_are_cut() {
    let of = |length| bad_keys(format!(r#"{{"{}":1}}"#, "ä".repeat(length))).0.remove(0);
    assert_eq!(of(40), "ä".repeat(40));
    assert_eq!(of(41), format!("{}…", "ä".repeat(40)));
    assert_eq!(of(MEGABYTE), format!("{}…", "ä".repeat(40)));
    assert_eq!(bad_keys(format!(r#"{{"{}1":1}}"#, "0".repeat(MEGABYTE))).0, [format!("{}…", "0".repeat(40))]);
}

#[test]
fn what_is_no_object_is_refused() {
    let bad = [
        "",
        " ",
        "null",
        "50",
        "[]",
        r#"[{"1":50}]"#,
        r#""1""#,
        "true",
        "NaN",
        r#"{"1":NaN}"#,
        r#"{"1":Infinity}"#,
        r#"{"1":05}"#,
        r#"{"1":.5}"#,
        r#"{"1":+5}"#,
        r#"{"1":50,}"#,
        r#"{"1":50"#,
        r#"{"1"}"#,
        "{1:50}",
        "{'1':50}",
        r#"{"1":50}}"#,
        r#"{"1":50} x"#,
        r#"{"1":50}{"1":50}"#,
        "\u{feff}{}",
        r#"{"1":50/**/}"#,
        "{\"1\u{1}\":50}",
        r#"{"\ud800":50}"#,
        r#"{"\u003":50}"#,
    ];
    for json in bad {
        bad_form(json);
    }
    assert!(bad_form("50").contains("expected an object with a member for each dimmer"));
    for json in [&b"{\"\xff\":50}"[..], b"{\"1\":\"\xff\"}", b"\xff", b"{\"1\":50}\xff", b"{\"1\":50}\0"] {
        bad_form(json);
    }
}

#[test]
fn a_megabyte_of_anything_is_only_read_once() {
    for unit in ["{", "[", "\"", "{\"1\":", "[{\"1\":", "-", "0", "\\", "{}", "[],"] {
        bad_form(unit.repeat(MEGABYTE / unit.len()));
        bad_form(format!(r#"{{"1":{}"#, unit.repeat(MEGABYTE / unit.len())));
    }
    bad_form(format!("\"{}\"", "a".repeat(MEGABYTE)));
    let (open, close) = ("[".repeat(MEGABYTE / 2), "]".repeat(MEGABYTE / 2));
    assert_eq!(bad_keys(format!(r#"{{"1":{open}{close},"2":50}}"#)).0, ["1"]);
    let (open, close) = (r#"{"1":"#.repeat(MEGABYTE / 6), "}".repeat(MEGABYTE / 6));
    assert_eq!(bad_keys(format!(r#"{{"1":{open}1{close},"2":50}}"#)).0, ["1"]);
    assert_eq!(hundredths(&format!(r#"{{"1":0.{}1}}"#, "0".repeat(MEGABYTE))), [(1, Some(0))]);
    assert_eq!(hundredths(&format!(r#"{{"1":1{}e-{MEGABYTE}}}"#, "0".repeat(MEGABYTE))), [(1, Some(100))]);
    assert_eq!(bad_keys(format!(r#"{{"1":1e{}}}"#, "9".repeat(MEGABYTE))).0, ["1"]);
    let twice = r#""1":50,"#.repeat(MEGABYTE / 7);
    assert_eq!(bad_keys(format!(r#"{{{twice}"2":50}}"#)).1, MEGABYTE / 7 - 1 - MAX_FAULTS);
}

proptest! {
    #[test]
    fn a_refusal_names_every_bad_key_and_a_good_one_never(
        pairs in prop::collection::vec((0u32..70_000, 0u32..12_000, any::<bool>()), 0..24),
    ) {
        let mut json = Vec::new();
        let (mut good, mut bad) = (std::collections::BTreeSet::new(), Vec::new());
        for (number, level, canonical) in pairs {
            let key = if canonical { number.to_string() } else { format!("0{number}") };
            json.push(format!(r#""{key}":{level}e-2"#));
            let right = canonical && (1..=65_535).contains(&number) && level <= 10_000;
            if !right || !good.insert(key.clone()) {
                bad.push(key);
            }
        }
        let read = read(format!("{{{}}}", json.join(",")));
        if bad.is_empty() {
            prop_assert_eq!(read.unwrap().len(), good.len());
        } else {
            let Err(BadInput::Levels { faults, more }) = read else { panic!("{read:?}") };
            prop_assert_eq!(faults.len() + more, bad.len());
            let named: Vec<_> = faults.into_iter().map(|fault| fault.key).collect();
            prop_assert_eq!(&named[..], &bad[..named.len()]);
        }
    }

    #[test]
    fn what_is_written_reads_back(levels in prop::collection::btree_map(1u16.., prop::option::of(0u16..=10_000), 0..64)) {
        let levels: Levels = levels
            .into_iter()
            .map(|(dimmer, level)| (Dimmer::new(dimmer).unwrap(), level.and_then(Level::from_hundredths)))
            .collect();
        let text = serde_json::to_string(&LevelsText(&levels)).unwrap();
        prop_assert_eq!(read(text), Ok(levels));
    }
}

#[test]
fn every_level_is_written_in_its_shortest_form() {
    for hundredths in 0..=10_000 {
        let level = Level::from_hundredths(hundredths).unwrap();
        let levels: Levels = [(Dimmer::MIN, Some(level))].into();
        assert_eq!(serde_json::to_string(&LevelsText(&levels)).unwrap(), format!(r#"{{"1":{level}}}"#));
    }
}
