//! The files of a crate do not import each other in a circle.
//!
//! The imports are read as text: the paths in `use` statements outside unit tests. A path stands for the file that
//! defines what it names: if a file on the way only re-exports the name, or imports it for its submodules, its own `use`
//! statement is followed. So `use crate::Level` stands for `level.rs`, which `lib.rs` re-exports. `lib.rs` and `main.rs`
//! are followed, but left out of the circles, because they only assemble; what they define themselves counts for no
//! file. For the same reason a re-export is no import of the file that has it. Macros are not expanded.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The path of the crate's root, which is `lib.rs`, or `main.rs` in a program.
const ROOT: &str = "";

/// The modules of a crate by their paths, as in `nats::echo`.
type Modules = BTreeMap<String, Module>;

/// Which modules each module imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// What the `use` statements of a file say. All paths begin at the crate's root.
#[derive(Debug, Default, PartialEq, Eq)]
struct Module {
    /// The paths that it imports for itself.
    imported: Vec<String>,
    /// The path of each name that it imports or re-exports, by the name.
    names: BTreeMap<String, String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The source folders of the crates.
fn sources() -> Vec<PathBuf> {
    let services = std::fs::read_dir(root().join("services")).unwrap().map(|service| service.unwrap().path());
    let crates = services.chain(["proto", "xtask"].map(|name| root().join(name)));
    crates.map(|folder| folder.join("src")).filter(|source| source.is_dir()).collect()
}

/// The texts of the modules below a folder, by their paths.
fn texts(source: &Path, folder: &Path, into: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            texts(source, &entry, into);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let path = entry.strip_prefix(source).unwrap().with_extension("");
            let names: Vec<_> = path.iter().map(|name| name.to_str().unwrap()).filter(|name| *name != "mod").collect();
            let module = if names == ["lib"] || names == ["main"] { ROOT.to_owned() } else { names.join("::") };
            // A crate with both has two roots; their names are looked up in both.
            into.entry(module).or_default().push_str(&std::fs::read_to_string(entry).unwrap());
        }
    }
}

/// The modules of a crate whose files have these texts.
fn modules(texts: &BTreeMap<String, String>) -> Modules {
    texts.iter().map(|(path, text)| (path.clone(), module(path, text, texts))).collect()
}

/// The statements of a text, outside unit tests, that import something: what is before `use`, and the tree after it.
fn statements(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let starts = text.match_indices("use ").filter_map(|(at, _)| {
        let line = text[..at].rsplit('\n').next().unwrap().trim();
        let is_statement = line.is_empty() || (line.starts_with("pub") && line.split_whitespace().count() == 1);
        is_statement.then_some((line, &text[at + "use ".len()..]))
    });
    starts.filter_map(|(before, rest)| Some((before, rest.split_once(';')?.0)))
}

/// What the `use` statements of a module say.
fn module(path: &str, text: &str, texts: &BTreeMap<String, String>) -> Module {
    let mut module = Module::default();
    for (before, tree) in statements(text) {
        for (used, name) in paths(tree) {
            let Some(used) = absolute(path, &used, texts) else { continue };
            if before.is_empty() {
                module.imported.push(used.clone());
            }
            module.names.insert(name, used);
        }
    }
    module
}

