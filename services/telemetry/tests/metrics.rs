//! What is counted is what is read, and every series is there from the start.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, Instant};

use ghostlight_proto::Code;
use ghostlight_rig::TraceContext;
use ghostlight_telemetry::metrics::{
    BusNow, GatewayMetrics, Label, Metrics, RigsNow, SECONDS, Spoken, Stage, StateMetrics,
};

/// The value of a series, as it is scraped.
fn scraped(metrics: &Metrics, series: &str) -> String {
    let text = metrics.prometheus();
    let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("no {series} in {text}")).rsplit_once(' ').unwrap().1.to_owned()
}

#[test]
fn what_is_counted_is_read_under_its_label() {
    let metrics = Metrics::default();
    let gateway = GatewayMetrics::new(&metrics);
    for rejection in &Code::ALL {
        let series = format!("ghostlight_rejected_changes_total{{reason=\"{}\"}}", rejection.value());
        assert_eq!(scraped(&metrics, &series), "0", "it is there before it happens");
    }
    for (times, rejection) in (1..).zip(Code::ALL) {
        gateway.rejected.of(rejection).add(times);
    }
    for (times, rejection) in (1..).zip(Code::ALL) {
        let series = format!("ghostlight_rejected_changes_total{{reason=\"{}\"}}", rejection.value());
        assert_eq!(scraped(&metrics, &series), u64::to_string(&times), "each has a count of its own");
    }
    let held = [gateway.connections.of(Spoken::Full).hold(), gateway.connections.of(Spoken::Full).hold()];
    assert_eq!(scraped(&metrics, "ghostlight_connections{protocol=\"full\"}"), "2");
    drop(held);
    assert_eq!(scraped(&metrics, "ghostlight_connections{protocol=\"full\"}"), "0");
}

#[test]
fn a_duration_is_in_its_bucket_and_names_its_trace_where_that_can_be_said() {
    let metrics = Metrics::default();
    assert_eq!((SECONDS.first(), SECONDS.last()), (Some(&0.000_05), Some(&10.0)));
    let trace = TraceContext { trace_id: 0xabc, span_id: 1, is_sampled: true };
    metrics.stages.of(Stage::Save).took_in(Duration::from_millis(3), Some(trace));
    let text = metrics.prometheus();
    assert!(
        text.contains("le=\"0.002\",stage=\"save\"} 0") || text.contains("stage=\"save\",le=\"0.002\"} 0"),
        "{text}"
    );
    assert!(
        text.contains("le=\"0.005\",stage=\"save\"} 1") || text.contains("stage=\"save\",le=\"0.005\"} 1"),
        "{text}"
    );
    assert!(!text.contains("trace_id"), "the older format has no examples");
    assert!(metrics.open_metrics().contains("# {trace_id=\"00000000000000000000000000000abc\"} 0.003"));
}

#[test]
fn the_store_lags_for_as_long_as_the_oldest_change_has_waited() {
    let metrics = Metrics::default();
    let lag = StateMetrics::new(&metrics).store_lag;
    assert_eq!(lag.waited(), Duration::ZERO);
    // Durations are kept in whole milliseconds.
    const ROUNDED: Duration = Duration::from_millis(1);
    lag.set(1);
    let first = Instant::now();
    while first.elapsed() < 5 * ROUNDED {
        std::thread::yield_now();
    }
    lag.set(7);
    let since_first = first.elapsed();
    assert!(lag.waited() + ROUNDED >= since_first, "the oldest counts");
    assert_eq!(scraped(&metrics, "ghostlight_store_lag_revisions"), "7");
    // What came before this is saved.
    let saved = Instant::now();
    lag.restart(saved);
    lag.set(2);
    let waited = lag.waited();
    assert!(waited <= saved.elapsed() + ROUNDED, "{waited:?}");
    lag.set(0);
    assert_eq!(lag.waited(), Duration::ZERO);
}

#[test]
fn passwords_that_everybody_knows_are_counted_in_every_process() {
    let metrics = Metrics::default();
    assert_eq!(scraped(&metrics, "ghostlight_example_passwords"), "0");
    metrics.example_passwords.set(2);
    assert_eq!(scraped(&metrics, "ghostlight_example_passwords"), "2");
}

#[test]
fn what_is_looked_up_is_as_it_is_now() {
    let metrics = Metrics::default();
    metrics.observe_rigs(|| RigsNow { followed: 2, lags: [0, 5, 9], ..RigsNow::default() });
    metrics.observe_bus(|| BusNow { is_connected: true, logins: 4, ..BusNow::default() });
    metrics.observe_log(|| 3);
    metrics.describe_process("1.2.3", "gateway");
    assert_eq!(scraped(&metrics, "ghostlight_followed_rigs"), "2.0");
    assert_eq!(scraped(&metrics, "ghostlight_cursor_lag_revisions{quantile=\"0.99\"}"), "5.0");
    assert_eq!(scraped(&metrics, "ghostlight_nats_refusals_total{reason=\"login\"}"), "4.0");
    assert_eq!(scraped(&metrics, "ghostlight_build_info{version=\"1.2.3\",role=\"gateway\"}"), "1");
    assert_eq!(scraped(&metrics, "ghostlight_dropped_log_lines_total"), "3.0");
    assert_ne!(scraped(&metrics, "process_resident_memory_bytes"), "0.0");
}
