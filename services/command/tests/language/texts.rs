//! Texts with what they mean, or with why they are refused: the tables in `tests/texts`.
//!
//! A block is a text, and below it what is told of it (see `support`). In a text, `\n` is a new line, and `\t` a tab.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::Given;

/// The least number of different texts in all tables together.
const MIN_TEXTS: usize = 250;

pub(crate) struct Block {
    file: String,
    pub(crate) text: String,
    pub(crate) told: String,
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/texts"))
}

/// The blocks of all tables.
pub(crate) fn blocks() -> Vec<Block> {
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let read = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let content = std::fs::read_to_string(file).unwrap();
        let blocks = content.split("\n\n").filter(|block| !block.trim_start().starts_with('#'));
        let block = |block: &str| {
            let (text, told) = block.trim_start_matches('\n').split_once('\n').unwrap();
            let told = format!("{}\n", told.trim_end());
            Block { file: name.clone(), text: text.replace("\\n", "\n").replace("\\t", "\t"), told }
        };
        blocks.map(block).collect::<Vec<_>>()
    };
    files.iter().flat_map(read).collect()
}

/// The rig that the tables are about.
pub(crate) fn given() -> Given {
    Given::read(&std::fs::read_to_string(folder().join("rig.given")).unwrap())
}

#[test]
fn every_text_means_what_its_table_says() {
    let (given, blocks) = (given(), blocks());
    let differs = |block: &&Block| given.told(&block.text) != block.told;
    let wrong: Vec<_> = blocks
        .iter()
        .filter(differs)
        .map(|block| {
            format!("{}: {}\n{}but the table says\n{}", block.file, block.text, given.told(&block.text), block.told)
        })
        .collect();
    assert!(wrong.is_empty(), "{} texts:\n{}", wrong.len(), wrong.join("\n"));
    let texts: BTreeSet<_> = blocks.iter().map(|block| &block.text).collect();
    assert!(texts.len() >= MIN_TEXTS, "{} texts", texts.len());
}
