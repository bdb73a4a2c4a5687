//! Computes the view from two scrapes. It has no clock: the times come with the scrapes.

use std::collections::BTreeMap;

use ghostlight_telemetry::metrics::{Label, Stage};

use crate::alarms;
use crate::buckets::Buckets;
use crate::scrape::Scrape;
use crate::view::{Answer, Count, Gateway, Here, Nats, Process, Spread, StageView, StateService, Timed, View, Whole};

/// The answer of a process, and when it came.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Host and port of the process.
    pub name: String,
    /// The time of the answer, by a clock that is never set.
    pub at_seconds: f64,
    /// The time of the answer, since 1970.
    pub unix_seconds: f64,
    /// The scrape, or why there is none.
    pub answer: Result<Scrape, String>,
}

/// The processes that are followed, with the last scrape of each.
#[derive(Debug, Default)]
pub struct Followed(Vec<Option<Reading>>);

impl Followed {
    /// Takes the new readings of all processes, and compares each with the last scrape of its process.
    pub fn take(&mut self, readings: Vec<Reading>) -> View {
        self.0.resize(readings.len(), None);
        let pairs = self.0.iter().zip(&readings);
        let view = whole(pairs.map(|(then, now)| process(then.as_ref(), now)).collect());
        for (last, reading) in self.0.iter_mut().zip(readings) {
            if reading.answer.is_ok() {
                *last = Some(reading);
            }
        }
        view
    }
}

fn process(then: Option<&Reading>, now: &Reading) -> Process {
    let answer = match &now.answer {
        Err(why) => Answer::Away { away: why.clone() },
        Ok(scrape) => {
            let then = then.and_then(|then| Some((then.answer.as_ref().ok()?, now.at_seconds - then.at_seconds)));
            Answer::Here(Box::new(Pair::new(then, scrape).here(now.unix_seconds)))
        }
    };
    Process { name: now.name.clone(), answer }
}

/// Two scrapes of one process, or only the newer one.
struct Pair<'a> {
    /// `None` if the process has restarted since, because its counters began again.
    then: Option<&'a Scrape>,
    seconds: Option<f64>,
    now: &'a Scrape,
    is_restarted: bool,
}

