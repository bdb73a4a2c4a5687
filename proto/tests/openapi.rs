//! `openapi.json` is well formed, its examples fit its schemas, and its schemas say what the code does.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};

use ghostlight_proto::{
    BadInput, Code, LevelsText, OPENAPI, Problem, RigSummary, encode_rigs, etag, parse_etag, parse_levels,
    parse_position,
};
use ghostlight_rig::{Dimmer, Item, Key, Level, Levels, Position, RigName};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

const PATHS: [&str; 19] = [
    "/",
    "/docs",
    "/get_topics",
    "/healthz",
    "/readyz",
    "/v1/openapi.json",
    "/v1/rigs",
    "/v1/rigs/{rig}",
    "/v1/rigs/{rig}/consoles",
    "/v1/rigs/{rig}/events",
    "/v1/rigs/{rig}/levels",
    "/v1/rigs/{rig}/lookup",
    "/v1/rigs/{rig}/say",
    "/v1/rigs/{rig}/undo",
    "/v1/rigs/{rig}/redo",
    "/v1/rigs/{rig}/words",
    "/v1/rigs/{rig}/words/{word}",
    "/v1/rigs/{rig}/ws",
    "/ws",
];

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// What checks values against a schema that may refer to the document's components.
fn validator(document: &Value, schema: &Value) -> Validator {
    let schema = json!({"allOf": [schema], "components": document["components"]});
    jsonschema::draft202012::new(&schema).unwrap()
}

/// What checks values against one of the document's schemas.
fn named(name: &str) -> Validator {
    let document = document();
    assert!(document["components"]["schemas"][name].is_object(), "there is no schema {name}");
    validator(&document, &json!({"$ref": format!("#/components/schemas/{name}")}))
}

/// Every value in the document, with where it stands.
fn walk<'a>(value: &'a Value, at: &str, visit: &mut dyn FnMut(&str, &'a Value)) {
    visit(at, value);
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| walk(value, &format!("{at}/{}", escaped(key)), visit));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| walk(value, &format!("{at}/{index}"), visit));
        }
        _ => {}
    }
}

fn operations(document: &Value) -> Vec<(String, &Value, &Value)> {
    const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            match method.as_str() {
                "parameters" => {}
                method => {
                    assert!(METHODS.contains(&method), "{path} has {method}");
                    operations.push((format!("{method} {path}"), item, operation));
                }
            }
        }
    }
    operations
}

#[test]
fn it_describes_this_version_and_every_path() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let paths: BTreeSet<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(paths, BTreeSet::from(PATHS));
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    walk(&document, "", &mut |at, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
            assert!(target.is_some(), "{at} refers to {reference}, which is not there");
        }
    });
}

#[test]
fn every_operation_is_complete() {
    let document = document();
    let resolve = |value: &Value| match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap().clone(),
        None => value.clone(),
    };
    let list = |value: &Value| value["parameters"].as_array().cloned().unwrap_or_default();
    let mut ids = BTreeSet::new();
    for (operation, item, description) in operations(&document) {
        assert!(ids.insert(description["operationId"].as_str().unwrap()), "{operation} has another's id");
        assert!(description["summary"].is_string(), "{operation} has no summary");
        for (status, response) in description["responses"].as_object().unwrap() {
            assert!(resolve(response)["description"].is_string(), "{operation} {status} has no description");
        }
        let parameters: Vec<_> = list(item).iter().chain(&list(description)).map(resolve).collect();
        for parameter in &parameters {
            assert!(parameter["schema"].is_object() && parameter["description"].is_string(), "{operation} {parameter}");
        }
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path" && parameter["required"] == true);
        let in_path: Vec<_> = in_path.map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap())).collect();
        let in_template: Vec<_> = operation.split('/').filter(|part| part.starts_with('{')).collect();
        assert_eq!(in_path, in_template, "{operation}");
    }
}

#[test]
fn every_schema_is_a_json_schema() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
        assert!(schema["description"].is_string(), "{name} has no description");
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = document();
    let mut checked = 0;
    let mut check = |at: &str, schema: &Value, example: &Value| {
        let errors: Vec<_> = validator(&document, schema).iter_errors(example).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{at}: {example}: {errors:?}");
        checked += 1;
    };
    walk(&document, "", &mut |at, value| {
        if let Some(schema) = value.get("schema") {
            value.get("example").into_iter().for_each(|example| check(at, schema, example));
            let examples = value.get("examples").and_then(Value::as_object);
            examples.into_iter().flatten().for_each(|(_, example)| check(at, schema, &example["value"]));
        }
        if at.starts_with("/components/schemas/") {
            let examples = value.get("examples").and_then(Value::as_array);
            examples.into_iter().flatten().for_each(|example| check(at, value, example));
        }
    });
    assert!(checked > 30, "only {checked} examples");
}

