//! `ghostlight words`: lists and changes the words of a rig.

mod csv;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use ghostlight_client::{AddressError, ApiError};
use ghostlight_proto::{WordsText, parse_words, without_byte_order_mark};
use ghostlight_rig::Word;

use super::export::read;
use super::levels::{look, written_look};
use super::output::{self, FAINT};
use super::target::{self, EX_USAGE, Target};

/// List, set, export and import the words of a rig
///
/// A word names a look, levels of dimmers: `wash` may be 1 at 100 % and 2 at 80 %. Words are compared in NFC and case-folded, and
/// may be phrases.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight words list --prefix fr
  ghostlight words set 'front wash' 1=100 3-10=80
  ghostlight words delete 'front wash'
  ghostlight words export words.csv
  ghostlight words import words.json    all words at once; others are gone

Exit codes:
  0 done   1 refused or failed   64 wrong use   69 no server answers")]
pub struct WordsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the words and their looks
    List {
        /// Only words that begin with this
        #[arg(long, default_value = "", value_name = "TEXT")]
        prefix: String,
        #[command(flatten)]
        target: Target,
    },
    /// Set the look of a word; the look that it had is gone
    Set {
        /// The word or phrase
        #[arg(value_parser = Word::new)]
        word: Word,
        /// The levels of the look: 1=100, 3-10=80
        #[arg(value_name = "DIMMERS=LEVEL")]
        levels: Vec<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Remove words
    Delete {
        /// The words or phrases
        #[arg(required = true, value_parser = Word::new)]
        words: Vec<Word>,
        #[command(flatten)]
        target: Target,
    },
    /// Write all words into a file, or to the standard output
    Export {
        /// The file
        file: Option<PathBuf>,
        /// The format [default: that of the file's name, or json]
        #[arg(long)]
        format: Option<Format>,
        #[command(flatten)]
        target: Target,
    },
    /// Set all words at once from a file, or from the standard input with -
    Import {
        /// The file
        file: PathBuf,
        /// The format [default: that of the file's name, or json]
        #[arg(long)]
        format: Option<Format>,
        #[command(flatten)]
        target: Target,
    },
}

/// The format of a file of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One object: {"wash": {"1": 100}}
    Json,
    /// A line for each dimmer of a word: word,dimmer,level
    Csv,
}

/// Why a command ended without success.
enum Failed {
    Api(ApiError),
    /// What was wrong with the arguments or the file.
    Input(String, u8),
    Other(anyhow::Error),
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<AddressError> for Failed {
    fn from(error: AddressError) -> Self {
        Self::Api(error.into())
    }
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Runs the command.
///
/// # Errors
/// If the standard output or a file cannot be read or written.
pub async fn run(args: WordsArgs) -> anyhow::Result<ExitCode> {
    let ended = match args.command {
        Command::List { prefix, target } => list(&prefix, target).await,
        Command::Set { word, levels, target } => set(&word, &levels, target).await,
        Command::Delete { words, target } => delete(&words, target).await,
        Command::Export { file, format, target } => export(file, format, target).await,
        Command::Import { file, format, target } => import(&file, format, target).await,
    };
    match ended {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Failed::Api(error)) => Ok(target::complain(&error)),
        Err(Failed::Input(problem, code)) => {
            output::complain(format_args!("{problem}"));
            Ok(ExitCode::from(code))
        }
        Err(Failed::Other(error)) => Err(error),
    }
}

async fn list(prefix: &str, target: Target) -> Result<(), Failed> {
    let words = target.api()?.words(&target.rig, prefix).await?;
    let mut out = anstream::stdout().lock();
    let mut write =
        || words.iter().try_for_each(|(word, look)| writeln!(out, "{word}  {FAINT}{}{FAINT:#}", written_look(look)));
    output::ended(write())?;
    if words.is_empty() {
        output::remark(format_args!("no words{}", if prefix.is_empty() { "" } else { " begin so" }));
    }
    Ok(())
}

async fn set(word: &Word, levels: &[String], target: Target) -> Result<(), Failed> {
    let look = look(&levels.join(",")).map_err(|problem| Failed::Input(problem, EX_USAGE))?;
    Ok(target.api()?.set_word(&target.rig, word, &look).await?)
}

async fn delete(words: &[Word], target: Target) -> Result<(), Failed> {
    let api = target.api()?;
    for word in words {
        api.delete_word(&target.rig, word).await?;
    }
    Ok(())
}

async fn export(file: Option<PathBuf>, format: Option<Format>, target: Target) -> Result<(), Failed> {
    let words = target.api()?.words(&target.rig, "").await?;
    let text = match format.unwrap_or_else(|| format_of(file.as_deref())) {
        Format::Json => serde_json::to_string(&WordsText(words.iter().collect())).expect("words are JSON") + "\n",
        Format::Csv => csv::write(&words),
    };
    match file {
        Some(file) => std::fs::write(file, text)?,
        None => drop(output::ended(std::io::stdout().write_all(text.as_bytes()))?),
    }
    Ok(())
}

async fn import(file: &Path, format: Option<Format>, target: Target) -> Result<(), Failed> {
    let bad = |problem: String| Failed::Input(format!("{}: {problem}", file.display()), 1);
    let text = read(file).map_err(|error| bad(error.to_string()))?;
    let text = std::str::from_utf8(without_byte_order_mark(&text)).map_err(|error| bad(error.to_string()))?;
    let words: BTreeMap<_, _> = match format.unwrap_or_else(|| format_of(Some(file))) {
        Format::Json => parse_words(text.as_bytes()).map_err(|error| bad(error.to_string()))?,
        Format::Csv => csv::read(text).map_err(bad)?.into_iter().collect(),
    };
    target.api()?.set_words(&target.rig, &words).await?;
    output::remark(format_args!("the rig has {} now", crate::greeting::count(words.len(), "word")));
    Ok(())
}

/// The format that the name of a file tells.
fn format_of(file: Option<&Path>) -> Format {
    let is_csv = file.and_then(Path::extension).is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    if is_csv { Format::Csv } else { Format::Json }
}
