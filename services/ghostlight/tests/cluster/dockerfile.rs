//! The Dockerfile: what it does to build the program, done without a container, and what it promises of the image.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::files::{deploy, text};

/// The user and the group that the image runs as.
pub(crate) const USER: &str = "65532:65532";

/// The C library of the image.
const GLIBC: (u32, u32) = (2, 36);

/// What the instructions of one name say, each whole.
fn said(wanted: &str) -> Vec<String> {
    let text = text("Dockerfile");
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let whole = lines.join("\n").replace("\\\n", " ");
    let instructions = whole.lines().filter_map(|line| line.split_once(' '));
    instructions.filter(|(name, _)| *name == wanted).map(|(_, rest)| rest.trim().to_owned()).collect()
}

/// The files of the repository, and those of them that go into the build: all but what `.dockerignore` names. It has no
/// pattern that git would read otherwise.
fn files(root: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let list = |args: &[&str]| -> BTreeSet<String> {
        let listed = Command::new("git").arg("ls-files").args(args).current_dir(root).output().unwrap();
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
    };
    let all = list(&["--cached"]);
    let given = &all - &list(&["--cached", "--ignored", "--exclude-from=.dockerignore"]);
    (all, given)
}

/// The newest version of the C library that a program asks for.
fn glibc(program: &Path) -> Option<(u32, u32)> {
    let output =
        Command::new("objdump").arg("-T").arg(program).output().expect("objdump, which comes with a C compiler");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let versions = output.split("GLIBC_").skip(1).filter_map(|rest| {
        let version = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut parts = version.split('.').map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    });
    versions.max()
}

/// The folders of the packages that the program is made of.
fn packages(root: &Path) -> Vec<String> {
    let args = ["tree", "--package", "ghostlight", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
    let cargo =
        Command::new(env!("CARGO")).args(args).args(["--locked", "--offline"]).current_dir(root).output().unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let ours = format!("({}/", root.display());
    let tree = String::from_utf8(cargo.stdout).unwrap();
    let folders =
        tree.lines().filter_map(|line| Some(line.split_once(&ours)?.1.trim_end_matches(')').to_owned() + "/"));
    folders.collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn its_build_is_given_all_that_the_program_is_made_of() {
    let root = fs::canonicalize(deploy("..")).unwrap();
    let ((all, given), packages) = (files(&root), packages(&root));
    assert!(packages.len() > 10 && packages.contains(&"proto/".to_owned()), "{packages:?}");
    let is_source = |file: &&String| {
        let in_package = packages.iter().find_map(|folder| file.strip_prefix(folder.as_str()));
        let is_built = |file: &str| !file.starts_with("tests/") && !file.starts_with("fuzz/") && !file.ends_with(".md");
        in_package.is_some_and(is_built)
            || file.starts_with("migrations/")
            || ["Cargo.toml", "Cargo.lock"].contains(&file.as_str())
    };
    let used: Vec<_> = all.iter().filter(is_source).collect();
    assert!(used.len() > 200 && used.iter().any(|file| file.ends_with("console.js")), "{used:?}");
    for file in used {
        assert!(given.contains(file), "{file} is not given to the image's build");
    }
    let crates = given.iter().filter(|file| file.ends_with("/Cargo.toml")).count();
    let members = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = members.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
    assert_eq!(crates, members.matches('"').count() / 2, "a workspace is built with all its members");
    assert!(!given.contains("deploy/Dockerfile") && !given.contains("README.md"), "what changes nothing is left out");
}

/// The command that builds is run with a cargo that only says how it was called: a build would take as long as all these
/// tests do.
#[test]
fn it_builds_the_program_and_starts_it() {
    let folder = tempfile::tempdir().unwrap();
    let (image, cargo) = (folder.path().join("image"), folder.path().join("cargo"));
    let makes = format!("mkdir -p {0}/bin && touch {0}/bin/ghostlight", image.display());
    fs::write(&cargo, format!("#!/bin/sh\necho \"$@\"\n{makes}\n")).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let [run] = &said("RUN")[..] else { panic!("one command builds") };
    let words = run.split_whitespace().filter(|word| !word.starts_with("--mount="));
    let command = words.collect::<Vec<_>>().join(" ").replace("/image", image.to_str().unwrap());
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let root = deploy("..");
    let built =
        Command::new("sh").args(["-ec", &command]).env("PATH", path).env("PROFILE", "dist").current_dir(&root).output();
    let built = built.unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let called = String::from_utf8(built.stdout).unwrap();
    let wanted =
        format!("install --locked --path services/ghostlight --profile dist --root {} --no-track", image.display());
    assert_eq!(called.trim(), wanted);
    assert!(fs::read_to_string(root.join("Cargo.toml")).unwrap().contains("[profile.dist]"));

    let [all, program] = &said("COPY")[..] else { panic!("the sources, and the program") };
    assert_eq!(all, ". .");
    let (from, to) = program.strip_prefix("--from=build ").unwrap().split_once(' ').unwrap();
    assert!(image.join(from.strip_prefix("/image/").unwrap()).is_file(), "{from} is what was built");
    assert_eq!(said("ENTRYPOINT"), [format!("[\"{to}\"]")]);
    let program = Path::new(env!("CARGO_BIN_EXE_ghostlight"));
    assert!(glibc(program).is_some_and(|wanted| wanted <= GLIBC), "{:?}", glibc(program));
}

#[test]
fn the_image_is_the_same_whenever_and_wherever_it_is_built() {
    for base in said("FROM") {
        let image = base.split(' ').next().unwrap();
        let (_, version) = image.rsplit_once(':').unwrap_or_else(|| panic!("{image} has no version"));
        assert_ne!(version, "latest");
        assert!(!base.contains("--platform"), "it is for every kind of processor");
    }
    let arguments = said("ARG");
    assert!(arguments.contains(&"PROFILE=dist".to_owned()), "{arguments:?}");
    assert!(said("RUN")[0].contains("--locked"));
    assert_eq!(said("USER"), [USER]);
}
