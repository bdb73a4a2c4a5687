//! The spans of a traced change on its way to the clients of this gateway: when the first client was sent it, and when
//! the last.

use std::time::Instant;

use ghostlight_rig::TraceContext;
use ghostlight_telemetry::trace::{Kind, Tracer};
use parking_lot::{Mutex, MutexGuard};

/// One traced step of the map. Every reader that takes the step reports when it was sent.
///
/// The step has reached the last client when as many readers have reported as there were subscribers. A reader that has
/// fallen behind takes a later step instead, and one may leave. So the span of the last client is exported at the
/// latest when this is dropped, after the map has moved on.
#[derive(Debug)]
pub(crate) struct Delivery {
    tracer: Tracer,
    /// The trace context of each change.
    traces: Vec<TraceContext>,
    applied: Instant,
    subscribers: usize,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    clients: usize,
    /// When the step was last sent; `None` once that is exported.
    last: Option<Instant>,
}

impl Sent {
    /// How many clients had the step when the last one was sent it, and when that was.
    fn take_last(&mut self) -> Option<(usize, Instant)> {
        self.last.take().map(|last| (self.clients, last))
    }
}

impl Delivery {
    /// Begins the delivery of a step to `subscribers` readers; `None` if it is not traced.
    pub(crate) fn begin(tracer: &Tracer, traces: Vec<TraceContext>, subscribers: usize) -> Option<Self> {
        let is_traced = !traces.is_empty();
        is_traced.then(|| Self {
            tracer: tracer.clone(),
            traces,
            applied: Instant::now(),
            subscribers,
            sent: Mutex::default(),
        })
    }

    /// The first change's trace context: the exemplar for the metric of delivery times.
    pub(crate) fn example(&self) -> Option<TraceContext> {
        self.traces.first().copied()
    }

    /// Counts a client that was sent the step.
    pub(crate) fn reached(&self) {
        let now = Instant::now();
        let (clients, last) = {
            let mut sent = self.sent();
            sent.clients += 1;
            // A client that subscribed after the step began is not counted.
            if sent.clients <= self.subscribers {
                sent.last = Some(now);
            }
            let is_last = sent.clients == self.subscribers;
            (sent.clients, is_last.then(|| sent.take_last()).flatten())
        };
        // The lock is released, so that exporting a span does not hold up the next client.
        if clients == 1 && self.subscribers > 1 {
            self.tell("first", 1, now);
        }
        self.tell_last(last);
    }

    fn tell_last(&self, last: Option<(usize, Instant)>) {
        if let Some((clients, sent)) = last {
            self.tell(if clients > 1 { "last" } else { "only" }, clients, sent);
        }
    }

    fn tell(&self, which: &'static str, clients: usize, sent: Instant) {
        for trace in &self.traces {
            if let Some(mut span) = self.tracer.child("deliver", Kind::Internal, *trace, self.applied) {
                span.set("ghostlight.client", which);
                span.set("ghostlight.clients", i64::try_from(clients).unwrap_or(i64::MAX));
                span.end_at(sent);
            }
        }
    }

    // Held to count, never across an await.
    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock()
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let last = self.sent().take_last();
        self.tell_last(last);
    }
}
