//! Traces. One trace follows one change from the console to every gateway that echoes it.
//!
//! Stages begin in one task and end in another, and their attributes are known only afterwards. So spans are made from
//! a trace context and a start time, not from the span that happens to be entered. Only sampled changes get spans.

use std::borrow::Cow;
use std::fmt;
use std::time::{Instant, SystemTime};

use ghostlight_rig::{Partitions, TraceContext};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
    Tracer as _,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{SdkTracer, Span as SdkSpan};

use crate::sampling::Sampling;

/// The kind of a span, as OpenTelemetry defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The span answers a request.
    Server,
    /// The span sends a request and waits for the answer.
    Client,
    /// The span sends a message.
    Producer,
    /// The span receives a message.
    Consumer,
    /// The span's work stays within the process.
    Internal,
}

/// Makes spans, if export is set up.
#[derive(Clone, Default)]
pub struct Tracer {
    tracer: Option<SdkTracer>,
    sampling: Sampling,
    /// The messaging system that spans of messages name.
    messaging: Option<&'static str>,
    partitions: Partitions,
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("is_on", &self.tracer.is_some()).finish_non_exhaustive()
    }
}

impl Tracer {
    /// A tracer that exports through an SDK tracer.
    pub(crate) fn new(tracer: SdkTracer) -> Self {
        Self { tracer: Some(tracer), sampling: Sampling::from_environment(), ..Self::default() }
    }

    /// The same, for messages that this messaging system carries, with rigs divided into these partitions.
    #[must_use]
    pub fn over(self, messaging: &'static str, partitions: Partitions) -> Self {
        Self { messaging: Some(messaging), partitions, ..self }
    }

    /// The partitions into which the messaging system divides the rigs.
    pub fn partitions(&self) -> Partitions {
        self.partitions
    }

    /// Begins the first span of a process in a trace now. The parent or chance decides whether there is one.
    pub fn begin(&self, name: &'static str, parent: Option<TraceContext>) -> Option<Span> {
        let tracer = self.tracer.as_ref().filter(|_| self.sampling.takes(parent))?;
        let around = parent.map_or_else(Context::new, remote);
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server);
        Some(Span(tracer.build_with_context(builder, &around)))
    }

    /// A span whose parent is another span.
    pub fn child(&self, name: &'static str, kind: Kind, parent: TraceContext, began: Instant) -> Option<Span> {
        let tracer = self.tracer.as_ref().filter(|_| parent.is_sampled)?;
        let builder = SpanBuilder::from_name(name).with_kind(kind.into()).with_start_time(at(began));
        let mut span = Span(tracer.build_with_context(builder, &remote(parent)));
        if let (Some(system), Kind::Producer | Kind::Consumer) = (self.messaging, kind) {
            span.set("messaging.system", system);
        }
        Some(span)
    }
}

impl From<Kind> for SpanKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Server => Self::Server,
            Kind::Client => Self::Client,
            Kind::Producer => Self::Producer,
            Kind::Consumer => Self::Consumer,
            Kind::Internal => Self::Internal,
        }
    }
}

/// An operation with a duration. It ends when it is dropped, if it has not ended before.
#[derive(Debug)]
pub struct Span(SdkSpan);

impl Span {
    /// The span's place in its trace, the parent of the spans that follow.
    pub fn context(&self) -> TraceContext {
        let context = self.0.span_context();
        TraceContext {
            trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(context.span_id().to_bytes()),
            is_sampled: context.is_sampled(),
        }
    }

    /// Sets an attribute, under a name of OpenTelemetry's semantic conventions, or `ghostlight.*`.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.set_attribute(KeyValue::new(name, value));
    }

    /// Links a span that this one carried something for.
    pub fn link(&mut self, to: TraceContext) {
        self.0.add_link(span_context(to), Vec::new());
    }

    /// Marks the span as failed. `kind` is a short word, `why` a message for people.
    pub fn fail(&mut self, kind: impl Into<Value>, why: impl Into<Cow<'static, str>>) {
        self.0.set_attribute(KeyValue::new("error.type", kind));
        self.0.set_status(Status::error(why));
    }

    /// Ends the span at this time.
    pub fn end_at(mut self, ended: Instant) {
        self.0.end_with_timestamp(at(ended));
    }
}

/// The parent for what follows: the span, if there is one; otherwise the context before it.
pub fn after(span: Option<&Span>, before: Option<TraceContext>) -> Option<TraceContext> {
    span.map(Span::context).or(before)
}

/// A span for log lines: each line within it names the trace.
pub fn logged(trace: Option<TraceContext>) -> tracing::Span {
    match trace {
        None => tracing::Span::none(),
        Some(at) => tracing::error_span!("change", trace_id = at.trace_id_text(), span_id = at.span_id_text()),
    }
}

fn span_context(at: TraceContext) -> SpanContext {
    let flags = if at.is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace, span) = (TraceId::from_bytes(at.trace_id.to_be_bytes()), SpanId::from_bytes(at.span_id.to_be_bytes()));
    SpanContext::new(trace, span, flags, true, TraceState::default())
}

fn remote(parent: TraceContext) -> Context {
    Context::new().with_remote_span_context(span_context(parent))
}

/// The wall-clock time of an instant.
fn at(instant: Instant) -> SystemTime {
    let now = Instant::now();
    match now.checked_duration_since(instant) {
        Some(ago) => SystemTime::now() - ago,
        None => SystemTime::now() + (instant - now),
    }
}
