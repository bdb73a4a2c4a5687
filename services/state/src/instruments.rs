//! What can be seen of a state service from outside.

use std::time::{Duration, Instant};

use ghostlight_bus::Logged;
use ghostlight_proto::subjects;
use ghostlight_rig::{Image, Position, TraceContext};
use ghostlight_store::StoreError;
use ghostlight_telemetry::Telemetry;
use ghostlight_telemetry::metrics::{Saved, Stage, StateMetrics};
use ghostlight_telemetry::trace::{Kind, Span, Tracer, after};

/// A save says of so many traced changes that it carried them; OpenTelemetry keeps no more links.
const MAX_CARRIED: usize = 128;

/// What a state service counts and traces.
#[derive(Clone, Debug)]
pub struct Instruments {
    pub(crate) metrics: StateMetrics,
    tracer: Tracer,
    database: &'static str,
}

impl Instruments {
    /// For a service whose database is of this kind, as OpenTelemetry names it. A process has one at most.
    pub fn new(telemetry: &Telemetry, database: &'static str) -> Self {
        Self { metrics: StateMetrics::new(&telemetry.metrics), tracer: telemetry.tracer.clone(), database }
    }

    /// What it counts.
    pub fn metrics(&self) -> &StateMetrics {
        &self.metrics
    }

    /// An entry was folded, which took so long. Answers where its traced changes stand then.
    pub(crate) fn folded(
        &self,
        logged: &Logged,
        position: Position,
        read: Instant,
        took: Duration,
    ) -> Vec<TraceContext> {
        let (changes, partitions) = (logged.entry.changes(), self.tracer.partitions());
        let traced = changes.iter().filter_map(|change| change.trace.filter(|trace| trace.is_sampled));
        let spans = traced.map(|trace| {
            let span = self.tracer.child("fold", Kind::Consumer, trace, read).map(|mut span| {
                span.set("messaging.operation.type", "process");
                span.set("messaging.destination.name", subjects::changes(&logged.rig, partitions));
                span.set("messaging.destination.template", subjects::all_changes(partitions.of(&logged.rig)));
                span.set("messaging.batch.message_count", i64::try_from(changes.len()).unwrap_or(i64::MAX));
                span.set("ghostlight.rig", logged.rig.to_string());
                span.set("ghostlight.position", position.to_string());
                let context = span.context();
                span.end_at(read + took);
                context
            });
            span.unwrap_or(trace)
        });
        let traces: Vec<_> = spans.collect();
        self.metrics.entries.add_one();
        self.metrics.changes.add(changes.len() as u64);
        self.metrics.entry_bytes.observe(logged.size as f64);
        self.metrics.stages.of(Stage::Fold).took_in(took, traces.first().copied());
        traces
    }

    /// What was folded is about to be announced: where it stands then, and spans to be kept until it is.
    pub(crate) fn announces(&self, logged: &Logged, traces: &[TraceContext]) -> (Vec<TraceContext>, Vec<Option<Span>>) {
        let now = Instant::now();
        let span = |trace: &TraceContext| {
            let span = self.tracer.child("announce", Kind::Producer, *trace, now).map(|mut span| {
                span.set("messaging.operation.type", "send");
                span.set("messaging.destination.name", subjects::echo(&logged.rig, self.tracer.partitions()));
                span
            });
            (after(span.as_ref(), Some(*trace)).unwrap_or(*trace), span)
        };
        traces.iter().map(span).unzip()
    }

    /// A save begins that carries these changes.
    pub(crate) fn saves(&self, image: &Image, carried: &[TraceContext]) -> Option<Span> {
        let mut span = self.tracer.child("save", Kind::Client, *carried.first()?, Instant::now())?;
        span.set("db.system.name", self.database);
        span.set("db.operation.name", "save");
        span.set("ghostlight.position", image.position.to_string());
        carried.iter().for_each(|trace| span.link(*trace));
        Some(span)
    }

    /// A save has ended.
    pub(crate) fn saved(&self, began: Instant, saved: &Result<(), StoreError>, span: Option<Span>) {
        let trace = span.as_ref().map(Span::context);
        let outcome = match saved {
            Ok(()) => Saved::Saved,
            Err(StoreError::Unreachable(_) | StoreError::Late(_)) => Saved::Unreachable,
            Err(StoreError::Refused(_) | StoreError::ReadOnly) => Saved::Refused,
            Err(_) => Saved::Failed,
        };
        if let (Err(error), Some(mut span)) = (saved, span) {
            span.fail("store", error.to_string());
        }
        self.metrics.saves.of(outcome).add_one();
        self.metrics.stages.of(Stage::Save).took_in(began.elapsed(), trace);
    }
}

/// The traced changes that are folded and not saved yet, as many as a save can name.
#[derive(Debug, Default)]
pub(crate) struct Carried(Vec<TraceContext>);

impl Carried {
    pub(crate) fn add(&mut self, traces: &[TraceContext]) {
        let room = MAX_CARRIED - self.0.len();
        self.0.extend(traces.iter().take(room));
    }

    pub(crate) fn take(&mut self) -> Vec<TraceContext> {
        std::mem::take(&mut self.0)
    }
}
