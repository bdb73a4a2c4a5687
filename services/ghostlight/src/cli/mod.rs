//! The client commands: `set`, `get`, `say`, `words`, `watch`, `rigs`, `export`, `import`, `bench`, `check` and `top`.
//!
//! Each command has its arguments and a `run`. They reach a gateway through [`ghostlight_client`], as any other client does;
//! `top` asks the admin listeners instead. Results go to the standard output, remarks and
//! errors to the standard error.

pub mod adopt;
pub mod backup;
pub mod bench;
pub mod check;
pub mod export;
pub mod get;
pub mod levels;
pub mod output;
pub mod rigs;
pub mod say;
pub mod set;
pub mod target;
pub mod top;
pub mod watch;
pub mod words;
