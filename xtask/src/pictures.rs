//! The README's pictures of the page. The tests that check what they show take them.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::steps::{Step, root};

/// The folder that the README refers to.
const FOLDER: &str = ".github/pictures";

/// The pictures for the README: screen and state.
const SHOWN: [&str; 4] = ["desk-live.png", "desk-held.png", "phone-live.png", "phone-blackout.png"];

/// Takes a picture of every screen in every state, and copies the best into the README's folder. All of them stay in
/// `target/pictures`.
pub(crate) fn pictures() -> anyhow::Result<()> {
    let all = root().join("target/pictures");
    fs::create_dir_all(&all).with_context(|| all.display().to_string())?;
    let test = Step::cargo(["test", "--package", "ghostlight", "--test", "browser", "--", "pictures"]);
    test.env("GHOSTLIGHT_PICTURES", all.to_string_lossy()).run()?;
    let shown = root().join(FOLDER);
    fs::create_dir_all(&shown).with_context(|| shown.display().to_string())?;
    for name in SHOWN {
        copy(&all.join(name), &shown.join(name))?;
    }
    println!("\nThe README's pictures are in {FOLDER}, all others in target/pictures.");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to).with_context(|| format!("{} to {}", from.display(), to.display()))?;
    Ok(())
}
