//! The bus within one process.

mod echo;
mod log;

pub use echo::MemoryEcho;
pub use log::MemoryLog;
