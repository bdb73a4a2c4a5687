//! The real program on real sockets: each test starts the binary on a free port with a folder of its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod asking;
mod replica;
mod support;

mod backup;
mod cli;
mod client;
mod closing;
mod conditional;
mod connections;
mod crash;
mod described;
mod drain;
mod environment;
mod http;
mod kinds;
mod late;
mod limits;
mod openapi;
mod order;
mod origins;
mod places;
mod presence;
mod readme;
mod replaced;
mod rigs;
mod shutdown;
mod slow;
mod sockets;
mod sse;
mod state;
mod store_faults;
mod stuck_output;
mod top;
mod undo;
mod unknown;
mod words;
mod words_cli;
