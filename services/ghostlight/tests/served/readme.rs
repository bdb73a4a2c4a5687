//! The README's examples, run as they stand.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Served, folder};

/// A command and the output that it shows; `…` stands for whatever follows in its line.
struct Example {
    command: String,
    output: Vec<String>,
}

fn examples(readme: &str) -> Vec<Example> {
    let blocks = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut examples: Vec<Example> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match line.strip_prefix("$ ") {
            Some(command) => examples.push(Example { command: command.to_owned(), output: Vec::new() }),
            None => examples.last_mut().unwrap().output.push(line.to_owned()),
        }
    }
    examples
}

/// Runs a command in a folder.
fn run(command: &str, served: &Served, folder: &Path) -> String {
    let binaries = Path::new(env!("CARGO_BIN_EXE_ghostlight")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(PathBuf::from(binaries)).chain(std::env::split_paths(&path));
    let output = Command::new("sh")
        .args(["-c", &command.replace("127.0.0.1:8080", &served.address.to_string())])
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("GHOSTLIGHT_URL", served.url(""))
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_shows_what_it_says() {
    let readme = include_str!("../../../../README.md");
    let examples = examples(readme);
    assert!(examples.len() >= 5);
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for Example { command, output } in examples {
        let shown = run(&command, &served, &path);
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), output.len(), "{command}: {shown}");
        for (line, expected) in lines.iter().zip(&output) {
            match expected.strip_suffix('…') {
                Some(beginning) => assert!(line.starts_with(beginning), "{command}: {line}"),
                None => assert_eq!(line, expected, "{command}"),
            }
        }
    }
}

/// What the README gives to `ghostlight bench` is what that takes.
#[test]
fn bench_has_the_options_of_the_readme() {
    let help = Command::new(env!("CARGO_BIN_EXE_ghostlight")).args(["bench", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let readme = include_str!("../../../../README.md");
    let (_, section) = readme.split_once("## How fast it is here").unwrap();
    let options: Vec<_> =
        section.split(|c: char| c.is_whitespace() || c == '`').filter(|word| word.starts_with("--")).collect();
    assert!(options.contains(&"--nats"), "{options:?}");
    for option in options {
        assert!(help.contains(&format!("{option} ")) || help.contains(&format!("{option}\n")), "{option}: {help}");
    }
}

/// The first screen's command is what starts the server with no arguments: its address and its store are the defaults.
#[test]
fn the_defaults_are_what_the_readme_says() {
    let help = Command::new(env!("CARGO_BIN_EXE_ghostlight")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for default in ["127.0.0.1:8080", "sqlite:ghostlight.db", "full"] {
        assert!(help.contains(&format!("[default: {default}]")), "{default}: {help}");
    }
}
