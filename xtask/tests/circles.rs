//! The files of a crate do not import each other in a circle.
//!
//! The imports are read as text: the paths in `use crate::…`, `use super::…` and `use self::…` outside unit tests. A
//! path stands for its longest prefix that is a file of the crate. A name that `lib.rs` re-exports stands for `lib.rs`.
//! `lib.rs` and `main.rs` are left out, because they only assemble. Macros are not expanded.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The modules of a crate: their paths, as in `nats::echo`, and their files.
type Modules = BTreeMap<String, PathBuf>;

/// Which modules each module imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The source folders of the crates.
fn sources() -> Vec<PathBuf> {
    let services = std::fs::read_dir(root().join("services")).unwrap().map(|service| service.unwrap().path());
    let crates = services.chain(["proto", "xtask"].map(|name| root().join(name)));
    crates.map(|folder| folder.join("src")).filter(|source| source.is_dir()).collect()
}

/// The modules below a folder.
fn modules(source: &Path, folder: &Path, into: &mut Modules) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            modules(source, &entry, into);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let path = entry.strip_prefix(source).unwrap().with_extension("");
            let names: Vec<_> = path.iter().map(|name| name.to_str().unwrap()).filter(|name| *name != "mod").collect();
            if names != ["lib"] && names != ["main"] {
                into.insert(names.join("::"), entry);
            }
        }
    }
}

/// The paths that a tree of imports names: `a::{b, c::d}` names `a::b` and `a::c::d`.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap();
        return vec![path.trim().to_owned()];
    };
    let (mut depth, mut members) = (0, vec![String::new()]);
    for character in group.trim_end().strip_suffix('}').unwrap_or(group).chars() {
        depth += i32::from(character == '{') - i32::from(character == '}');
        if character == ',' && depth == 0 {
            members.push(String::new());
        } else {
            members.last_mut().unwrap().push(character);
        }
    }
    let members = members.iter().filter(|member| !member.trim().is_empty());
    members.flat_map(|member| paths(member)).map(|path| format!("{before}{path}")).collect()
}

/// The imports of a file of the crate, as paths from the crate's root.
fn imported(module: &str, text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let statements = text.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
    let ours = |statement: &&str| ["crate::", "super::", "self::"].iter().any(|start| statement.starts_with(start));
    let absolute = |path: String| {
        let mut base: Vec<&str> = if module.is_empty() { Vec::new() } else { module.split("::").collect() };
        let mut rest: Vec<&str> = path.split("::").collect();
        while let Some(first) = rest.first().copied() {
            match first {
                "crate" => base.clear(),
                "super" => drop(base.pop()),
                "self" => {}
                _ => break,
            }
            rest.remove(0);
        }
        base.into_iter().chain(rest).collect::<Vec<_>>().join("::")
    };
    statements.filter(ours).flat_map(paths).map(absolute).collect()
}

/// The module that a path belongs to: its longest prefix that is a module.
fn module_of(path: &str, modules: &Modules) -> Option<String> {
    let names: Vec<_> = path.split("::").collect();
    (1..=names.len()).rev().map(|length| names[..length].join("::")).find(|module| modules.contains_key(module))
}

fn imports(modules: &Modules) -> Imports {
    let of = |(module, file): (&String, &PathBuf)| {
        let paths = imported(module, &std::fs::read_to_string(file).unwrap());
        let others = paths.iter().filter_map(|path| module_of(path, modules)).filter(|other| other != module);
        (module.clone(), others.collect())
    };
    modules.iter().map(of).collect()
}

/// A circle among the modules, if there is one: each imports the next, and the last imports the first.
fn circle(imports: &Imports) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    let mut way = Vec::new();
    imports.keys().find_map(|module| circle_from(module, imports, &mut way, &mut done))
}

fn circle_from(
    module: &str,
    imports: &Imports,
    way: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(start) = way.iter().position(|before| before == module) {
        return Some(way[start..].to_vec());
    }
    if done.contains(module) {
        return None;
    }
    way.push(module.to_owned());
    let found = imports[module].iter().find_map(|next| circle_from(next, imports, way, done));
    way.pop();
    done.insert(module.to_owned());
    found
}

#[test]
fn no_crate_has_a_circle_among_its_files() {
    let sources = sources();
    assert!(sources.len() > 10, "{sources:?}");
    for source in sources {
        let mut of_crate = Modules::new();
        modules(&source, &source, &mut of_crate);
        let imports = imports(&of_crate);
        if let Some(circle) = circle(&imports) {
            panic!("{}: {} -> {}", source.display(), circle.join(" -> "), circle[0]);
        }
    }
}

#[test]
fn a_circle_is_found() {
    let imports = |pairs: &[(&str, &[&str])]| -> Imports {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs.iter().map(|(module, others)| ((*module).to_owned(), owned(others))).collect()
    };
    let straight = imports(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])]);
    assert_eq!(circle(&straight), None);
    let round = imports(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]);
    assert_eq!(circle(&round), Some(vec!["b".to_owned(), "c".to_owned()]));
}

#[test]
fn imports_are_read_as_they_are_written() {
    let text = "use std::fmt;\nuse super::{echo, chunks::{self, Begun}};\n// use crate::never;\nuse crate::Log;\n\
                use self::inner::Thing as Other;\n#[cfg(test)]\nmod tests {\n    use crate::tested;\n}\n";
    let found = imported("nats::log", text);
    assert_eq!(found, ["nats::echo", "nats::chunks::self", "nats::chunks::Begun", "Log", "nats::log::inner::Thing"]);
    let modules: Modules = ["nats", "nats::chunks"].map(|name| (name.to_owned(), PathBuf::new())).into();
    assert_eq!(module_of("nats::chunks::self", &modules), Some("nats::chunks".to_owned()));
    assert_eq!(module_of("Log", &modules), None);
}
