//! Why a peer cannot be used.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::protocol::ProtocolError;

/// A peer that cannot be used.
#[derive(Debug, Error)]
pub enum PeerError {
    /// Its folder has no `peer.toml` that can be read.
    #[error("{}: {why}", file.display())]
    Recipe {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A program that it needs is not there.
    #[error("{peer} needs {}, which is not there: {remedy}", program.display())]
    Missing {
        /// The peer.
        peer: String,
        /// The program.
        program: PathBuf,
        /// What installs it.
        remedy: String,
    },
    /// It did not answer in time, or ended.
    #[error("{peer} {what}; it said:\n{said}")]
    Dead {
        /// The peer.
        peer: String,
        /// What happened.
        what: String,
        /// The end of its output.
        said: String,
    },
    /// A file or a connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It breaks its protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
}