#[test]
fn every_error_is_a_problem_that_the_code_reads_and_whose_code_is_described() {
    let document = document();
    let codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["description"].as_str().unwrap();
    let mut seen = BTreeSet::new();
    walk(&document["components"]["responses"], "", &mut |at, response| {
        let examples = response.pointer("/content/application~1problem+json/examples");
        for (_, example) in examples.and_then(Value::as_object).into_iter().flatten() {
            let problem: Problem = serde_json::from_value(example["value"].clone()).unwrap();
            assert_eq!(serde_json::to_value(&problem).unwrap(), example["value"], "{at}");
            assert_eq!((problem.status, &*problem.title), (problem.code.status(), problem.code.title()), "{at}");
            seen.insert(problem.code);
        }
    });
    for code in Code::ALL {
        assert!(codes.contains(&format!("- `{}` ({})", code.name(), code.status())), "{code:?}");
        assert!(seen.contains(&code) || code == Code::MethodNotAllowed, "{code:?} has no example");
    }
    assert_eq!(codes.matches("\n- `").count(), Code::ALL.len());
}

#[test]
fn the_problems_of_bad_input_fit_the_schema() {
    let schema = named("Problem");
    let many = format!("{{{}}}", (0..50).map(|n| format!("\"-{n}\": 1")).collect::<Vec<_>>().join(","));
    for text in ["", "[]", r#"{"0": 1, "1": 101}"#, &many] {
        let problem = Problem::from(parse_levels(text.as_bytes()).unwrap_err());
        let problem = serde_json::to_value(problem).unwrap();
        assert!(schema.is_valid(&problem), "{problem}");
    }
    let changed = Problem::changed(&[Item::Level(Dimmer::MIN), Item::Master]);
    assert!(schema.is_valid(&serde_json::to_value(changed).unwrap()));
}

#[test]
fn the_list_of_rigs_fits_the_schema() {
    let main = RigSummary { name: RigName::default(), position: Position::new(1_790_000_000, 42), dimmers: 3 };
    let text = encode_rigs([main]);
    assert!(named("Rigs").is_valid(&serde_json::from_slice(&text).unwrap()));
}

#[test]
fn a_dimmer_is_the_same_in_schema_and_code() {
    let (name, number) = (named("DimmerName"), named("Dimmer"));
    for dimmer in 0..=70_000u32 {
        let text = dimmer.to_string();
        assert_eq!(name.is_valid(&json!(text)), Dimmer::parse(&text).is_some(), "{text}");
        let code = u16::try_from(dimmer).ok().and_then(Dimmer::new);
        assert_eq!(number.is_valid(&json!(dimmer)), code.is_some(), "{text}");
    }
    for text in ["", "01", "1.0", " 1", "1 ", "-1", "+1", "1e1", "1\n", "１", "655350", "100000"] {
        assert!(!name.is_valid(&json!(text)) && Dimmer::parse(text).is_none(), "{text:?}");
    }
}

/// Whether the code takes this text as a change, and whether the schema does.
fn verdicts(schema: &Validator, text: &str) -> (Result<Levels, BadInput>, bool) {
    let value: Result<Value, _> = serde_json::from_str(text);
    (parse_levels(text.as_bytes()), value.is_ok_and(|value| schema.is_valid(&value)))
}

