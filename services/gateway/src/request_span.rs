//! Requests that somebody traces: the first span of a change in a gateway, which lasts until its answer.

use std::time::Instant;

use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{TRACEPARENT, parse_traceparent, traceparent};
use ghostlight_rig::TraceContext;
use ghostlight_telemetry::trace::{Kind, Span, after, logged};
use tracing::Instrument as _;

use crate::instruments::Instruments;
use crate::refusal::Refusal;

/// A request for a change, from when it came to when it is answered. Small, if nobody traces it.
#[derive(Debug, Default)]
pub(crate) struct Request(Option<Box<Traced>>);

#[derive(Debug)]
struct Traced {
    /// `None` if nobody records it here.
    span: Option<Span>,
    /// What its client says of its own trace.
    theirs: Option<TraceContext>,
    came: Instant,
}

impl Request {
    /// A request under a name of few, and what its client says of its trace.
    pub(crate) fn begin(instruments: &Instruments, name: &'static str, theirs: Option<TraceContext>) -> Self {
        let span = instruments.tracer.begin(name, theirs);
        let is_traced = span.is_some() || theirs.is_some();
        Self(is_traced.then(|| Box::new(Traced { span, theirs, came: Instant::now() })))
    }

    /// Where what follows stands.
    pub(crate) fn context(&self) -> Option<TraceContext> {
        let traced = self.0.as_ref()?;
        after(traced.span.as_ref(), traced.theirs)
    }

    fn span(&mut self) -> Option<&mut Span> {
        self.0.as_mut()?.span.as_mut()
    }

    /// It was read and is taken in: where what follows on that stands, if it is recorded.
    pub(crate) fn received(&self, instruments: &Instruments) -> Option<TraceContext> {
        let traced = self.0.as_ref()?;
        let context = self.context().filter(|context| context.is_sampled)?;
        // Dropped, it ends.
        let receive = instruments.tracer.child("receive", Kind::Internal, context, traced.came);
        after(receive.as_ref(), Some(context))
    }

    /// What is said of it.
    pub(crate) fn set(&mut self, name: &'static str, value: impl FnOnce() -> String) {
        if let Some(span) = self.span() {
            span.set(name, value());
        }
    }

    /// It is refused: that is counted, and told in the log and in its trace. It is no failure of ours if something is wrong
    /// with the request.
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

/// A method, a route, and both as the name of a span: there are few.
pub(crate) type Route = (&'static str, &'static str, &'static str);

/// Answers a request over HTTP: `work` does what it asks for, and is told where it stands.
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