/// The paths in a tree of imports, and the names that they get: `a::{b, c::d as e}` names `a::b` `b`, and `a::c::d` `e`.
fn paths(tree: &str) -> Vec<(String, String)> {
    let tree = tree.trim();
    let Some((before, group)) = tree.split_once('{') else {
        let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
        let path = path.trim().strip_suffix("::self").unwrap_or(path.trim());
        let name = if alias.is_empty() { path.rsplit("::").next().unwrap() } else { alias.trim() };
        return vec![(path.to_owned(), name.to_owned())];
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
    members.flat_map(|member| paths(&format!("{before}{}", member.trim()))).collect()
}

/// A path of a module as one from the crate's root; `None` if it leads into another crate.
fn absolute(module: &str, path: &str, texts: &BTreeMap<String, String>) -> Option<String> {
    let mut base: Vec<&str> = module.split("::").filter(|name| !name.is_empty()).collect();
    let mut rest: Vec<&str> = path.split("::").collect();
    let is_submodule = texts.contains_key(&[&base[..], &rest[..1]].concat().join("::"));
    if !is_submodule && !["crate", "super", "self"].contains(&rest[0]) {
        return None;
    }
    while let Some(first) = rest.first().copied() {
        match first {
            "crate" => base.clear(),
            "super" => drop(base.pop()),
            "self" => {}
            _ => break,
        }
        rest.remove(0);
    }
    base.extend(rest);
    Some(base.join("::"))
}

/// The module that defines what a path names; `None` if that is the root.
fn defined_in(path: &str, modules: &Modules) -> Option<String> {
    let mut path = path.to_owned();
    // No name is re-exported through more files than there are.
    for _ in 0..=modules.len() {
        let names: Vec<_> = path.split("::").collect();
        let prefixes = (0..=names.len()).rev().map(|length| (names[..length].join("::"), &names[length..]));
        let (module, rest) = prefixes.into_iter().find(|(module, _)| modules.contains_key(module))?;
        let Some(further) = rest.first().and_then(|name| modules[&module].names.get(*name)) else {
            return Some(module).filter(|module| module != ROOT);
        };
        path = [&[further.as_str()], &rest[1..]].concat().join("::");
    }
    panic!("{path} is re-exported in a circle")
}

fn imports(modules: &Modules) -> Imports {
    let of = |(path, module): (&String, &Module)| {
        let others = module.imported.iter().filter_map(|used| defined_in(used, modules));
        (path.clone(), others.filter(|other| other != path).collect())
    };
    modules.iter().filter(|(path, _)| *path != ROOT).map(of).collect()
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
        let mut of_crate = BTreeMap::new();
        texts(&source, &source, &mut of_crate);
        let imports = imports(&modules(&of_crate));
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

/// The modules of a crate with these files.
fn crate_of(files: &[(&str, &str)]) -> Modules {
    modules(&files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
}

#[test]
fn imports_are_read_as_they_are_written() {
    let log = "use std::fmt;\nuse super::{echo, chunks::{self, Begun}};\n// use crate::never;\npub use crate::Log;\n\
               use self::inner::Thing as Other;\nuse inner::Deep;\nlet text = \"because self::x;\";\n\
               #[cfg(test)]\nmod tests {\n    use crate::tested;\n}\n";
    let modules = crate_of(&[("nats::log", log), ("nats::log::inner", "")]);
    let log = &modules["nats::log"];
    let inner = ["nats::log::inner::Thing", "nats::log::inner::Deep"];
    assert_eq!(log.imported[..3], ["nats::echo", "nats::chunks", "nats::chunks::Begun"]);
    assert_eq!(log.imported[3..], inner);
    let names = [("Begun", "nats::chunks::Begun"), ("Deep", inner[1]), ("Log", "Log"), ("Other", inner[0])];
    let names = names.into_iter().chain([("chunks", "nats::chunks"), ("echo", "nats::echo")]);
    assert_eq!(log.names, names.map(|(name, path)| (name.to_owned(), path.to_owned())).collect());
}

#[test]
fn a_name_stands_for_the_file_that_defines_it() {
    let modules = crate_of(&[
        (ROOT, "mod level;\npub use level::Level;\npub use nats::{NatsLog as Log, inner};\npub const MAX: u8 = 1;"),
        ("level", ""),
        ("nats", "mod log;\npub use log::NatsLog;\nuse log::Private;\npub struct Own;"),
        ("nats::log", ""),
        ("nats::inner", ""),
    ]);
    for (path, file) in [
        ("Level", Some("level")),
        ("Level::new", Some("level")),
        ("level::Level", Some("level")),
        ("Log", Some("nats::log")),
        ("nats::Private", Some("nats::log")),
        ("nats::Own", Some("nats")),
        ("inner::Thing", Some("nats::inner")),
        ("MAX", None),
    ] {
        assert_eq!(defined_in(path, &modules).as_deref(), file, "{path}");
    }
}

#[test]
fn a_circle_through_a_re_export_is_found() {
    let files = [
        (ROOT, "pub use digest::Digest;\npub use kinds::Kind;"),
        ("digest", "use crate::Kind;"),
        ("kinds", "pub use kind::Kind;\npub use flag::Flag;"),
        ("kinds::flag", "use super::Kind;"),
        ("kinds::kind", "use crate::Digest;"),
    ];
    let found = circle(&imports(&crate_of(&files)));
    assert_eq!(found, Some(vec!["digest".to_owned(), "kinds::kind".to_owned()]));
    let mut straight = files;
    straight[1].1 = "";
    assert_eq!(circle(&imports(&crate_of(&straight))), None);
}
