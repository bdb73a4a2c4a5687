//! A collector: it takes what OTLP carries over gRPC and over HTTP, and keeps it for the test to look at.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};

/// How a collector answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// It takes everything.
    Well,
    /// It refuses everything.
    Never,
}

/// A running collector. It ends with the runtime.
#[derive(Clone)]
pub(crate) struct Collector {
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    taken: Arc<Mutex<Taken>>,
}

struct Taken {
    answers: Answers,
    spans: Vec<Span>,
    metrics: BTreeMap<String, String>,
    /// How often something came.
    exports: usize,
}

/// A span, as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) resource: BTreeMap<String, String>,
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty if it has none.
    pub(crate) parent: String,
    pub(crate) kind: i32,
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    pub(crate) attributes: BTreeMap<String, String>,
    /// The spans that it is linked to.
    pub(crate) links: Vec<String>,
    pub(crate) failed: bool,
}

impl Span {
    pub(crate) fn seconds(&self) -> f64 {
        self.end_ns.saturating_sub(self.start_ns) as f64 / 1e9
    }
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let taken = Taken { answers: Answers::Well, spans: Vec::new(), metrics: BTreeMap::new(), exports: 0 };
        let taken = Arc::new(Mutex::new(taken));
        let (grpc, http) = (listen().await, listen().await);
        let collector =
            Self { grpc: grpc.local_addr().unwrap(), http: http.local_addr().unwrap(), taken: taken.clone() };
        let services = tonic::service::Routes::new(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()));
        let router =
            Router::new().route("/v1/traces", post(traces)).route("/v1/metrics", post(metrics)).with_state(taken);
        tokio::spawn(async move { axum::serve(grpc, services.into_axum_router()).await });
        tokio::spawn(async move { axum::serve(http, router).await });
        collector
    }

    /// The environment of a process that exports here, over gRPC or HTTP.
    pub(crate) fn environment(&self, protocol: &str) -> Vec<(&'static str, String)> {
        let endpoint = if protocol == "grpc" { self.grpc } else { self.http };
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{endpoint}")),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.to_owned()),
            ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
            ("OTEL_METRIC_EXPORT_INTERVAL", "200".to_owned()),
        ]
    }

    pub(crate) fn answer(&self, answers: Answers) {
        self.taken.lock().unwrap().answers = answers;
    }

    /// How often something came.
    pub(crate) fn exports(&self) -> usize {
        self.taken.lock().unwrap().exports
    }

    /// The spans of a trace, so far.
    pub(crate) fn trace(&self, trace: &str) -> Vec<Span> {
        self.taken.lock().unwrap().spans.iter().filter(|span| span.trace == trace).cloned().collect()
    }

    /// All spans so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.taken.lock().unwrap().spans.clone()
    }

    /// The metrics that came so far, with their units.
    pub(crate) fn metrics(&self) -> BTreeMap<String, String> {
        self.taken.lock().unwrap().metrics.clone()
    }
}

impl Taken {
    /// Something comes; whether it is taken.
    fn comes(&mut self) -> bool {
        self.exports += 1;
        self.answers == Answers::Well
    }

    fn take_traces(&mut self, request: ExportTraceServiceRequest) -> bool {
        if !self.comes() {
            return false;
        }
        for of_resource in request.resource_spans {
            let resource = resource(of_resource.resource);
            for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                self.spans.push(Span {
                    resource: resource.clone(),
                    name: span.name,
                    trace: hexadecimal(&span.trace_id),
                    id: hexadecimal(&span.span_id),
                    parent: hexadecimal(&span.parent_span_id),
                    kind: span.kind,
                    start_ns: span.start_time_unix_nano,
                    end_ns: span.end_time_unix_nano,
                    attributes: attributes(span.attributes),
                    links: span.links.iter().map(|link| hexadecimal(&link.span_id)).collect(),
                    failed: span.status.is_some_and(|status| status.code == 2),
                });
            }
        }
        true
    }

    fn take_metrics(&mut self, request: ExportMetricsServiceRequest) -> bool {
        if !self.comes() {
            return false;
        }
        let scopes = request.resource_metrics.into_iter().flat_map(|of_resource| of_resource.scope_metrics);
        let metrics = scopes.flat_map(|scope| scope.metrics);
        self.metrics.extend(metrics.map(|metric| (metric.name, metric.unit)));
        true
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let took = self.taken.lock().unwrap().take_traces(request.into_inner());
        took.then(|| Response::new(Default::default())).ok_or_else(|| Status::permission_denied("not from you"))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let took = self.taken.lock().unwrap().take_metrics(request.into_inner());
        took.then(|| Response::new(Default::default())).ok_or_else(|| Status::permission_denied("not from you"))
    }
}

async fn traces(State(taken): State<Arc<Mutex<Taken>>>, body: Bytes) -> impl IntoResponse {
    let took = taken.lock().unwrap().take_traces(ExportTraceServiceRequest::decode(body).unwrap());
    answered(took)
}

async fn metrics(State(taken): State<Arc<Mutex<Taken>>>, body: Bytes) -> impl IntoResponse {
    let took = taken.lock().unwrap().take_metrics(ExportMetricsServiceRequest::decode(body).unwrap());
    answered(took)
}

fn answered(took: bool) -> impl IntoResponse {
    let status = if took { StatusCode::OK } else { StatusCode::FORBIDDEN };
    (status, [(header::CONTENT_TYPE, "application/x-protobuf")], Vec::new())
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn resource(resource: Option<Resource>) -> BTreeMap<String, String> {
    resource.map(|resource| attributes(resource.attributes)).unwrap_or_default()
}

fn attributes(all: Vec<KeyValue>) -> BTreeMap<String, String> {
    all.into_iter().map(|attribute| (attribute.key, text(attribute.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is)) => is.to_string(),
        other => format!("{other:?}"),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
