//! The view as plain text, for scripts and for people who read line by line.

use std::fmt::Write as _;

use crate::format::{duration, number, or_nothing, rate};
use crate::table::{PROCESSES, STAGES, Table};
use crate::view::{View, Whole};

/// The whole view.
pub fn text(view: &View) -> String {
    let mut text = String::new();
    for alarm in &view.alarms {
        let _ = writeln!(text, "!  {}  {}", alarm.process, alarm.what);
    }
    if !view.alarms.is_empty() {
        text.push('\n');
    }
    text.push_str(&Table::fitting(PROCESSES, &view.processes, usize::MAX).text());
    if !view.stages.is_empty() {
        text.push('\n');
        text.push_str(&Table::fitting(STAGES, &view.stages, usize::MAX).text());
        if let Some(slowest) = view.stages.iter().find(|stage| stage.is_slowest) {
            let _ = writeln!(text, "\nslowest    {}", slowest.stage);
        }
        for line in lines(&view.whole) {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

/// The lines about all processes together, the most important first.
pub fn lines(whole: &Whole) -> Vec<String> {
    let connections: f64 = whole.connections.values().sum();
    let by_protocol = whole.connections.iter().filter(|(_, open)| **open > 0.0);
    let by_protocol: Vec<_> = by_protocol.map(|(protocol, open)| format!("{} {protocol}", number(*open))).collect();
    let by_protocol = if by_protocol.is_empty() { String::new() } else { format!(": {}", by_protocol.join(", ")) };
    let rejected = whole.rejections.iter().filter(|(_, count)| count.total > 0.0);
    let rejected = rejected
        .map(|(reason, count)| format!("{reason} {} ({}/s)", number(count.total), or_nothing(count.per_second, rate)));
    let rejected: Vec<_> = rejected.collect();
    let rejected = if rejected.is_empty() { "none".to_owned() } else { rejected.join(", ") };
    let per_second = |value| or_nothing(value, rate);
    let echo = whole.echo.filter(|echo| echo.p99_seconds.is_some()).map_or_else(
        || "nothing came".to_owned(),
        |echo| {
            let quantile = |seconds| or_nothing(seconds, duration);
            format!("p50 {}, p99 {}", quantile(echo.p50_seconds), quantile(echo.p99_seconds))
        },
    );
    vec![
        format!("end to end {echo}"),
        format!("consoles   {}{by_protocol}", number(connections)),
        format!("rejected   {rejected}"),
        format!(
            "sent/s     {}, conflated {}",
            per_second(whole.deliveries_per_second),
            per_second(whole.conflated_per_second)
        ),
        format!("gaps/s     {}, snapshots {}", per_second(whole.gaps_per_second), per_second(whole.resyncs_per_second)),
        format!("waiting    {} changes", or_nothing(whole.waiting_changes, number)),
    ]
}
