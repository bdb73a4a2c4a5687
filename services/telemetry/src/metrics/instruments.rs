//! Instruments. Prometheus reads each of them, and so does OpenTelemetry's exporter if there is one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ghostlight_rig::TraceContext;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::{counter, gauge};
use prometheus_client::registry::{Registry, Unit};

use super::label::Label;
use super::observed::{Looked, Observed, Read};

/// Upper bounds for durations, in seconds: from a change within one process (50 µs) to far too long (10 s).
pub const SECONDS: [f64; 17] =
    [0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Upper bounds for counts. An entry gathers at most 2,048 items.
const COUNTS: [f64; 12] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0];

/// Upper bounds for sizes, in bytes. A message has at most 1 MiB.
const BYTES: [f64; 8] = [64.0, 256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0];

type Labels = [(&'static str, &'static str); 1];
type Exemplar = [(&'static str, String); 1];

/// A number that only grows.
#[derive(Clone, Debug, Default)]
pub struct Counter(counter::Counter);

impl Counter {
    /// Adds one.
    pub fn add_one(&self) {
        self.0.inc();
    }

    /// Adds `more`.
    pub fn add(&self, more: u64) {
        self.0.inc_by(more);
    }

    /// The current number.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// A number that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(gauge::Gauge);

impl Gauge {
    /// Sets the number.
    pub fn set(&self, value: u64) {
        self.0.set(i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// Adds one, until the returned [`Held`] is dropped.
    pub fn hold(&self) -> Held {
        self.0.inc();
        Held(self.clone())
    }

    /// The current number.
    pub fn get(&self) -> i64 {
        self.0.get()
    }
}

/// Counts as one in a gauge until it is dropped.
#[derive(Debug)]
pub struct Held(Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.dec();
    }
}

/// The distribution of values.
#[derive(Clone)]
pub struct Histogram {
    scraped: HistogramWithExemplars<Exemplar>,
    pushed: Option<(opentelemetry::metrics::Histogram<f64>, Vec<KeyValue>)>,
}

impl Histogram {
    /// Adds a value.
    pub fn observe(&self, value: f64) {
        self.note(value, None);
    }

    /// Adds a duration, in seconds.
    pub fn took(&self, duration: Duration) {
        self.note(duration.as_secs_f64(), None);
    }

    /// Adds a duration, in seconds, with the trace as its exemplar.
    pub fn took_in(&self, duration: Duration, trace: Option<TraceContext>) {
        self.note(duration.as_secs_f64(), trace);
    }

    fn note(&self, value: f64, trace: Option<TraceContext>) {
        let now = trace.map(|_| SystemTime::now());
        self.scraped.observe(value, trace.map(|trace| [("trace_id", trace.trace_id_text())]), now);
        if let Some((pushed, labels)) = &self.pushed {
            pushed.record(value, labels);
        }
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram").finish_non_exhaustive()
    }
}

/// One instrument for each value of a label.
#[derive(Clone, Debug)]
pub struct By<L, M> {
    each: Arc<[M]>,
    label: std::marker::PhantomData<L>,
}

impl<L: Label, M> By<L, M> {
    fn new(make: impl Fn(L) -> M) -> Self {
        Self { each: L::ALL.iter().map(|label| make(*label)).collect(), label: std::marker::PhantomData }
    }

    /// The instrument for a value of the label.
    pub fn of(&self, label: L) -> &M {
        &self.each[label.index()]
    }
}

/// The quantity that a histogram measures.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measured {
    Seconds,
    Bytes,
    Count,
}

impl Measured {
    fn bounds(self) -> &'static [f64] {
        match self {
            Self::Seconds => &SECONDS,
            Self::Bytes => &BYTES,
            Self::Count => &COUNTS,
        }
    }

    fn unit(self) -> Of {
        match self {
            Self::Seconds => Of::Seconds,
            Self::Bytes => Of::Bytes,
            Self::Count => Of::Number,
        }
    }
}

/// A unit, for Prometheus and for OpenTelemetry.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// No unit: a number of things, which the metric's name says.
    Number,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Revisions.
    Revisions,
}

impl Of {
    fn prometheus(self) -> Option<Unit> {
        match self {
            Self::Number => None,
            Self::Seconds => Some(Unit::Seconds),
            Self::Bytes => Some(Unit::Bytes),
            Self::Revisions => Some(Unit::Other("revisions".to_owned())),
        }
    }

    /// The unit's UCUM code.
    fn open_telemetry(self) -> &'static str {
        match self {
            Self::Number => "1",
            Self::Seconds => "s",
            Self::Bytes => "By",
            Self::Revisions => "{revision}",
        }
    }
}