impl<'a> Pair<'a> {
    fn new(then: Option<(&'a Scrape, f64)>, now: &'a Scrape) -> Self {
        let started = |scrape: &Scrape| scrape.value("process_start_time_seconds");
        let then = then.filter(|(_, seconds)| *seconds > 0.0);
        let is_restarted = then.is_some_and(|(then, _)| started(then) != started(now));
        let seconds = then.map(|(_, seconds)| seconds);
        Self { then: then.map(|(then, _)| then).filter(|_| !is_restarted), seconds, now, is_restarted }
    }

    fn per_second(&self, name: &str) -> Option<f64> {
        self.rate(self.now.value(name)?, self.then.and_then(|then| then.value(name)))
    }

    /// A counter that is lower than before began again at 0.
    fn rate(&self, now: f64, then: Option<f64>) -> Option<f64> {
        let then = then.filter(|then| *then <= now).unwrap_or(0.0);
        Some((now - then) / self.seconds?)
    }

    fn count(&self, name: &str) -> Count {
        Count { total: self.now.value(name).unwrap_or(0.0), per_second: self.per_second(name) }
    }

    fn counts(&self, name: &str, label: &str) -> BTreeMap<String, Count> {
        let then = self.then.map(|then| then.by(name, label)).unwrap_or_default();
        let count = |(value, total): (&str, f64)| {
            (value.to_owned(), Count { total, per_second: self.rate(total, then.get(value).copied()) })
        };
        self.now.by(name, label).into_iter().map(count).collect()
    }

    fn gauges(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        self.now.by(name, label).into_iter().map(|(value, number)| (value.to_owned(), number)).collect()
    }

    /// The values between the two scrapes, and how many of them came per second.
    fn came(&self, read: impl Fn(&Scrape) -> Option<Buckets>) -> Option<(f64, Buckets)> {
        let now = read(self.now)?;
        let came = self.then.and_then(read).map_or_else(|| now.clone(), |then| now.since(&then));
        Some((came.count() / self.seconds?, came))
    }

    fn here(&self, unix_seconds: f64) -> Here {
        let now = self.now;
        let build = |label: &str| now.label("ghostlight_build_info", label).unwrap_or("?").to_owned();
        let stages = Stage::ALL.iter().filter_map(|stage| {
            let read = |scrape: &Scrape| scrape.buckets_of("ghostlight_stage_seconds", Stage::NAME, stage.value());
            self.came(read).map(|(rate, buckets)| (stage.value(), rate, buckets))
        });
        let timed =
            Timed { stages: stages.collect(), echo: self.came(|scrape| scrape.buckets("ghostlight_echo_seconds")) };
        let most_files = now.value("process_max_fds").filter(|most| *most > 0.0);
        Here {
            role: build("role"),
            version: build("version"),
            uptime_seconds: now.value("process_start_time_seconds").map(|start| (unix_seconds - start).max(0.0)),
            is_restarted: self.is_restarted,
            cpu_cores: self.per_second("process_cpu_seconds_total"),
            memory_bytes: now.value("process_resident_memory_bytes"),
            files_used: most_files.and_then(|most| Some(now.value("process_open_fds")? / most)),
            gateway: now.value("ghostlight_changes_total").map(|_| self.gateway(&timed)),
            state: now.value("ghostlight_folded_entries_total").map(|_| self.state()),
            nats: now.value("ghostlight_nats_connected").map(|connected| Nats {
                is_connected: connected > 0.0,
                cuts: self.count("ghostlight_nats_cuts_total"),
                refusals: self.counts("ghostlight_nats_refusals_total", "reason"),
            }),
            timed,
        }
    }

    fn gateway(&self, timed: &Timed) -> Gateway {
        Gateway {
            changes_per_second: self.per_second("ghostlight_changes_total"),
            rejections: self.counts("ghostlight_rejected_changes_total", "reason"),
            waiting_changes: self.now.value("ghostlight_waiting_changes"),
            connections: self.gauges("ghostlight_connections", "protocol"),
            sockets: self.now.value("ghostlight_sockets"),
            deliveries_per_second: self.per_second("ghostlight_deliveries_total"),
            conflated_per_second: self.per_second("ghostlight_conflated_deliveries_total"),
            gaps_per_second: self.per_second("ghostlight_gaps_total"),
            resyncs_per_second: self.per_second("ghostlight_resyncs_total"),
            divergences: self.count("ghostlight_divergences_total"),
            foreign_stores: self.count("ghostlight_foreign_stores_total"),
            echo: timed.echo.as_ref().map(|(rate, buckets)| Spread::new(*rate, buckets)),
            followed_rigs: self.now.value("ghostlight_followed_rigs"),
            stale_rigs: self.now.value("ghostlight_stale_rigs"),
            beacon_age_seconds: self.now.value("ghostlight_beacon_age_seconds"),
            cursor_lag_revisions: self.gauges("ghostlight_cursor_lag_revisions", "quantile"),
        }
    }

    fn state(&self) -> StateService {
        StateService {
            entries_per_second: self.per_second("ghostlight_folded_entries_total"),
            changes_per_second: self.per_second("ghostlight_folded_changes_total"),
            saves: self.counts("ghostlight_saves_total", "outcome"),
            questions_per_second: self.per_second("ghostlight_questions_total"),
            starts_over: self.count("ghostlight_starts_over_total"),
            passed_over: self.count("ghostlight_passed_over_total"),
            epochs: self.count("ghostlight_epochs_total"),
            is_speaking: self.now.value("ghostlight_speaking").map(|speaking| speaking > 0.0),
            rigs: self.now.value("ghostlight_rigs"),
            log_lag_revisions: self.now.value("ghostlight_log_lag_revisions"),
            store_lag_seconds: self.now.value("ghostlight_store_lag_seconds"),
            store_lag_revisions: self.now.value("ghostlight_store_lag_revisions"),
        }
    }
}

fn whole(processes: Vec<Process>) -> View {
    let gateways: Vec<_> = processes.iter().filter_map(|process| process.here()?.gateway.as_ref()).collect();
    let sum = |of: fn(&Gateway) -> Option<f64>| gateways.iter().filter_map(|gateway| of(gateway)).reduce(|a, b| a + b);
    let mut whole = Whole {
        changes_per_second: sum(|gateway| gateway.changes_per_second),
        deliveries_per_second: sum(|gateway| gateway.deliveries_per_second),
        conflated_per_second: sum(|gateway| gateway.conflated_per_second),
        gaps_per_second: sum(|gateway| gateway.gaps_per_second),
        resyncs_per_second: sum(|gateway| gateway.resyncs_per_second),
        waiting_changes: sum(|gateway| gateway.waiting_changes),
        echo: together(heard(&processes).filter_map(|(_, timed)| timed.echo.as_ref()))
            .map(|(rate, buckets)| Spread::new(rate, &buckets)),
        ..Whole::default()
    };
    for gateway in gateways {
        for (protocol, open) in &gateway.connections {
            *whole.connections.entry(protocol.clone()).or_default() += open;
        }
        for (reason, count) in &gateway.rejections {
            let all = whole.rejections.entry(reason.clone()).or_default();
            all.total += count.total;
            all.per_second = [all.per_second, count.per_second].into_iter().flatten().reduce(|a, b| a + b);
        }
    }
    View { alarms: alarms::of(&processes), whole, stages: stages(&processes), processes }
}

fn heard(processes: &[Process]) -> impl Iterator<Item = (&str, &Timed)> {
    processes.iter().filter_map(|process| Some((process.name.as_str(), &process.here()?.timed)))
}

fn together<'a>(each: impl Iterator<Item = &'a (f64, Buckets)>) -> Option<(f64, Buckets)> {
    each.cloned().reduce(|(rate, buckets), (more, other)| (rate + more, buckets.plus(&other)))
}

fn stages(processes: &[Process]) -> Vec<StageView> {
    let mut stages: Vec<_> = Stage::ALL.iter().filter_map(|stage| stage_view(stage.value(), processes)).collect();
    let slowest = stages.iter().filter_map(|stage| stage.spread.p99_seconds).fold(0.0, f64::max);
    // If several are equally slow, the first.
    if let Some(stage) = stages.iter_mut().find(|stage| stage.spread.p99_seconds == Some(slowest)) {
        stage.is_slowest = true;
    }
    stages
}

fn stage_view(stage: &'static str, processes: &[Process]) -> Option<StageView> {
    let here = heard(processes).filter_map(|(name, timed)| {
        let (_, rate, buckets) = timed.stages.iter().find(|(name, ..)| *name == stage)?;
        Some((name, (*rate, buckets.clone())))
    });
    let here: Vec<_> = here.collect();
    let (rate, buckets) = together(here.iter().map(|(_, came)| came))?;
    let slow = here.iter().filter_map(|(name, (_, buckets))| Some((name, buckets.quantile(0.99)?)));
    let slowest_at = slow.max_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(name, _)| (*name).to_owned());
    Some(StageView { stage, spread: Spread::new(rate, &buckets), is_slowest: false, slowest_at })
}
