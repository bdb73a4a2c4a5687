//! Traces: one follows one change from the console to every gateway that echoes it.
//!
//! Stages begin in one task and end in another, and what is told of them is known afterwards; so spans are made here
//! from where their trace stands and when they began, not from what happens to be entered. Only what is sampled becomes
//! a span at all.

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

/// What a span's work is to others, as OpenTelemetry has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answers a request.
    Server,
    /// It asks another, and waits.
    Client,
    /// It sends a message.
    Producer,
    /// It takes a message.
    Consumer,
    /// It is nobody else's business.
    Internal,
}

/// Makes spans, or none.
#[derive(Clone, Default)]
pub struct Tracer {
    tracer: Option<SdkTracer>,
    sampling: Sampling,
    /// What every span of a message says of the system that carries it.
    messaging: Option<&'static str>,
    partitions: Partitions,
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("is_on", &self.tracer.is_some()).finish_non_exhaustive()
    }
}

impl Tracer {
    /// With a tracer that takes whatever it is given.
    pub(crate) fn new(tracer: SdkTracer) -> Self {
        Self { tracer: Some(tracer), sampling: Sampling::from_environment(), ..Self::default() }
    }

    /// The same, saying of what carries messages that it is this, and that rigs divide over so many partitions there.
    #[must_use]
    pub fn over(self, messaging: &'static str, partitions: Partitions) -> Self {
        Self { messaging: Some(messaging), partitions, ..self }
    }

    /// How many partitions the rigs divide over where messages go.
    pub fn partitions(&self) -> Partitions {
        self.partitions
    }

    /// The first span of a process in a trace, which begins now: whether there is one, the parent decides, or chance.
    pub fn begin(&self, name: &'static str, parent: Option<TraceContext>) -> Option<Span> {
        let tracer = self.tracer.as_ref().filter(|_| self.sampling.takes(parent))?;
        let around = parent.map_or_else(Context::new, remote);
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server);
        Some(Span(tracer.build_with_context(builder, &around)))
    }

    /// A span that follows on another.
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

/// Something that takes time. It ends when it is dropped, if it has not ended before.
#[derive(Debug)]
pub struct Span(SdkSpan);

impl Span {
    /// Where in its trace it stands: what follows on it is its child.
    pub fn context(&self) -> TraceContext {
        let context = self.0.span_context();
        TraceContext {
            trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(context.span_id().to_bytes()),
            is_sampled: context.is_sampled(),
        }
    }

    /// Says something of it, under a name of OpenTelemetry's semantic conventions, or `ghostlight.*`.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.set_attribute(KeyValue::new(name, value));
    }

    /// Says that it carried what another span was about.
    pub fn link(&mut self, to: TraceContext) {
        self.0.add_link(span_context(to), Vec::new());
    }

    /// It came to nothing, for this reason: a short word, then as it is told to people.
    pub fn fail(&mut self, kind: impl Into<Value>, why: impl Into<Cow<'static, str>>) {
        self.0.set_attribute(KeyValue::new("error.type", kind));
        self.0.set_status(Status::error(why));
    }

    /// It ended then.
    pub fn end_at(mut self, ended: Instant) {
        self.0.end_with_timestamp(at(ended));
    }
}

/// Where what follows stands: after a span, if there is one; otherwise where what came before stood.
pub fn after(span: Option<&Span>, before: Option<TraceContext>) -> Option<TraceContext> {
    span.map(Span::context).or(before)
}

/// A span for what is logged meanwhile: each line says to which trace it belongs.
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

/// When that was, by the clock on the wall.
fn at(instant: Instant) -> SystemTime {
    let now = Instant::now();
    match now.checked_duration_since(instant) {
        Some(ago) => SystemTime::now() - ago,
        None => SystemTime::now() + (instant - now),
    }
}
