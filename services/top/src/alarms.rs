//! The alarms: what is wrong with processes, in words.

use crate::format::{duration, number, rate};
use crate::view::{Alarm, Answer, Count, Gateway, Here, Nats, Process, StateService};

/// Changes are gathered for 20 ms before they are saved. If one waits this long, the store has a problem.
const STORE_LAG_SECONDS: f64 = 1.0;

/// Entries are folded faster than they come. A state service with this many unfolded has a problem, or has just begun.
const LOG_LAG_REVISIONS: f64 = 1_000.0;

/// The share of the allowed open files that is alarming.
const FILES_USED: f64 = 0.9;

/// Reasons to reject a change that are not the client's fault.
const OUR_FAULT: [&str; 2] = ["unavailable", "unknown_outcome"];

/// The alarms of all processes.
pub fn of(processes: &[Process]) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for process in processes {
        let mut wrong = Vec::new();
        match &process.answer {
            Answer::Away { away } => wrong.push(format!("away: {away}")),
            Answer::Here(here) => here_alarms(here, &mut wrong),
        }
        alarms.extend(wrong.into_iter().map(|what| Alarm { process: process.name.clone(), what }));
    }
    alarms
}

fn here_alarms(here: &Here, wrong: &mut Vec<String>) {
    if let Some(gateway) = &here.gateway {
        gateway_alarms(gateway, wrong);
    }
    if let Some(state) = &here.state {
        state_alarms(state, wrong);
    }
    if let Some(nats) = &here.nats {
        nats_alarms(nats, wrong);
    }
    if here.is_restarted {
        wrong.push("has restarted".to_owned());
    }
    if let Some(used) = here.files_used.filter(|used| *used >= FILES_USED) {
        wrong.push(format!("{} % of the open files that are allowed are in use", number(used * 100.0)));
    }
}

fn gateway_alarms(gateway: &Gateway, wrong: &mut Vec<String>) {
    if gateway.divergences.total > 0.0 {
        wrong.push(format!("replicas that diverged: {}", number(gateway.divergences.total)));
    }
    if gateway.foreign_stores.total > 0.0 {
        let count = number(gateway.foreign_stores.total);
        wrong.push(format!("messages of a state service with another store: {count}"));
    }
    if let Some(stale) = gateway.stale_rigs.filter(|stale| *stale > 0.0) {
        let silence = gateway.beacon_age_seconds.map_or_else(String::new, |age| format!(" for {}", duration(age)));
        wrong.push(format!("stale rigs: {}; no message from a state service{silence}", number(stale)));
    }
    let refused = gateway.rejections.iter().filter(|(reason, _)| OUR_FAULT.contains(&reason.as_str()));
    for (reason, per_second) in refused.filter_map(|(reason, count)| Some((reason, rising(count)?))) {
        wrong.push(format!("changes are rejected ({reason}): {} a second", rate(per_second)));
    }
}

fn state_alarms(state: &StateService, wrong: &mut Vec<String>) {
    if state.is_speaking == Some(false) {
        wrong.push("this state service announces and answers nothing".to_owned());
    }
    if let Some(lag) = state.store_lag_seconds.filter(|lag| *lag >= STORE_LAG_SECONDS) {
        let entries = state.store_lag_revisions.map_or_else(String::new, |lag| format!(", by {} entries", number(lag)));
        wrong.push(format!("the store is behind for {}{entries}", duration(lag)));
    }
    if let Some(lag) = state.log_lag_revisions.filter(|lag| *lag >= LOG_LAG_REVISIONS) {
        wrong.push(format!("entries of the log that are not folded: {}", number(lag)));
    }
    let failed = state.saves.iter().filter(|(outcome, _)| outcome.as_str() != "saved");
    for (outcome, per_second) in failed.filter_map(|(outcome, count)| Some((outcome, rising(count)?))) {
        wrong.push(format!("saves fail ({outcome}): {} a second", rate(per_second)));
    }
    if state.passed_over.total > 0.0 {
        wrong.push(format!("places of the log that were passed over: {}", number(state.passed_over.total)));
    }
    if rising(&state.starts_over).is_some() {
        wrong.push("went back to what the store holds".to_owned());
    }
    if rising(&state.epochs).is_some() {
        wrong.push("the log did not go on from the saved rigs: a new epoch has begun".to_owned());
    }
}

fn nats_alarms(nats: &Nats, wrong: &mut Vec<String>) {
    if !nats.is_connected {
        let why: Vec<_> = nats.refusals.iter().filter(|(_, count)| rising(count).is_some()).collect();
        let why: Vec<_> = why.into_iter().map(|(reason, _)| reason.as_str()).collect();
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join(", ")) };
        wrong.push(format!("not connected to NATS{why}"));
    } else if rising(&nats.cuts).is_some() {
        wrong.push("the connection to NATS was lost, and is back".to_owned());
    }
}

fn rising(count: &Count) -> Option<f64> {
    count.per_second.filter(|per_second| *per_second > 0.0)
}
