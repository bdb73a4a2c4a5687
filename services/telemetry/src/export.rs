//! Export over OTLP, as the standard `OTEL_*` environment variables say. Without an endpoint nothing is exported.
//!
//! Spans and metrics wait in bounded queues for a thread of their own. If the collector is away, slow or misconfigured,
//! they are lost, and nothing else; the log says so once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanData};

use crate::collector::Collector;
use crate::metrics::{Counter, ExportFailures};

/// How long sending the last spans and metrics may take at the end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The paths of the gRPC calls for traces and metrics.
const TRACES_CALL: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const METRICS_CALL: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// The exporters, for as long as the process runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exports {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

/// Whether exports of one kind work. Changes are logged.
#[derive(Debug)]
struct Outcomes {
    what: &'static str,
    failures: Counter,
    fails: Arc<AtomicBool>,
}

impl Outcomes {
    fn new(what: &'static str, failures: &Counter) -> Self {
        Self { what, failures: failures.clone(), fails: Arc::default() }
    }

    fn note(&self, outcome: &OTelSdkResult) {
        let Self { what, failures, fails } = self;
        match outcome {
            Ok(()) if fails.swap(false, Ordering::Relaxed) => tracing::info!("{what} are exported again"),
            Ok(()) => {}
            Err(error) => {
                failures.add_one();
                if !fails.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "{what} cannot be exported: they are lost until this works; nothing else is");
                }
            }
        }
    }
}

/// An exporter that logs when its exports begin to fail and when they work again.
struct Told<E> {
    exporter: E,
    outcomes: Outcomes,
}

impl<E> fmt::Debug for Told<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").field("outcomes", &self.outcomes).finish_non_exhaustive()
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Told<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.exporter.export(batch).await;
        self.outcomes.note(&outcome);
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl PushMetricExporter for Told<MetricExporter> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let outcome = self.exporter.export(metrics).await;
        self.outcomes.note(&outcome);
        outcome
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}

/// The exporters, and what makes spans and metrics for them.
pub(crate) struct Begun {
    pub(crate) exports: Exports,
    pub(crate) tracer: Option<SdkTracer>,
    pub(crate) meter: Option<Meter>,
    pub(crate) failures: ExportFailures,
}

/// Sets up what the environment asks for. Wrong settings are logged, and that kind of telemetry is not exported.
pub(crate) fn begin(service: &'static str, version: &'static str) -> Begun {
    let resource = resource(service, version);
    let (mut exports, failures) = (Exports::default(), ExportFailures::default());
    if is_asked_for("TRACES") {
        exports.traces = told("traces", span_exporter()).map(|exporter| {
            let exporter = Told { exporter, outcomes: Outcomes::new("traces", &failures.traces) };
            let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.clone());
            // Spans that reach the SDK have been sampled already.
            provider.with_sampler(Sampler::AlwaysOn).build()
        });
    }
    if is_asked_for("METRICS") {
        exports.metrics = told("metrics", metric_exporter()).map(|exporter| {
            let exporter = Told { exporter, outcomes: Outcomes::new("metrics", &failures.metrics) };
            SdkMeterProvider::builder().with_periodic_exporter(exporter).with_resource(resource).build()
        });
    }
    let tracer = exports.traces.as_ref().map(|provider| provider.tracer("ghostlight"));
    let meter = exports.metrics.as_ref().map(|provider| provider.meter("ghostlight"));
    Begun { exports, tracer, meter, failures }
}

impl Exports {
    /// Sends the spans and metrics that wait, for a few seconds at most.
    pub(crate) async fn end(&self) {
        let Self { traces, metrics } = self.clone();
        let flush = tokio::task::spawn_blocking(move || {
            // Failures have been logged.
            let _ = traces.map(|traces| traces.shutdown_with_timeout(FLUSH_TIMEOUT));
            let _ = metrics.map(|metrics| metrics.shutdown_with_timeout(FLUSH_TIMEOUT));
        });
        let _ = tokio::time::timeout(2 * FLUSH_TIMEOUT, flush).await;
    }
}

/// Whether there is an endpoint for this kind of telemetry, and no variable turns it off.
fn is_asked_for(signal: &str) -> bool {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let is = |name: &str, value: &str| given(name).is_some_and(|given| given.eq_ignore_ascii_case(value));
    let endpoint = given(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")).or(given("OTEL_EXPORTER_OTLP_ENDPOINT"));
    endpoint.is_some() && !is("OTEL_SDK_DISABLED", "true") && !is(&format!("OTEL_{signal}_EXPORTER"), "none")
}

fn span_exporter() -> Result<SpanExporter, ExporterBuildError> {
    through(SpanExporter::builder().with_http(), "TRACES", TRACES_CALL)?.build()
}

fn metric_exporter() -> Result<MetricExporter, ExporterBuildError> {
    through(MetricExporter::builder().with_http(), "METRICS", METRICS_CALL)?.build()
}

/// The exporter's builder, set up for the collector that the environment names.
fn through<B>(builder: B, signal: &str, grpc_path: &str) -> Result<B, ExporterBuildError>
where
    B: WithExportConfig + WithHttpConfig,
{
    let collector = Collector::from_environment(signal, grpc_path)
        .map_err(|error| ExporterBuildError::InternalFailure(error.to_string()))?;
    // The body is the same in both protocols.
    let builder = builder.with_protocol(Protocol::HttpBinary).with_timeout(collector.timeout());
    let builder = match collector.endpoint() {
        Some(endpoint) => builder.with_endpoint(endpoint),
        None => builder,
    };
    Ok(builder.with_http_client(collector))
}

fn told<E>(what: &str, built: Result<E, ExporterBuildError>) -> Option<E> {
    built.inspect_err(|error| tracing::error!(%error, "{what} are not exported: the OTEL_* settings are wrong")).ok()
}

/// The attributes of this process. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` take precedence over these.
fn resource(service: &'static str, version: &'static str) -> Resource {
    let instance = format!("{:032x}", fastrand::u128(..));
    let ours = [
        KeyValue::new("service.name", service),
        KeyValue::new("service.namespace", "ghostlight"),
        KeyValue::new("service.version", version),
        KeyValue::new("service.instance.id", instance),
    ];
    let environment = Resource::builder().build();
    let named =
        environment.get(&"service.name".into()).is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let set = |attribute: &KeyValue| match attribute.key.as_str() {
        "service.name" => named,
        key => environment.get(&key.to_owned().into()).is_some(),
    };
    let missing = ours.into_iter().filter(|attribute| !set(attribute));
    Resource::builder().with_attributes(missing.collect::<Vec<_>>()).build()
}
