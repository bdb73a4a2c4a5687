//! Logs: for people on a terminal, as JSON for programs, with a filter that can be changed while the process runs.

use std::fmt;
use std::io::IsTerminal;
use std::str::FromStr;
use std::sync::Arc;

use parking_lot::Mutex;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt as lines, reload};

/// How a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// As people read it on a terminal, as JSON otherwise.
    #[default]
    Auto,
    /// As people read it.
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
            _ => Err("auto, text or json is wanted".to_owned()),
        }
    }
}

/// What is logged: it can be changed.
#[derive(Clone)]
pub struct LogFilter {
    handle: reload::Handle<EnvFilter, Registry>,
    /// As it was given.
    text: Arc<Mutex<String>>,
}

impl fmt::Debug for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogFilter").field(&self.get()).finish()
    }
}

impl LogFilter {
    /// What it is.
    pub fn get(&self) -> String {
        self.text.lock().clone()
    }

    /// Makes it another.
    ///
    /// # Errors
    /// [`ParseError`] if that is none; then it stays as it was.
    pub fn set(&self, filter: &str) -> Result<(), ParseError> {
        let parsed = EnvFilter::try_new(filter)?;
        // It fails only when nobody logs any more.
        let _ = self.handle.reload(parsed);
        *self.text.lock() = filter.to_owned();
        Ok(())
    }
}

/// Starts to log to the standard error, once a process.
///
/// # Errors
/// [`ParseError`] if the filter is none.
pub fn start(filter: &str, format: LogFormat) -> Result<LogFilter, ParseError> {
    let text = Arc::new(Mutex::new(filter.to_owned()));
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(filter)?);
    let is_terminal = std::io::stderr().is_terminal();
    let is_json = format == LogFormat::Json || (format == LogFormat::Auto && !is_terminal);
    // Told on the standard error, of all places: when that is gone, telling would end the server.
    let lines = lines::layer().with_writer(std::io::stderr).with_ansi(is_terminal).log_internal_errors(false);
    let lines = if is_json { lines.json().flatten_event(true).with_span_list(false).boxed() } else { lines.boxed() };
    // A second one in the same process is of no use; the first goes on.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Ok(LogFilter { handle, text })
}
