//! How the commands print.

use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

/// For secondary text: heads, times.
pub const FAINT: Style = Style::new().dimmed();
/// For names of clients.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// For errors.
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// How long the standard error may take to take an error, before the process ends without that.
const COMPLAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Prints an error on the standard error. If that takes nothing, as a stopped terminal does, the message is lost after a
/// second.
pub fn complain(problem: fmt::Arguments<'_>) {
    let text = format!("{BAD}error:{BAD:#} {problem}\n");
    let (done, is_done) = sync_channel(1);
    let print = move || {
        let _ = anstream::stderr().write_all(text.as_bytes());
        let _ = done.send(());
    };
    if thread::Builder::new().spawn(print).is_ok() {
        let _ = is_done.recv_timeout(COMPLAIN_TIMEOUT);
    }
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
