//! The commands that the documentation has: they name what there is.

use std::collections::BTreeSet;

use crate::files::{deploy, list, said};
use crate::manifests::{Manifests, NAMESPACE, selects};

/// Where commands stand, seen from `deploy`.
const DOCUMENTS: [&str; 6] =
    ["../README.md", "README.md", "SCALE.md", "10-settings.yaml", "31-postgres.yaml", "tracing/jaeger.yaml"];

/// The words of every command of a program.
fn commands(program: &str) -> Vec<Vec<String>> {
    let text: String = DOCUMENTS.iter().map(|path| std::fs::read_to_string(deploy(path)).unwrap()).collect();
    let text = text.replace("\\\n", " ").replace("|\n", "| ");
    let begins = format!("{program} ");
    let starts = text.match_indices(&begins).filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|before| "`\n ".contains(before))
    });
    let ends_at = |text: &str| text.find(['`', '\n', '|', '<', '>', ';']).unwrap_or(text.len());
    let words = |command: &str| command.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let commands = starts.map(|(at, _)| words(&text[at..at + ends_at(&text[at..])]));
    // What only names a command has no option.
    commands.filter(|words| words.iter().any(|word| word.starts_with('-'))).collect()
}

/// What stands behind an option.
fn behind<'a>(words: &'a [String], option: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| word == option)?;
    words.get(at + 1).map(String::as_str)
}

/// What is applied, and what may be.
fn objects() -> Vec<Manifests> {
    vec![Manifests::read(), Manifests::of("tracing/jaeger.yaml"), Manifests::of("monitoring/podmonitor.yaml")]
}

/// The objects that a command names: `kind/name`, or a kind and then names.
fn named(words: &[String]) -> BTreeSet<(String, String)> {
    let kinds = ["service", "deployment", "statefulset", "daemonset", "secret", "configmap"];
    let mut named = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        if let Some((kind, name)) = word.split_once('/').filter(|(kind, _)| kinds.contains(kind)) {
            named.insert((kind.to_owned(), name.to_owned()));
        } else if kinds.contains(&word.as_str()) {
            let names = words[at + 1..].iter().take_while(|word| !word.starts_with('-') && !word.contains('/'));
            named.extend(names.map(|name| (word.clone(), name.clone())));
        }
    }
    named
}

#[test]
fn commands_name_what_there_is() {
    let objects = objects();
    let commands = commands("kubectl");
    assert!(commands.len() > 15, "{commands:?}");
    for words in &commands {
        let whole = words.join(" ");
        for path in ["-f", "-k"].iter().filter_map(|option| behind(words, option)) {
            assert!(deploy("..").join(path).exists(), "{whole}");
        }
        let is_of_files = ["-f", "-k"].iter().any(|option| behind(words, option).is_some());
        assert!(is_of_files || behind(words, "-n") == Some(NAMESPACE), "{whole}");
        for (wanted, named) in named(words) {
            let object = objects.iter().find_map(|objects| objects.find(&wanted, &named));
            let object = object.unwrap_or_else(|| panic!("{whole}: there is no {wanted} {named}"));
            if words.iter().any(|word| word == "port-forward") {
                let port = words.last().unwrap().rsplit(':').next().unwrap().parse::<u16>().unwrap();
                let workload = objects.iter().flat_map(Manifests::workloads).find(|workload| workload.name() == named);
                let has_it = match wanted.as_str() {
                    "service" => list(&object["spec"], "ports").iter().any(|known| known["port"] == port),
                    _ => workload.unwrap().ports().values().any(|known| *known == port),
                };
                assert!(has_it, "{whole}");
            }
        }
        if let Some((label, value)) = behind(words, "-l").and_then(|selector| selector.split_once('=')) {
            let selector = serde_json::json!({ label: value });
            let workloads = objects.iter().flat_map(Manifests::workloads);
            assert!(workloads.into_iter().any(|workload| selects(&selector, workload.labels())), "{whole}");
        }
        if let Some(pod) = words.iter().position(|word| word == "exec").map(|at| &words[at + 1..]) {
            let pod = pod.iter().find(|word| !word.starts_with('-')).unwrap();
            assert_eq!(pod, "postgres-0", "{whole}");
        }
    }
}

#[test]
fn the_image_is_built_under_the_name_that_the_manifests_have() {
    let [build] = &commands("docker build")[..] else { panic!("one command builds the image") };
    let gateway = Manifests::read();
    let image = said(gateway.workload("gateway").container(), "image");
    assert_eq!(behind(build, "--tag"), Some(image));
    assert!(deploy("..").join(behind(build, "--file").unwrap()).is_file());
    let readme = std::fs::read_to_string(deploy("../README.md")).unwrap();
    assert!(readme.contains(&format!("kind load docker-image {image}\n")));
}
