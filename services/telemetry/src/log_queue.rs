//! The queue of log lines. A thread of its own writes them, so that no other thread waits for the standard error: a
//! terminal that was stopped with Ctrl-S, and a pipe that nobody reads, take nothing for any length of time.
//!
//! `tracing-appender` has such a thread too. Its queue is bounded in lines, not in bytes, and when the process ends with
//! a full queue, it prints an error on the standard output, which may be the same stopped terminal.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// The most that waits to be written: several thousand lines. As much may be under way to the output. Lines that come
/// while the queue is full are dropped and counted.
const MAX_QUEUED_BYTES: usize = 1 << 20;

/// The pause before an output that takes nothing at the moment is tried again.
const WRITE_RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// The lines that wait to be written. Clones share the queue.
#[derive(Clone, Debug)]
pub struct LogQueue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Notified when there are lines, and when all of them are written.
    changed: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    lines: Vec<u8>,
    /// Whether lines that were taken from the queue are being written.
    is_writing: bool,
}

impl LogQueue {
    /// Starts the thread that writes the lines to an output.
    ///
    /// # Errors
    /// The system's error, if there can be no thread.
    pub(crate) fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let written = shared.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || written.write_to(output))?;
        Ok(Self(shared))
    }

    /// How many lines were dropped, because the queue was full or the output failed.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all lines are written or have failed, but not longer than this. Returns whether they are.
    pub fn flush(&self, timeout: Duration) -> bool {
        let mut queue = self.0.queue.lock();
        let is_unwritten = |queue: &mut Queue| queue.is_writing || !queue.lines.is_empty();
        !self.0.changed.wait_while_for(&mut queue, is_unwritten, timeout).timed_out()
    }
}

/// Takes whole lines: a line is dropped as a whole. Never waits, and never fails.
impl Write for LogQueue {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let mut queue = self.0.queue.lock();
        if queue.lines.len() + lines.len() > MAX_QUEUED_BYTES {
            self.0.count_dropped(lines);
        } else {
            queue.lines.extend_from_slice(lines);
            self.0.changed.notify_all();
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Shared {
    fn count_dropped(&self, lines: &[u8]) {
        let count = lines.iter().filter(|byte| **byte == b'\n').count();
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Writes lines for ever. What was dropped is reported as soon as the output takes lines again.
    fn write_to(&self, mut output: impl Write) {
        let mut reported = 0;
        let mut is_writable = false;
        loop {
            let lines = self.take();
            // The queue has just been emptied, so there is room for the report.
            if is_writable {
                self.report_dropped(&mut reported);
            }
            let unwritten = write(&mut output, &lines);
            self.count_dropped(unwritten);
            is_writable = unwritten.is_empty();
            self.queue.lock().is_writing = false;
            self.changed.notify_all();
        }
    }

    /// Takes all lines of the queue; waits for them.
    fn take(&self) -> Vec<u8> {
        let mut queue = self.queue.lock();
        self.changed.wait_while(&mut queue, |queue| queue.lines.is_empty());
        queue.is_writing = true;
        std::mem::take(&mut queue.lines)
    }

    /// Logs how many lines were dropped since the last report.
    fn report_dropped(&self, reported: &mut u64) {
        let dropped = self.dropped.load(Ordering::Relaxed);
        let lines = dropped - *reported;
        if lines > 0 {
            tracing::warn!(lines, "log lines were dropped, because the standard error did not take them in time");
            *reported = dropped;
        }
    }
}

/// Writes lines; returns those that could not be written.
fn write<'a>(output: &mut impl Write, mut lines: &'a [u8]) -> &'a [u8] {
    while !lines.is_empty() {
        match output.write(lines) {
            Ok(0) => break,
            Ok(written) => lines = &lines[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A program that shares the terminal or the pipe may have made it non-blocking.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(WRITE_RETRY_INTERVAL),
            Err(_) => break,
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// Far longer than a thread needs, even on a busy machine.
    const DEADLINE: Duration = Duration::from_secs(30);

    /// An output that takes what it is given when the test wants it, and fails when the test wants that.
    struct Held {
        offered: SyncSender<Vec<u8>>,
        result: Receiver<io::Result<()>>,
    }

    impl Write for Held {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            let _ = self.offered.send(lines.to_vec());
            self.result.recv().unwrap_or(Ok(())).map(|()| lines.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn held() -> (LogQueue, Receiver<Vec<u8>>, SyncSender<io::Result<()>>) {
        let ((offered, lines), (answer, result)) = (sync_channel(10), sync_channel(10));
        (LogQueue::start(Held { offered, result }).expect("there can be a thread"), lines, answer)
    }

    #[test]
    fn lines_wait_up_to_a_bound_and_those_beyond_are_counted() {
        let (mut queue, lines, answer) = held();
        let mut log = |text: &[u8]| queue.write_all(text).expect("it never fails");
        log(b"first\n");
        assert_eq!(lines.recv_timeout(DEADLINE).as_deref(), Ok(&b"first\n"[..]));
        let line = [[b'x'; 1_023].as_slice(), b"\n"].concat();
        (0..MAX_QUEUED_BYTES / line.len()).for_each(|_| log(&line));
        log(b"one\n");
        log(b"two\nthree\n");
        assert_eq!(queue.dropped(), 3);
        assert!(!queue.flush(Duration::ZERO), "the output holds them");
        answer.send(Ok(())).expect("it waits for the answer");
        assert_eq!(lines.recv_timeout(DEADLINE).map(|lines| lines.len()), Ok(MAX_QUEUED_BYTES));
        answer.send(Ok(())).expect("it waits for the answer");
        assert!(queue.flush(DEADLINE));
        assert_eq!(queue.dropped(), 3);
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let (mut queue, lines, answer) = held();
        for result in [ErrorKind::Interrupted, ErrorKind::WouldBlock, ErrorKind::StorageFull] {
            answer.send(Err(result.into())).expect("it waits for the answer");
        }
        queue.write_all(b"one\ntwo\n").expect("it never fails");
        assert!(queue.flush(DEADLINE));
        assert_eq!((queue.dropped(), lines.try_iter().count()), (2, 3), "the first two errors pass");
    }
}
