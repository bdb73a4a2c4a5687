//! Logs: text for people on a terminal, JSON for programs, with a filter that can be changed while the process runs.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::{self, IsTerminal};
use std::panic::{self, PanicHookInfo};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt as lines, reload};

pub use crate::log_queue::LogQueue;

/// How long the last lines of a process may take to be written.
pub const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("the format of logs is auto, text or json".to_owned()),
        }
    }
}

/// The filter of the log, which can be changed while the process runs.
#[derive(Clone)]
pub struct LogFilter {
    handle: reload::Handle<EnvFilter, Registry>,
    /// The filter's text, as it was given.
    text: Arc<Mutex<String>>,
}

impl fmt::Debug for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogFilter").field(&self.get()).finish()
    }
}

impl LogFilter {
    /// The filter's text.
    pub fn get(&self) -> String {
        self.text.lock().clone()
    }

    /// Replaces the filter.
    ///
    /// # Errors
    /// [`ParseError`] if the text is not a filter. The filter then stays unchanged.
    pub fn set(&self, filter: &str) -> Result<(), ParseError> {
        let parsed = EnvFilter::try_new(filter)?;
        // This fails only when the subscriber is gone.
        let _ = self.handle.reload(parsed);
        *self.text.lock() = filter.to_owned();
        Ok(())
    }
}

/// Logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The text is not a filter.
    #[error(transparent)]
    Filter(#[from] ParseError),
    /// There can be no thread that writes the log.
    #[error("no thread can be started to write the log: {0}")]
    Thread(io::Error),
}

/// Starts logging to the standard error, once a process. Returns the log's filter, and the queue of its lines. A panic
/// is logged too.
///
/// # Errors
/// [`StartError`] if the text is not a filter, or there can be no thread.
pub fn start(filter: &str, format: LogFormat) -> Result<(LogFilter, LogQueue), StartError> {
    let text = Arc::new(Mutex::new(filter.to_owned()));
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(filter)?);
    let queue = LogQueue::start(io::stderr()).map_err(StartError::Thread)?;
    let is_terminal = io::stderr().is_terminal();
    let is_json = format == LogFormat::Json || (format == LogFormat::Auto && !is_terminal);
    // Internal errors would be written to the standard error without the queue.
    let lines = lines::layer().with_writer(queue.clone()).with_ansi(is_terminal).log_internal_errors(false);
    let lines = if is_json { lines.json().flatten_event(true).with_span_list(false).boxed() } else { lines.boxed() };
    // Logging can be started once in a process; after that, the first goes on.
    if tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok() {
        let queue = queue.clone();
        panic::set_hook(Box::new(move |panic| log_panic(panic, &queue)));
    }
    Ok((LogFilter { handle, text }, queue))
}

/// Logs a panic. Waits for a moment until the line is written, because the process may be aborted next.
fn log_panic(panic: &PanicHookInfo<'_>, queue: &LogQueue) {
    let backtrace = Backtrace::capture();
    match backtrace.status() {
        BacktraceStatus::Captured => tracing::error!(%backtrace, "{panic}"),
        _ => tracing::error!("{panic}"),
    }
    queue.flush(FLUSH_TIMEOUT);
}
