//! What can be seen of this gateway from outside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ghostlight_proto::{Code, STALE_AFTER};
use ghostlight_telemetry::Telemetry;
use ghostlight_telemetry::metrics::{Appended, GatewayMetrics};
use ghostlight_telemetry::trace::Tracer;

/// What a gateway counts and traces; all parts of it share it.
#[derive(Debug)]
pub(crate) struct Instruments {
    pub(crate) metrics: GatewayMetrics,
    pub(crate) tracer: Tracer,
    /// For how long rigs were stale that are so no more, all together, in milliseconds.
    stale: AtomicU64,
}

impl Instruments {
    pub(crate) fn new(telemetry: &Telemetry) -> Self {
        let metrics = GatewayMetrics::new(&telemetry.metrics);
        Self { metrics, tracer: telemetry.tracer.clone(), stale: AtomicU64::new(0) }
    }

    /// A rig that was stale is so no more, or is feed no more.
    pub(crate) fn was_stale(&self, silence: Duration) {
        let stale = stale_for(silence).as_millis();
        self.stale.fetch_add(u64::try_from(stale).unwrap_or_default(), Ordering::Relaxed);
    }

    /// For how long rigs were stale.
    pub(crate) fn stale(&self) -> Duration {
        Duration::from_millis(self.stale.load(Ordering::Relaxed))
    }

    /// An entry was appended, or not.
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

/// For how long a rig has been stale of which no state service has spoken for so long.
pub(crate) fn stale_for(silence: Duration) -> Duration {
    silence.saturating_sub(STALE_AFTER)
}