/// Makes instruments. Each is registered with Prometheus and with OpenTelemetry, under one name.
#[derive(Default)]
pub(crate) struct Meters {
    pub(super) registry: Registry,
    meter: Option<Meter>,
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl Meters {
    /// Makes instruments that are exported too, if there is a meter.
    pub(crate) fn new(meter: Option<Meter>) -> Self {
        Self { registry: Registry::default(), meter }
    }

    fn register(&mut self, name: &str, help: &str, unit: Of, metric: impl prometheus_client::registry::Metric) {
        match unit.prometheus() {
            Some(unit) => self.registry.register_with_unit(name, help, unit, metric),
            None => self.registry.register(name, help, metric),
        }
    }

    pub(super) fn counter(&mut self, name: &'static str, help: &'static str) -> Counter {
        let counter = Counter::default();
        self.register(name, help, Of::Number, counter.0.clone());
        if let Some(meter) = &self.meter {
            let read = counter.clone();
            let pushed = meter.u64_observable_counter(dotted(name)).with_description(help);
            pushed.with_callback(move |observer| observer.observe(read.get(), &[])).build();
        }
        counter
    }

    pub(super) fn counters<L: Label>(&mut self, name: &'static str, help: &'static str) -> By<L, Counter> {
        let family = Family::<Labels, counter::Counter>::default();
        let counters = By::new(|label: L| Counter(family.get_or_create_owned(&[(L::NAME, label.value())])));
        self.register(name, help, Of::Number, family);
        if let Some(meter) = &self.meter {
            let read: Vec<_> = L::ALL.iter().map(|label| (counters.of(*label).clone(), attributes(*label))).collect();
            let pushed = meter.u64_observable_counter(dotted(name)).with_description(help);
            let observe = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<u64>| {
                read.iter().for_each(|(counter, attributes)| observer.observe(counter.get(), attributes));
            };
            pushed.with_callback(observe).build();
        }
        counters
    }

    pub(super) fn gauge(&mut self, name: &'static str, help: &'static str, unit: Of) -> Gauge {
        let gauge = Gauge::default();
        self.register(name, help, unit, gauge.0.clone());
        if let Some(meter) = &self.meter {
            let read = gauge.clone();
            let pushed = meter.i64_observable_gauge(dotted(name)).with_description(help);
            let pushed = pushed.with_unit(unit.open_telemetry());
            pushed.with_callback(move |observer| observer.observe(read.get(), &[])).build();
        }
        gauge
    }

    pub(super) fn gauges<L: Label>(&mut self, name: &'static str, help: &'static str) -> By<L, Gauge> {
        let family = Family::<Labels, gauge::Gauge>::default();
        let gauges = By::new(|label: L| Gauge(family.get_or_create_owned(&[(L::NAME, label.value())])));
        self.register(name, help, Of::Number, family);
        if let Some(meter) = &self.meter {
            let read: Vec<_> = L::ALL.iter().map(|label| (gauges.of(*label).clone(), attributes(*label))).collect();
            let pushed = meter.i64_observable_gauge(dotted(name)).with_description(help);
            let observe = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<i64>| {
                read.iter().for_each(|(gauge, attributes)| observer.observe(gauge.get(), attributes));
            };
            pushed.with_callback(observe).build();
        }
        gauges
    }

    fn pushed(
        &self,
        name: &'static str,
        help: &'static str,
        measured: Measured,
    ) -> Option<opentelemetry::metrics::Histogram<f64>> {
        let pushed = self.meter.as_ref()?.f64_histogram(dotted(name)).with_description(help);
        let pushed = pushed.with_unit(measured.unit().open_telemetry());
        Some(pushed.with_boundaries(measured.bounds().to_vec()).build())
    }

    pub(super) fn histogram(&mut self, name: &'static str, help: &'static str, measured: Measured) -> Histogram {
        let scraped = HistogramWithExemplars::new(measured.bounds().iter().copied());
        self.register(name, help, measured.unit(), scraped.clone());
        let pushed = self.pushed(name, help, measured).map(|pushed| (pushed, Vec::new()));
        Histogram { scraped, pushed }
    }

    pub(super) fn histograms<L: Label>(
        &mut self,
        name: &'static str,
        help: &'static str,
        measured: Measured,
    ) -> By<L, Histogram> {
        let make = move || HistogramWithExemplars::new(measured.bounds().iter().copied());
        let family = Family::<Labels, HistogramWithExemplars<Exemplar>, _>::new_with_constructor(make);
        let pushed = self.pushed(name, help, measured);
        let histograms = By::new(|label: L| Histogram {
            scraped: family.get_or_create_owned(&[(L::NAME, label.value())]),
            pushed: pushed.clone().map(|pushed| (pushed, attributes(label).to_vec())),
        });
        self.register(name, help, measured.unit(), family);
        histograms
    }

    /// Adds a metric whose value is read at each scrape and each export.
    pub(super) fn observe(
        &mut self,
        (name, help): (&'static str, &'static str),
        (kind, unit): (Observed, Of),
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) {
        self.observe_all((name, help), (kind, unit), "", move || vec![("", read())]);
    }

    /// Adds a metric with a label whose values are read at each scrape and each export.
    pub(super) fn observe_all(
        &mut self,
        (name, help): (&'static str, &'static str),
        (kind, unit): (Observed, Of),
        label: &'static str,
        read: impl Fn() -> Vec<(&'static str, f64)> + Send + Sync + 'static,
    ) {
        let read: Read = Arc::new(read);
        self.register(name, help, unit, Looked { kind, label, read: read.clone() });
        let Some(meter) = &self.meter else { return };
        let observe = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<f64>| {
            for (value, number) in read() {
                let labelled = [KeyValue::new(label, value)];
                observer.observe(number, if label.is_empty() { &[] } else { &labelled });
            }
        };
        let (name, unit) = (dotted(name), unit.open_telemetry());
        match kind {
            Observed::Gauge => {
                meter.f64_observable_gauge(name).with_description(help).with_unit(unit).with_callback(observe).build();
            }
            Observed::Counter => {
                let counter = meter.f64_observable_counter(name).with_description(help).with_unit(unit);
                counter.with_callback(observe).build();
            }
        }
    }
}

fn attributes<L: Label>(label: L) -> [KeyValue; 1] {
    [KeyValue::new(L::NAME, label.value())]
}

/// The name in OpenTelemetry's form, from which a collector makes the Prometheus name again.
fn dotted(name: &'static str) -> Cow<'static, str> {
    name.replace('_', ".").into()
}
