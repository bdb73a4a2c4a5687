//! What is wrong with what came in.

use std::fmt;

/// Up to this many faults are named; the rest is counted.
pub const MAX_FAULTS: usize = 20;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key it is at, cut to 40 characters.
    pub key: String,
    /// What is wrong there.
    pub problem: String,
}

impl Fault {
    pub(crate) fn new(key: &str, problem: impl fmt::Display) -> Self {
        const SHOWN: usize = 40;
        let mut key: String = key.chars().take(SHOWN + 1).collect();
        if key.chars().count() > SHOWN {
            key.pop();
            key.push('…');
        }
        Self { key, problem: problem.to_string() }
    }
}

/// Why input was refused, as a whole: one bad dimmer or level refuses all of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadInput {
    /// Not JSON, or not of the right form.
    #[error("{0}")]
    Form(String),
    /// Dimmers, levels or other values that are none.
    #[error("{}", describe(.faults, *.more))]
    Levels {
        /// The first [`MAX_FAULTS`].
        faults: Vec<Fault>,
        /// How many more there are.
        more: usize,
    },
}

/// Why a message of a server, or of a gateway to others, was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is of a type that this version does not know, and is to be passed over: a newer version has more to say.
    #[error("unknown type {0:?}")]
    UnknownType(String),
    /// It is of a known type, or of none, and is bad.
    #[error(transparent)]
    Bad(#[from] BadInput),
}

/// The faults that were found so far: the first are named, the rest is counted.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    faults: Vec<Fault>,
    more: usize,
}

impl Faults {
    pub(crate) fn add(&mut self, key: &str, problem: impl fmt::Display) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault::new(key, problem));
        } else {
            self.more += 1;
        }
    }

    /// What was read, if nothing was wrong with it.
    pub(crate) fn none_or<T>(self, read: T) -> Result<T, BadInput> {
        if self.faults.is_empty() { Ok(read) } else { Err(BadInput::Levels { faults: self.faults, more: self.more }) }
    }
}

impl BadInput {
    /// A problem with the form. If it quotes a long input, the middle is left out: nobody gets a megabyte back.
    pub(crate) fn form(problem: impl fmt::Display) -> Self {
        const HEAD: usize = 160;
        const TAIL: usize = 40;
        let problem = problem.to_string();
        let length = problem.chars().count();
        if length <= HEAD + TAIL {
            return Self::Form(problem);
        }
        let head = problem.chars().take(HEAD);
        let tail = problem.chars().skip(length - TAIL);
        Self::Form(head.chain(['…']).chain(tail).collect())
    }
}

/// Refuses what is in square brackets: serde would read the values of a message's fields in a row as that message.
pub(crate) fn refuse_array(json: &[u8]) -> Result<(), BadInput> {
    if json.trim_ascii_start().starts_with(b"[") { Err(BadInput::form("a message is an object")) } else { Ok(()) }
}

impl From<serde_json::Error> for BadInput {
    fn from(error: serde_json::Error) -> Self {
        Self::form(error)
    }
}

fn describe(faults: &[Fault], more: usize) -> String {
    let mut text: Vec<_> = faults.iter().map(|fault| format!("{:?}: {}", fault.key, fault.problem)).collect();
    if more > 0 {
        text.push(format!("and {more} more"));
    }
    text.join("; ")
}
