//! What is told of a traced change on its way to the clients of this gateway: when the first of them was sent it, and
//! when the last.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ghostlight_rig::TraceContext;
use ghostlight_telemetry::trace::{Kind, Tracer};

/// One step of the map that somebody traces. Every reader that takes it says so once it was sent.
///
/// The last has it when as many have as there were readers. One that has fallen behind takes a later step, and one may
/// leave; so at the latest, it is told when nobody holds this any more: when the map has moved on.
#[derive(Debug)]
pub(crate) struct Delivery {
    tracer: Tracer,
    /// Where each change stands in its trace.
    traces: Vec<TraceContext>,
    applied: Instant,
    readers: usize,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    clients: usize,
    last: Option<Instant>,
    is_told: bool,
}

impl Delivery {
    /// A step that `readers` are about to take; `None` if nobody traces it.
    pub(crate) fn begin(tracer: &Tracer, traces: Vec<TraceContext>, readers: usize) -> Option<Self> {
        let is_traced = !traces.is_empty();
        is_traced.then(|| Self {
            tracer: tracer.clone(),
            traces,
            applied: Instant::now(),
            readers,
            sent: Mutex::default(),
        })
    }

    /// The first change's trace: an example for those who look at how long deliveries take.
    pub(crate) fn example(&self) -> Option<TraceContext> {
        self.traces.first().copied()
    }

    /// A client was sent it.
    pub(crate) fn reached(&self) {
        let mut sent = self.sent();
        let now = Instant::now();
        sent.clients += 1;
        sent.last = Some(now);
        if sent.clients == 1 && self.readers > 1 {
            self.tell("first", 1, now);
        }
        if sent.clients == self.readers {
            self.tell_last(&mut sent);
        }
    }

    fn tell_last(&self, sent: &mut Sent) {
        if let Some(last) = sent.last.filter(|_| !sent.is_told) {
            sent.is_told = true;
            self.tell(if sent.clients > 1 { "last" } else { "only" }, sent.clients, last);
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
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let mut sent = std::mem::take(&mut *self.sent());
        self.tell_last(&mut sent);
    }
}
