//! What is logged while a test runs.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Once;

use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::prelude::*;

thread_local! {
    /// What was logged in this thread since somebody listens.
    static TEXT: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Everything that is logged in the test's thread, where all of its tasks run.
pub(crate) struct Logged(());

impl Logged {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        // One for all threads: those of single threads lose what is logged while others come and go.
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Text);
            let listening = dynamic_filter_fn(|_, _| TEXT.with_borrow(Option::is_some));
            tracing_subscriber::registry().with(lines.with_filter(listening)).init();
        });
        TEXT.set(Some(Vec::new()));
        Self(())
    }

    /// All that was logged, to the finest detail.
    pub(crate) fn all(&self) -> String {
        TEXT.with_borrow(|text| String::from_utf8_lossy(text.as_deref().unwrap_or_default()).into_owned())
    }

    /// What an operator sees of the bus: warnings and errors.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let all = self.all();
        let ours = all.lines().filter(|line| line.contains("ghostlight_bus"));
        ours.filter(|line| line.contains(" WARN ") || line.contains(" ERROR ")).map(str::to_owned).collect()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        TEXT.set(None);
    }
}

struct Text;

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        TEXT.with_borrow_mut(|text| text.as_mut().map_or(Ok(bytes.len()), |text| text.write(bytes)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
