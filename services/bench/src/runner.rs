//! Which measures, how often, against whom: round by round in turn, Ghostlight first.

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::{Failure, Fault};
use crate::levels::{MOST_CONNECTIONS, MOST_WRITERS, forget};
use crate::measure::{Kind, Round};
use crate::options::{Measure, Options, Yardstick};
use crate::peer::Peer;
use crate::report::{Bound, Measured, Report, Rounds, Wanted};
use crate::target::Target;
use crate::wire::{Http, post};

/// Open files besides the clients: the runtime's, the terminal's, the sending client's.
const OTHER_FILES: u64 = 64;
/// The connections of the two HTTP measures.
const CONNECTIONS: [usize; 2] = [1, 100];
const _: () = assert!(CONNECTIONS[1] <= MOST_CONNECTIONS);
/// Changes a second of a hand on a fader, of the echo and of the first fan-out.
const HAND: u32 = 60;
/// Changes a second of many hands, of the second fan-out.
const MANY_HANDS: u32 = 500;

/// Measures. A progress bar shows on the standard error if that is a terminal.
///
/// # Errors
/// [`Failure`] at the first wrong answer, or if there is nothing to measure.
pub async fn run(options: &Options) -> Result<Report, Failure> {
    let mut notes = vec![];
    let kinds = kinds(options, &mut notes);
    let mut targets = vec![ghostlight(options).await?];
    if let Some(url) = &options.against {
        targets.push(Target::ghostlight("against", url, options.allow_remote).await?);
    }
    // The peer runs for as long as this lives.
    let (_peer, bare) = match &options.yardstick {
        Yardstick::None => (None, None),
        Yardstick::At(address) => (None, Some(Target::bare(*address, None))),
        Yardstick::Spawn(executable) => {
            let peer = Peer::start(executable).await.map_err(Failure::Yardstick)?;
            let target = Target::bare(peer.address, peer.pid());
            (Some(peer), Some(target))
        }
    };
    targets.extend(bare);
    notes.extend(targets.iter().filter_map(Target::pid_note));

    let measured = measure_all(options, &kinds, &targets).await;
    // Also after a wrong answer: a rig that is in use gets rid of what the run has set.
    for target in targets.iter().filter(|target| !target.bare) {
        if let Err(fault) = clean_up(target).await {
            notes.push(format!("{}: dimmers of this run may remain: {fault}", target.name));
        }
    }
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        rounds: options.rounds,
        seconds: options.effort.lasting.as_secs_f64(),
        notes,
        measures: measured?,
    })
}

async fn ghostlight(options: &Options) -> Result<Target, Failure> {
    let mut target = Target::ghostlight("ghostlight", &options.url, options.allow_remote).await?;
    target.pid = options.pid.or(target.pid);
    Ok(target)
}

/// What was chosen, with as many clients as there may be open files.
fn kinds(options: &Options, notes: &mut Vec<String>) -> Vec<Kind> {
    let wanted = options.clients as u64 + OTHER_FILES;
    // Where it cannot be raised, or there is no such limit, the clients are tried all the same.
    let files = rlimit::increase_nofile_limit(wanted).unwrap_or(wanted);
    let clients =
        options.clients.min(usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(options.clients)).max(1);
    if clients < options.clients {
        notes.push(format!("the limit of open files ({files}) allows for {clients} clients, not {}", options.clients));
    }
    let writers = options.writers.clamp(1, MOST_WRITERS);
    let of = |measure| match measure {
        Measure::Memory => vec![Kind::Memory { clients }],
        Measure::Http => CONNECTIONS.map(|connections| Kind::Http { connections }).to_vec(),
        Measure::Echo => vec![Kind::Echo { pace: None }, Kind::Echo { pace: Some(HAND) }],
        Measure::Fanout => [HAND, MANY_HANDS].map(|rate| Kind::Fanout { rate, clients }).to_vec(),
        Measure::Writers => vec![Kind::Writers { writers }],
    };
    Measure::ALL.into_iter().filter(|measure| options.only.contains(measure)).flat_map(of).collect()
}

async fn measure_all(options: &Options, kinds: &[Kind], targets: &[Target]) -> Result<Vec<Measured>, Failure> {
    let plan: Vec<(Kind, u32, Vec<&Target>)> =
        kinds.iter().map(|&kind| (kind, rounds(kind, options), sides(kind, targets))).collect();
    let steps = plan.iter().map(|(_, rounds, sides)| u64::from(*rounds) * sides.len() as u64).sum();
    let bar = progress(steps);
    let mut measures = vec![];
    for (kind, times, sides) in plan {
        let mut taken: Vec<Rounds> = sides.iter().map(|side| Rounds { name: side.name, rounds: vec![] }).collect();
        for _ in 0..times {
            for (target, taken) in sides.iter().zip(&mut taken) {
                bar.set_message(format!("{}, {}", kind.name(), target.name));
                taken.rounds.push(one_round(kind, target, options).await?);
                bar.inc(1);
            }
        }
        measures.push(Measured::of(kind.name(), &taken, wanted(kind)));
    }
    bar.finish_and_clear();
    Ok(measures)
}

async fn one_round(kind: Kind, target: &Target, options: &Options) -> Result<Round, Failure> {
    let round = kind.round(target, &options.effort).await;
    round.map_err(|fault| Failure::Round { measure: kind.name(), side: target.name, fault })
}

/// Memory has one round: in a second one the server would take from what it has freed.
fn rounds(kind: Kind, options: &Options) -> u32 {
    if matches!(kind, Kind::Memory { .. }) { 1 } else { options.rounds.max(1) }
}

/// The bare peer acknowledges nothing.
fn sides(kind: Kind, targets: &[Target]) -> Vec<&Target> {
    targets.iter().filter(|target| !(target.bare && matches!(kind, Kind::Writers { .. }))).collect()
}

/// What is wanted on two cores.
fn wanted(kind: Kind) -> Vec<Wanted> {
    let want = |figure, over, bound, remark| Wanted { figure, over, bound, remark, measured: None, met: None };
    match kind {
        Kind::Memory { .. } => vec![want("rss_bytes_each", None, Bound::AtMost(10_000.0), "")],
        Kind::Http { connections: 1 } => {
            vec![want("p50_us", Some("bare"), Bound::AtMost(2.5), "with full, plus one fsync")]
        }
        Kind::Http { .. } => vec![
            want("per_second", Some("bare"), Bound::AtLeast(0.75), "with relaxed"),
            want("per_second", Some("against"), Bound::AtLeast(0.6), "full against relaxed"),
        ],
        Kind::Echo { .. } => vec![want("p50_us", Some("bare"), Bound::AtMost(1.6), "")],
        Kind::Fanout { rate: HAND, .. } => vec![want("cpu_us_each", Some("bare"), Bound::AtMost(1.25), "")],
        Kind::Fanout { .. } => vec![want("stale_p99_ms", None, Bound::AtMost(40.0), "")],
        Kind::Writers { .. } => vec![],
    }
}

fn progress(steps: u64) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    match ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

async fn clean_up(target: &Target) -> Result<(), Fault> {
    let mut request = String::new();
    post(&mut request, target, &forget());
    let forgotten = async {
        let mut http = Http::connect(target).await?;
        let answer = http.exchange(&request).await?;
        if answer.status == 200 { Ok(()) } else { Err(Fault::wrong("forgetting was refused", answer.body)) }
    };
    let patience = std::time::Duration::from_secs(10);
    tokio::time::timeout(patience, forgotten).await.map_err(|_| Fault::Late("forgetting".into()))?
}
