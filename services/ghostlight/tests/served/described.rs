//! What `openapi.json` says of each answer, and which answers were seen.

use std::collections::BTreeSet;

use ghostlight_proto::OPENAPI;
use serde_json::{Value, json};

use crate::asking::Answer;

/// Headers that are there only at times.
const AT_TIMES: [&str; 3] = ["Ghostlight-Stale", "Link", "traceparent"];

/// The description, and what was seen of it.
pub(crate) struct Description {
    document: Value,
    pub(crate) seen: BTreeSet<String>,
}

impl Description {
    pub(crate) fn new() -> Self {
        Self { document: serde_json::from_str(OPENAPI).unwrap(), seen: BTreeSet::new() }
    }

    /// What a reference leads to, or the value itself.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    /// Every operation with every status that it may be answered with.
    pub(crate) fn documented(&self) -> BTreeSet<String> {
        let paths = self.document["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter().filter(|(method, _)| *method != "parameters");
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
        });
        operations
            .flat_map(|(name, operation)| {
                operation["responses"].as_object().unwrap().keys().map(move |status| format!("{name} {status}"))
            })
            .collect()
    }

    fn fits(&self, at: &str, schema: &Value, value: &Value) {
        let schema = json!({"allOf": [schema], "components": self.document["components"]});
        let schema = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<_> = schema.iter_errors(value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{at}: {value}: {errors:?}");
    }

    /// Holds an answer to what is said about it.
    pub(crate) fn check(&mut self, method: &str, path: &str, answer: &Answer) {
        let at = format!("{method} {path} {}", answer.status);
        let responses = &self.document["paths"][path][method]["responses"];
        let response = &responses[answer.status.to_string()];
        assert!(response.is_object(), "{at} is not documented: {answer:?}");
        let response = self.resolve(response);
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            let Some(text) = answer.headers.get(name).map(|text| text.to_str().unwrap()) else {
                assert!(AT_TIMES.contains(&name.as_str()), "{at}: no {name}: {answer:?}");
                continue;
            };
            let schema = &self.resolve(header)["schema"];
            let number = (schema["type"] == "integer").then(|| text.parse::<i64>().unwrap());
            self.fits(&at, schema, &number.map_or_else(|| json!(text), |number| json!(number)));
        }
        let kind = answer.header("content-type").split(';').next().unwrap();
        match response.get("content") {
            None => assert_eq!((kind, answer.body.as_str()), ("", ""), "{at}: {answer:?}"),
            Some(content) => {
                let content = &content[kind];
                assert!(content.is_object(), "{at}: {kind:?} is not documented");
                let body = if kind.ends_with("json") { answer.json() } else { json!(answer.body) };
                self.fits(&at, &content["schema"], &body);
            }
        }
        if kind == "application/problem+json" {
            self.check_problem(answer);
        }
        self.seen.insert(at);
    }

    /// A problem tells its own status, and its code is one of those that are listed for it.
    pub(crate) fn check_problem(&self, answer: &Answer) {
        let problem = answer.json();
        self.fits("a problem", &json!({"$ref": "#/components/schemas/Problem"}), &problem);
        let codes = &self.document["components"]["schemas"]["Problem"]["properties"]["code"]["description"];
        let listed = format!("- `{}` ({})", problem["code"].as_str().unwrap(), answer.status);
        assert!(codes.as_str().unwrap().contains(&listed), "{problem}");
        assert_eq!(problem["status"], answer.status);
    }
}
