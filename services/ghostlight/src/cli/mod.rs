//! The client commands: `set`, `get`, `say`, `words`, `watch`, `bench`, `check` and `top`.
//!
//! Each command has its arguments and a `run`. They reach a gateway through [`ghostlight_client`] or its HTTP interface, as
//! any other client does; `top` asks the admin listeners instead. Results go to the standard output, remarks and errors to the standard
//! error.

pub mod adopt;
mod api;
pub mod backup;
pub mod bench;
pub mod check;
pub mod get;
pub mod levels;
pub mod output;
pub mod say;
pub mod set;
pub mod target;
pub mod top;
pub mod watch;
pub mod words;
