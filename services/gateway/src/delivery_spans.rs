//! What is told of a traced change on its way to the clients of this gateway: when the first of them was sent it, and
//! when the last.

use std::time::Instant;

use ghostlight_rig::TraceContext;
use ghostlight_telemetry::trace::{Kind, Tracer};
use parking_lot::{Mutex, MutexGuard};

/// One step of the map that somebody traces. Every reader that takes it says so once it was sent.
///
/// The last has it when as many have as there were subscribers. One that has fallen behind takes a later step, and one may
/// leave; so at the latest, it is told when nobody holds this any more: when the map has moved on.
#[derive(Debug)]
pub(crate) struct Delivery {
    tracer: Tracer,
    /// Where each change stands in its trace.
    traces: Vec<TraceContext>,
    applied: Instant,
    subscribers: usize,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    clients: usize,
    /// `None` also once that was told.
    last: Option<Instant>,
}

impl Sent {
    /// How many had it when the last was sent it, and when that was.
    fn take_last(&mut self) -> Option<(usize, Instant)> {
        self.last.take().map(|last| (self.clients, last))
    }
}

impl Delivery {
    /// A step that `subscribers` are about to take; `None` if nobody traces it.
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

    /// The first change's trace: an example for those who look at how long deliveries take.
    pub(crate) fn example(&self) -> Option<TraceContext> {
        self.traces.first().copied()
    }

    /// A client was sent it.
    pub(crate) fn reached(&self) {
        let now = Instant::now();
        let (clients, last) = {
            let mut sent = self.sent();
            sent.clients += 1;
            // One who has come meanwhile is none of those.
            if sent.clients <= self.subscribers {
                sent.last = Some(now);
            }
            let is_last = sent.clients == self.subscribers;
            (sent.clients, is_last.then(|| sent.take_last()).flatten())
        };
        // Exporting a span is not to hold up the next client.
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
