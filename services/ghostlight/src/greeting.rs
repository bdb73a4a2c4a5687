//! What a server prints on its standard output at the start.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::args::StateArgs;
use crate::state_role::Standing;

/// The most texts that wait to be printed: a start has two.
const MAX_QUEUED_TEXTS: usize = 2;

/// Prints at the start of a server. The server does not depend on it: a thread of its own prints, because a stopped
/// terminal or an unread pipe would make the server wait, and the server goes on if nothing can be printed.
pub(crate) struct Greeting(SyncSender<String>);

impl Greeting {
    /// Starts the thread that prints.
    ///
    /// # Errors
    /// The system's error, if there can be no thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, texts) = sync_channel(MAX_QUEUED_TEXTS);
        thread::Builder::new().name("greeting".to_owned()).spawn(move || print_all(&texts))?;
        Ok(Self(sender))
    }

    /// Prints a text. Never waits.
    pub(crate) fn print(&self, text: String) {
        // If the thread has ended, it has logged why.
        let _ = self.0.try_send(text);
    }
}

fn print_all(texts: &Receiver<String>) {
    for text in texts {
        let printed = io::stdout().write_all(text.as_bytes());
        match printed {
            Ok(()) => {}
            // The reader has closed the pipe, as `head` does.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return,
            Err(error) => {
                tracing::warn!(%error, "the start lines could not be printed on the standard output");
                return;
            }
        }
    }
}

/// The lines with the addresses, for a person. The first line is also for scripts: it has the address, with port 0
/// resolved.
pub(crate) fn addresses(listen: Option<SocketAddr>, admin: Option<SocketAddr>) -> String {
    let mut lines = listen.map_or_else(
        || "Ghostlight's state service starts\n".to_owned(),
        |address| {
            format!(
                "Ghostlight listens on http://{address}/\n  console    open that address in a browser; the interface is \
                 described at http://{address}/docs\n"
            )
        },
    );
    if let Some(admin) = admin {
        let paths = "metrics, health and the log's filter at";
        writeln!(lines, "  admin      {paths} http://{admin}/metrics, /readyz, /log").expect("a string takes any text");
    }
    lines
}

/// The line about the store.
pub(crate) fn kept(args: &StateArgs, standing: Standing) -> String {
    let (store, durability) = (ghostlight_url::redacted(&args.store), args.durability);
    let (rigs, dimmers) = (count(standing.rigs, "rig"), count(standing.dimmers, "dimmer"));
    format!("  store      {store}, durability {durability}; loaded {dimmers}, {rigs}\n")
}

/// A number of things, in words for people.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
