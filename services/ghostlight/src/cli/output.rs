//! What the commands print, and how.

use std::fmt;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

/// For what stands beside the matter: heads, times.
pub const FAINT: Style = Style::new().dimmed();
/// For names of clients.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// For complaints.
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Says on the standard error what went wrong.
pub fn complain(problem: fmt::Arguments<'_>) {
    // If nobody reads the standard error, there is nobody left to tell.
    let _ = writeln!(anstream::stderr(), "{BAD}error:{BAD:#} {problem}");
}

/// Says on the standard error what is going on.
pub fn remark(remark: fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{FAINT}{remark}{FAINT:#}");
}

/// Whether to go on after something was written: a reader that has gone away, as `head` does, is an end and no error.
///
/// # Errors
/// Any other.
pub fn ended(written: io::Result<()>) -> io::Result<bool> {
    match written {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        Err(error) => Err(error),
    }
}
