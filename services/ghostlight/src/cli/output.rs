//! How the commands print.

use std::fmt;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

/// For secondary text: heads, times.
pub const FAINT: Style = Style::new().dimmed();
/// For names of clients.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// For errors.
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Prints an error on the standard error.
pub fn complain(problem: fmt::Arguments<'_>) {
    // If the standard error cannot be written, the message is lost.
    let _ = writeln!(anstream::stderr(), "{BAD}error:{BAD:#} {problem}");
}

/// Prints a remark on the standard error.
pub fn remark(remark: fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{FAINT}{remark}{FAINT:#}");
}

/// Whether the output has ended: a reader that has closed the pipe, as `head` does, is an end and not an error.
///
/// # Errors
/// Any other error of writing.
pub fn ended(written: io::Result<()>) -> io::Result<bool> {
    match written {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        Err(error) => Err(error),
    }
}
