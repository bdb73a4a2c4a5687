//! What can be seen of Ghostlight from outside: metrics, traces and logs. How long each stage of the way of a change
//! takes, where it is slow, and what is wrong.
//!
//! [`metrics`] is the list of everything that is counted; [`trace`] makes the spans of one change; `export` sends both
//! through `collector`, if the environment names one; [`logs`] writes lines.

mod collector;
mod export;
mod grpc;
pub mod logs;
pub mod metrics;
mod sampling;
pub mod trace;

use export::Exports;
use ghostlight_rig::Partitions;
use metrics::{Meters, Metrics};
use trace::Tracer;

/// All of it, for one process.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    /// What is counted.
    pub metrics: Metrics,
    /// What makes spans.
    pub tracer: Tracer,
    exports: Exports,
}

impl Telemetry {
    /// For a process that plays a role, exported as the `OTEL_*` variables of its environment say. To be called within
    /// the runtime.
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

    /// The same, for what messages of this system carry, as OpenTelemetry names it, with so many partitions of the rigs.
    #[must_use]
    pub fn over(&self, messaging: &'static str, partitions: Partitions) -> Self {
        Self { tracer: self.tracer.clone().over(messaging, partitions), ..self.clone() }
    }

    /// Sends what waits to be sent, for a few seconds at most.
    pub async fn end(&self) {
        self.exports.end().await;
    }
}
