//! Makes the page's files ready to be carried in the binary: its modules lose their comments, types and white space,
//! which is half of them. The page loads in one go on a phone in a cellar, and its sources need not count their words.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=console");
    let made = PathBuf::from(env::var("OUT_DIR")?).join("console");
    if made.exists() {
        fs::remove_dir_all(&made)?;
    }
    make(Path::new("console"), &made)
}

/// Makes all files of a folder.
fn make(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let from = entry?.path();
        let to = to.join(from.file_name().unwrap_or_default());
        if from.is_dir() {
            make(&from, &to)?;
        } else if from.extension().is_some_and(|kind| kind == "js") {
            fs::write(to, short(&from)?)?;
        } else {
            fs::copy(&from, to)?;
        }
    }
    Ok(())
}

/// A module's code, and nothing else.
fn short(file: &Path) -> Result<String, Box<dyn Error>> {
    let source = fs::read_to_string(file)?;
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, &source, SourceType::mjs()).parse();
    if let Some(error) = parsed.diagnostics.first() {
        return Err(format!("{}: {error}", file.display()).into());
    }
    Ok(Codegen::new().with_options(CodegenOptions::minify()).build(&parsed.program).code)
}
