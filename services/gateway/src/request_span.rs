//! Traced requests: the first span of a change in a gateway, which lasts until the change is answered.

use std::time::Instant;

use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{TRACEPARENT, parse_traceparent, traceparent};
use ghostlight_rig::TraceContext;
use ghostlight_telemetry::trace::{Kind, Span, after, logged};
use tracing::Instrument as _;

use crate::instruments::Instruments;
use crate::refusal::Refusal;

/// A request for a change, from its arrival to its answer. Small, if it is not traced.
#[derive(Debug, Default)]
pub(crate) struct Request(Option<Box<Traced>>);

#[derive(Debug)]
struct Traced {
    /// `None` if this gateway does not record it.
    span: Option<Span>,
    /// The trace context that the client sent.
    theirs: Option<TraceContext>,
    came: Instant,
}

impl Request {
    /// Begins a request. `name` is one of a small fixed set, and `theirs` is the client's trace context.
    pub(crate) fn begin(instruments: &Instruments, name: &'static str, theirs: Option<TraceContext>) -> Self {
        let span = instruments.tracer.begin(name, theirs);
        let is_traced = span.is_some() || theirs.is_some();
        Self(is_traced.then(|| Box::new(Traced { span, theirs, came: Instant::now() })))
    }

    /// The trace context for the steps that follow: that of the span, or else the client's.
    pub(crate) fn context(&self) -> Option<TraceContext> {
        let traced = self.0.as_ref()?;
        after(traced.span.as_ref(), traced.theirs)
    }

    fn span(&mut self) -> Option<&mut Span> {
        self.0.as_mut()?.span.as_mut()
    }

    /// Records that the request was read and accepted; returns the trace context for the next steps, if it is sampled.
    pub(crate) fn received(&self, instruments: &Instruments) -> Option<TraceContext> {
        let traced = self.0.as_ref()?;
        let context = self.context().filter(|context| context.is_sampled)?;
        // The span ends when it is dropped.
        let receive = instruments.tracer.child("receive", Kind::Internal, context, traced.came);
        after(receive.as_ref(), Some(context))
    }

    /// Sets an attribute of the span.
    pub(crate) fn set(&mut self, name: &'static str, value: impl FnOnce() -> String) {
        if let Some(span) = self.span() {
            span.set(name, value());
        }
    }

    /// Records a refusal in the metrics, the log and the trace. The span fails only for a fault of the server, not for
    /// a fault of the request.
    pub(crate) fn refused(&mut self, instruments: &Instruments, refusal: &Refusal) {
        let (code, detail) = (refusal.code(), refusal.detail());
        instruments.metrics.rejected.of(code).add_one();
        logged(self.context()).in_scope(|| {
            tracing::debug!(code = code.name(), detail, "a change was rejected");
        });
        let Some(span) = self.span() else { return };
        span.set("ghostlight.problem", code.name());
        if code.status() >= 500 {
            span.fail(code.name(), detail.to_owned());
        }
    }
}

/// A method, a route, and both together as the name of a span: a small fixed set.
pub(crate) type Route = (&'static str, &'static str, &'static str);

/// Answers an HTTP request with the result of `work`, traced if the client or this gateway traces it.
pub(crate) async fn answer<R: IntoResponse>(
    instruments: &Instruments,
    (method, route, name): Route,
    headers: &HeaderMap,
    work: impl AsyncFnOnce(&Request) -> Result<R, Refusal>,
) -> Response {
    let theirs = headers.get(TRACEPARENT).and_then(|theirs| theirs.to_str().ok()).and_then(parse_traceparent);
    let mut request = Request::begin(instruments, name, theirs);
    let done = match request.context() {
        None => work(&request).await,
        context => work(&request).instrument(logged(context)).await,
    };
    if let Err(refused) = &done {
        request.refused(instruments, refused);
    }
    let mut response = done.into_response();
    if let Some(span) = request.span() {
        span.set("http.request.method", method);
        span.set("http.route", route);
        span.set("url.scheme", "http");
        span.set("http.response.status_code", i64::from(response.status().as_u16()));
    }
    let given_back = request.context().and_then(|context| HeaderValue::try_from(traceparent(context)).ok());
    if let Some(given_back) = given_back {
        response.headers_mut().insert(TRACEPARENT, given_back);
    }
    response
}
