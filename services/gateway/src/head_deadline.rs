//! The deadlines of a connection between requests. hyper has one timer for both: the time without a request, and the
//! time that the head of a request takes. The first may be long, the second may not.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant as TokioInstant;

/// How long the head of a request may take, and how long a new connection may take to begin the first one.
pub(crate) const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may stay open without a request after the last one. Load balancers and proxies keep idle
/// connections for 60 s, some for 75 s. If the server closed one before that, a request that is just being sent would
/// be lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Whether the client has sent anything since the deadline began.
type HasRead = Arc<AtomicBool>;

/// A stream that notes when something is read.
pub(crate) struct NotedStream<S> {
    stream: Pin<Box<S>>,
    has_read: HasRead,
}

/// hyper's timer for the heads of requests on a [`NotedStream`].
#[derive(Debug)]
pub(crate) struct HeadTimer {
    has_read: HasRead,
    /// Whether the next head is not the first.
    is_kept_alive: AtomicBool,
    alarm: Arc<Mutex<Option<Alarm>>>,
}

/// One alarm for all deadlines of a connection. It is set again when it rings before the present deadline, so that a request
/// that comes in time costs the runtime's timer nothing.
type Alarm = Pin<Box<tokio::time::Sleep>>;

/// Notes what is read from a stream, for the timer.
pub(crate) fn noted<S>(stream: S) -> (NotedStream<S>, HeadTimer) {
    let has_read = HasRead::default();
    let timer = HeadTimer { has_read: has_read.clone(), is_kept_alive: AtomicBool::new(false), alarm: Arc::default() };
    (NotedStream { stream: Box::pin(stream), has_read }, timer)
}

impl Timer for HeadTimer {
    fn sleep(&self, _duration: Duration) -> Pin<Box<dyn Sleep>> {
        let is_idle = self.is_kept_alive.swap(true, Ordering::Relaxed);
        self.has_read.store(false, Ordering::Relaxed);
        let timeout = if is_idle { IDLE_TIMEOUT } else { REQUEST_HEAD_TIMEOUT };
        let (has_read, alarm) = (self.has_read.clone(), self.alarm.clone());
        Box::pin(HeadDeadline { has_read, is_idle, deadline: TokioInstant::now() + timeout, alarm })
    }

    fn sleep_until(&self, _deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(REQUEST_HEAD_TIMEOUT)
    }
}

/// Resolves when the connection has been idle for too long, or the head takes too long.
struct HeadDeadline {
    has_read: HasRead,
    /// Whether no byte of the head has come, on a connection that has had a request.
    is_idle: bool,
    deadline: TokioInstant,
    alarm: Arc<Mutex<Option<Alarm>>>,
}

impl Sleep for HeadDeadline {}

impl Future for HeadDeadline {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_idle && self.has_read.load(Ordering::Relaxed) {
            self.is_idle = false;
            self.deadline = TokioInstant::now() + REQUEST_HEAD_TIMEOUT;
        }
        let mut alarm = self.alarm.lock();
        let alarm = alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(self.deadline)));
        if alarm.deadline() > self.deadline {
            alarm.as_mut().reset(self.deadline);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if alarm.deadline() >= self.deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(self.deadline);
        }
        Poll::Pending
    }
}

impl<S: AsyncRead> AsyncRead for NotedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = self.stream.as_mut().poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.has_read.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite> AsyncWrite for NotedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
