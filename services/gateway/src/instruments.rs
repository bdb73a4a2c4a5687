//! The metrics and traces of this gateway.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ghostlight_proto::{Code, STALE_AFTER};
use ghostlight_telemetry::Telemetry;
use ghostlight_telemetry::metrics::{Appended, GatewayMetrics};
use ghostlight_telemetry::trace::Tracer;

/// The metrics and the tracer that all parts of a gateway share.
#[derive(Debug)]
pub(crate) struct Instruments {
    pub(crate) metrics: GatewayMetrics,
    pub(crate) tracer: Tracer,
    /// The total time of past stale periods of rigs, in milliseconds.
    stale: AtomicU64,
}

impl Instruments {
    pub(crate) fn new(telemetry: &Telemetry) -> Self {
        let metrics = GatewayMetrics::new(&telemetry.metrics);
        Self { metrics, tracer: telemetry.tracer.clone(), stale: AtomicU64::new(0) }
    }

    /// Adds the stale time of a rig that is no longer stale or no longer followed.
    pub(crate) fn was_stale(&self, silence: Duration) {
        let stale = stale_for(silence).as_millis();
        self.stale.fetch_add(u64::try_from(stale).unwrap_or_default(), Ordering::Relaxed);
    }

    /// The total time of past stale periods of rigs.
    pub(crate) fn stale(&self) -> Duration {
        Duration::from_millis(self.stale.load(Ordering::Relaxed))
    }

    /// Counts an append by its outcome.
    pub(crate) fn appended(&self, outcome: Result<(), Code>) {
        let outcome = match outcome {
            Ok(()) => Appended::Durable,
            Err(Code::UnknownOutcome) => Appended::Unknown,
            Err(Code::TooLarge) => Appended::TooLarge,
            Err(_) => Appended::Unavailable,
        };
        self.metrics.appends.of(outcome).add_one();
    }
}

/// How long a rig has been stale after this long without a message of a state service.
pub(crate) fn stale_for(silence: Duration) -> Duration {
    silence.saturating_sub(STALE_AFTER)
}