#[test]
fn a_change_is_the_same_in_schema_and_code() {
    let schema = named("Change");
    let good = ["{}", r#"{"1":50}"#, r#"{"1":50.0,"65535":5e1}"#, r#"{"1":null,"2":12.345,"3":0,"4":100,"5":-0}"#];
    for text in good {
        assert!(matches!(verdicts(&schema, text), (Ok(_), true)), "{text}");
    }
    let levels = ["-1", "100.01", "200", "\"50\"", "true", "{}", "[1]", "1e400", "05", "NaN", ""];
    let keys = ["0", "65536", "-1", "01", "1.0", " 1", "", "a"];
    let bad = levels.map(|level| format!(r#"{{"1":{level}}}"#)).into_iter();
    let bad = bad.chain(keys.map(|key| format!(r#"{{"{key}":50}}"#)));
    for text in bad.chain(["[]", "null", "50", "", "{", "{\"1\":50}}"].map(str::to_owned)) {
        assert!(matches!(verdicts(&schema, &text), (Err(_), false)), "{text}");
    }
    // What no schema can say: a dimmer that comes twice.
    assert!(matches!(verdicts(&schema, r#"{"1":50,"1":50}"#), (Err(_), true)));
}

#[test]
fn names_keys_and_positions_are_the_same_in_schema_and_code() {
    let (rig, key, position, tag) = (named("RigName"), named("IdempotencyKey"), named("Position"), named("EntityTag"));
    let long = |length| "a".repeat(length);
    for text in ["main", "0", "a-b_c", "", "-a", "_a", "Main", "a.b", "ä", "a\n", &long(63), &long(64)] {
        assert_eq!(rig.is_valid(&json!(text)), RigName::new(text).is_ok(), "{text:?}");
    }
    for text in ["k", "!~", "", "a b", "é", "a\n", "\u{7f}", &long(128), &long(129)] {
        assert_eq!(key.is_valid(&json!(text)), Key::new(text).is_ok(), "{text:?}");
    }
    for text in ["0-0", "1790000000-42", "", "-", "1-", "-1", "1-2-3", "01-2", "1-02", "+1-2", "1- 2", "1-2\n"] {
        assert_eq!(position.is_valid(&json!(text)), parse_position(text).is_some(), "{text:?}");
        let quoted = format!("\"{text}\"");
        assert_eq!(tag.is_valid(&json!(quoted)), parse_etag(&quoted).is_some(), "{quoted}");
        assert!(!tag.is_valid(&json!(text)) && parse_etag(text).is_none(), "{text:?}");
    }
    // As far as positions can ever get; the schema knows no numbers, only digits.
    let far = Position::new(ghostlight_proto::MAX_SAFE_INTEGER, 9_999_999_999_999_999_999);
    assert!(position.is_valid(&json!(far.to_string())) && tag.is_valid(&json!(etag(far))));
}

fn some_level() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (-2i32..=102, 0u32..=9_999).prop_map(|(whole, fraction)| format!("{whole}.{fraction:04}")),
        2 => (0u32..=200, -3i32..=3).prop_map(|(digits, exponent)| format!("{digits}e{exponent}")),
        2 => (-1i32..=101).prop_map(|whole| whole.to_string()),
        1 => Just("null".to_owned()),
        1 => prop::sample::select(vec!["true", "\"50\"", "{}", "[]"]).prop_map(str::to_owned),
    ]
}

fn some_key() -> impl Strategy<Value = String> {
    prop_oneof![20 => (1u32..=65_535).prop_map(|n| n.to_string()), 2 => "[0-9]{1,6}", 1 => "[-+ 0-9a.]{0,4}"]
}

proptest! {
    #[test]
    fn any_change_is_the_same_in_schema_and_code(levels in prop::collection::btree_map(some_key(), some_level(), 0..4)) {
        thread_local!(static SCHEMA: Validator = named("Change"));
        let members: Vec<_> = levels.iter().map(|(key, level)| format!("\"{key}\":{level}")).collect();
        let text = format!("{{{}}}", members.join(","));
        let (code, schema) = SCHEMA.with(|schema| verdicts(schema, &text));
        prop_assert_eq!(code.is_ok(), schema, "{}: {:?}", text, code);
    }

    #[test]
    fn what_the_code_writes_fits_the_schema(
        levels in prop::collection::btree_map(1u16..=u16::MAX, prop::option::of(0u16..=10_000), 0..8),
    ) {
        thread_local!(static SCHEMAS: [Validator; 2] = ["Change", "Levels"].map(named));
        let level = |hundredths: u16| Level::from_hundredths(hundredths).unwrap();
        let change: Levels =
            levels.iter().map(|(&dimmer, &hundredths)| (Dimmer::new(dimmer).unwrap(), hundredths.map(level))).collect();
        let map: BTreeMap<_, _> = change.iter().filter_map(|(&dimmer, &level)| Some((dimmer, level?))).collect();
        let change = serde_json::to_value(LevelsText(&change)).unwrap();
        let map = serde_json::to_value(LevelsText(&map)).unwrap();
        SCHEMAS.with(|[a_change, a_map]| assert!(a_change.is_valid(&change) && a_map.is_valid(&map)));
    }

    #[test]
    fn any_name_key_or_position_is_the_same_in_schema_and_code(
        name in "[a-zA-Z0-9_.-]{0,66}", key in "[ -~é]{0,131}", position in "[0-9]{0,18}-[0-9]{0,18}|[0-9-]{0,6}",
    ) {
        thread_local!(static SCHEMAS: [Validator; 3] = ["RigName", "IdempotencyKey", "Position"].map(named));
        SCHEMAS.with(|[a_name, a_key, a_position]| {
            assert_eq!(a_name.is_valid(&json!(name)), RigName::new(&name).is_ok(), "{name:?}");
            assert_eq!(a_key.is_valid(&json!(key)), Key::new(&key).is_ok(), "{key:?}");
            assert_eq!(a_position.is_valid(&json!(position)), parse_position(&position).is_some(), "{position:?}");
        });
    }
}
