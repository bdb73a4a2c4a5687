//! Scrapes of processes, made with the instruments of the services: if the name of a metric changes there, these tests
//! fail.

mod drawn;
mod seen;

use std::time::Duration;

use ghostlight_proto::Code;
use ghostlight_telemetry::metrics::{
    BusNow, GatewayMetrics, Label, Metrics, RigsNow, Saved, Spoken, Stage, StateMetrics,
};

use super::rates::{Followed, Reading};
use super::scrape::Scrape;
use super::view::View;

/// The start of the tests' processes, in seconds since 1970.
const STARTED: f64 = 1_800_000_000.0;

/// A running process.
struct Running {
    name: &'static str,
    role: &'static str,
    started: f64,
    cpu_seconds: f64,
    metrics: Metrics,
    gateway: Option<GatewayMetrics>,
    state: Option<StateMetrics>,
}

impl Running {
    fn new(name: &'static str, role: &'static str) -> Self {
        let metrics = Metrics::default();
        let gateway = (role != "state").then(|| GatewayMetrics::new(&metrics));
        let state = (role != "gateway").then(|| StateMetrics::new(&metrics));
        if let Some(state) = &state {
            state.speaking.set(1);
            state.rigs.set(3);
        }
        Self { name, role, started: STARTED, cpu_seconds: 1.0, metrics, gateway, state }
    }

    fn following(self, rigs: RigsNow) -> Self {
        self.metrics.observe_rigs(move || rigs);
        self
    }

    fn with_nats(self, is_connected: bool) -> Self {
        self.metrics.observe_bus(move || BusNow { is_connected, ..BusNow::default() });
        self
    }

    fn gateway(&self) -> &GatewayMetrics {
        self.gateway.as_ref().unwrap()
    }

    fn state(&self) -> &StateMetrics {
        self.state.as_ref().unwrap()
    }

    fn stage(&self, stage: Stage, times: usize, took: Duration) {
        (0..times).for_each(|_| self.metrics.stages.of(stage).took(took));
    }

    /// Counts this many changes, each with this duration.
    fn change(&self, times: usize, took: Duration) {
        self.gateway().changes.add(times as u64);
        (0..times).for_each(|_| self.gateway().echo.took(took));
    }

    fn text(&self) -> String {
        let Self { role, started, cpu_seconds, .. } = self;
        let own = format!(
            "# TYPE ghostlight_build_info gauge\n\
             ghostlight_build_info{{version=\"0.1.0\",role=\"{role}\"}} 1\n\
             # TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total {cpu_seconds}\n\
             # TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {started}\n\
             # TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 31457280.0\n\
             # TYPE process_open_fds gauge\nprocess_open_fds 50.0\n\
             # TYPE process_max_fds gauge\nprocess_max_fds 1000.0\n"
        );
        self.metrics.prometheus() + &own
    }

    /// The reading this long after the start.
    fn at(&self, seconds: f64) -> Reading {
        let answer = Scrape::parse(&self.text()).map_err(|error| error.to_string());
        Reading { name: self.name.to_owned(), at_seconds: seconds, unix_seconds: STARTED + seconds, answer }
    }
}

fn away(name: &str, seconds: f64) -> Reading {
    let answer = Err("Connection refused".to_owned());
    Reading { name: name.to_owned(), at_seconds: seconds, unix_seconds: STARTED + seconds, answer }
}

/// The view of these processes over two seconds in which something happens.
fn seen(mut running: Vec<Running>, happens: impl FnOnce(&mut [Running])) -> View {
    let mut followed = Followed::default();
    followed.take(running.iter().map(|process| process.at(3_600.0)).collect());
    happens(&mut running);
    followed.take(running.iter().map(|process| process.at(3_602.0)).collect())
}

/// A rig with two gateways and a state service, with a lot to do.
fn busy() -> Vec<Running> {
    let rigs = RigsNow { followed: 3, lags: [0, 2, 17], silence: Duration::from_millis(400), ..RigsNow::default() };
    vec![
        Running::new("one:9464", "gateway").following(rigs).with_nats(true),
        Running::new("two:9464", "gateway").following(RigsNow { lags: [0, 0, 3], ..rigs }).with_nats(true),
        Running::new("keeper:9464", "state").with_nats(true),
    ]
}

/// What a busy rig does in two seconds.
fn work(running: &mut [Running]) {
    let micros = Duration::from_micros;
    for (process, times) in running[..2].iter().zip([800, 300]) {
        process.change(times - 20, micros(2_600));
        process.change(20, micros(9_000));
        process.stage(Stage::Append, times, micros(1_300));
        process.stage(Stage::Echo, times, micros(700));
        process.stage(Stage::Deliver, times * 12, micros(120));
        let gateway = process.gateway();
        gateway.deliveries.add(times as u64 * 12);
        gateway.conflated.add(times as u64 / 10);
        gateway.connections.of(Spoken::Full).set(times as u64);
        gateway.connections.of(Spoken::Plain).set(12);
        gateway.connections.of(Spoken::Events).set(3);
        gateway.waiting.set(2);
    }
    running[0].gateway().rejected.of(Code::BadInput).add(7);
    running[1].stage(Stage::Append, 5, micros(14_000));
    let keeper = &mut running[2];
    keeper.cpu_seconds += 0.5;
    keeper.stage(Stage::Fold, 1_000, micros(40));
    keeper.stage(Stage::Save, 90, micros(4_000));
    let state = keeper.state();
    state.changes.add(1_100);
    state.entries.add(1_000);
    state.saves.of(Saved::Saved).add(90);
    state.log_lag.set(4);
    let stages: Vec<_> = Stage::ALL.iter().map(|stage| stage.value()).collect();
    assert_eq!(stages, ["append", "fold", "save", "echo", "deliver"], "a new stage belongs here too");
}
