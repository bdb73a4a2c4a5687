//! Writes the files that are embedded in the binary to the build's output folder, and `files.rs`, which lists them:
//!
//! - the page in `console/`: its modules without comments and needless white space (`script.rs`), which makes them half
//!   as large, so that the page loads in one go on a slow network; its style sheets likewise (`style.rs`);
//! - the pages of Swagger UI, which show the OpenAPI document, from the archive in the crate
//!   `utoipa-swagger-ui-vendored` (`archive.rs`).
//!
//! Every build of Ghostlight waits for this program and its dependencies, so it depends on two small crates only.
#![allow(clippy::print_stdout, reason = "a build script speaks to cargo that way")]

mod archive;
mod script;
mod style;

use std::error::Error;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

/// The files that `/docs/` loads. The archive has more: other bundles of the same program.
const DOCS: [&str; 7] = [
    "favicon-16x16.png",
    "favicon-32x32.png",
    "index.css",
    "index.html",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "swagger-ui.css",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=console");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut console = Folder::new(out.join("console"))?;
    console.add_all(Path::new("console"), "")?;
    let mut docs = Folder::new(out.join("docs"))?;
    for name in DOCS {
        docs.add(name, &archive::unpacked(SWAGGER_UI_VENDORED, &format!("/dist/{name}"))?)?;
    }
    let list = format!("{}{}", console.list("CONSOLE"), docs.list("DOCS"));
    Ok(fs::write(out.join("files.rs"), list)?)
}

/// A folder of files to embed in the binary.
struct Folder {
    path: PathBuf,
    /// A Rust expression for each file.
    listed: Vec<String>,
}

impl Folder {
    /// Makes an empty folder.
    fn new(path: PathBuf) -> Result<Self, Box<dyn Error>> {
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        Ok(Self { path, listed: Vec::new() })
    }

    /// Adds all files of a folder and its subfolders; their names begin with `prefix`.
    fn add_all(&mut self, folder: &Path, prefix: &str) -> Result<(), Box<dyn Error>> {
        let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        // The same sources make the same program on every machine.
        paths.sort();
        for path in paths {
            let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
            if path.is_dir() {
                self.add_all(&path, &format!("{name}/"))?;
            } else if let Some(shorten) = shortener(&path) {
                let short = shorten(&fs::read_to_string(&path)?);
                self.add(&name, short.map_err(|error| format!("{}: {error}", path.display()))?.as_bytes())?;
            } else {
                self.add(&name, &fs::read(&path)?)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&self.path))?;
        fs::write(&path, bytes)?;
        let (media, tag) = (media_type(name)?, format!("\"{:016x}\"", hash(bytes)));
        let bytes = format!("include_bytes!({path:?})");
        self.listed.push(format!("File {{ name: {name:?}, media_type: {media:?}, tag: {tag:?}, bytes: {bytes} }}"));
        Ok(())
    }

    /// The source of a constant with all of the files.
    fn list(&self, name: &str) -> String {
        let mut list = format!("pub(crate) const {name}: &[File] = &[\n");
        for file in &self.listed {
            let _ = writeln!(list, "    {file},");
        }
        list + "];\n"
    }
}

/// Shortens a text, or returns what is wrong with it.
type Shorten = fn(&str) -> Result<String, String>;

/// The function that shortens files of this type, if there is one.
fn shortener(path: &Path) -> Option<Shorten> {
    match path.extension()?.to_str()? {
        "js" => Some(script::shortened),
        "css" => Some(style::shortened),
        _ => None,
    }
}

/// The media type of a file, by its extension.
fn media_type(name: &str) -> Result<&'static str, Box<dyn Error>> {
    Ok(match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => {
            return Err(
                format!("{name}: add the media type of this extension in services/gateway/build/main.rs").into()
            );
        }
    })
}

/// A hash of the content. It may differ between compiler versions: browsers then fetch the files once more.
fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
