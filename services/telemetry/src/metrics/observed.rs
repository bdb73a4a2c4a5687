//! Metrics that are not counted as things happen, but read at each scrape and each export.

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;

/// Whether a metric that is read only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Observed {
    /// The number goes up and down.
    Gauge,
    /// The number only grows.
    Counter,
}

pub(super) type Read = Arc<dyn Fn() -> Vec<(&'static str, f64)> + Send + Sync>;

/// A metric that is read when it is encoded.
pub(super) struct Looked {
    pub(super) kind: Observed,
    pub(super) label: &'static str,
    pub(super) read: Read,
}

impl fmt::Debug for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looked").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Looked {
    fn number(&self, mut encoder: MetricEncoder<'_>, number: f64) -> fmt::Result {
        match self.kind {
            Observed::Gauge => encoder.encode_gauge(&number),
            Observed::Counter => {
                encoder.encode_counter::<prometheus_client::encoding::NoLabelSet, _, f64>(&number, None)
            }
        }
    }
}

impl EncodeMetric for Looked {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (value, number) in (self.read)() {
            if self.label.is_empty() {
                return self.number(encoder, number);
            }
            let labels = [(self.label, value)];
            self.number(encoder.encode_family(&labels)?, number)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        match self.kind {
            Observed::Gauge => MetricType::Gauge,
            Observed::Counter => MetricType::Counter,
        }
    }
}
