//! What operators can see of Ghostlight: metrics, traces and logs. They show how long each stage of a change takes,
//! what is slow, and what is wrong.
//!
//! [`metrics`] is the list of all metrics. [`trace`] makes the spans of a change. `export` sends both through
//! `collector`, if the environment names one. [`logs`] makes log lines, and
//! `log_queue` writes them.

mod collector;
mod export;
mod grpc;
mod log_queue;
pub mod logs;
pub mod metrics;
mod sampling;
pub mod trace;

use export::Exports;
use ghostlight_rig::Partitions;
use metrics::{Meters, Metrics};
use trace::Tracer;

/// The telemetry of one process.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    /// The metrics of the process.
    pub metrics: Metrics,
    /// Makes the spans of changes.
    pub tracer: Tracer,
    exports: Exports,
}

impl Telemetry {
    /// Starts the telemetry of a process with a role, exported as the `OTEL_*` variables say. Must be called within the
    /// runtime.
    pub fn start(role: &'static str, version: &'static str) -> Self {
        let service = match role {
            "gateway" => "ghostlight-gateway",
            "state" => "ghostlight-state",
            _ => "ghostlight",
        };
        let begun = export::begin(service, version);
        let metrics = Metrics::new(Meters::new(begun.meter), &begun.failures);
        metrics.describe_process(version, role);
        let tracer = begun.tracer.map(Tracer::new).unwrap_or_default();
        Self { metrics, tracer, exports: begun.exports }
    }

    /// The same, with what spans of messages say: the messaging system as OpenTelemetry names it, and the partitions.
    #[must_use]
    pub fn over(&self, messaging: &'static str, partitions: Partitions) -> Self {
        Self { tracer: self.tracer.clone().over(messaging, partitions), ..self.clone() }
    }

    /// Sends the spans and metrics that wait, for a few seconds at most.
    pub async fn end(&self) {
        self.exports.end().await;
    }
}
