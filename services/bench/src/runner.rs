//! Runs the measures: round by round, each contender in turn, Ghostlight first.

use indicatif::{ProgressBar, ProgressStyle};

use crate::contender::Contender;
use crate::failure::{Failure, Fault};
use crate::levels::{MAX_CONNECTIONS, MAX_WRITERS, forget};
use crate::lookup::remove_words;
use crate::measure::Kind;
use crate::nats::Nats;
use crate::options::{Measure, Options, Yardstick};
use crate::peer::Peer;
use crate::report::{Measured, Report, Rounds};
use crate::target::Target;
use crate::wanted::{HAND, wanted};
use crate::wire::{Http, post};

/// Open files besides those of the clients: of the runtime, the terminal and the sending client.
const OTHER_FILES: u64 = 64;
/// The connections of the two HTTP measures.
const CONNECTIONS: [usize; 2] = [1, 100];
const _: () = assert!(CONNECTIONS[1] <= MAX_CONNECTIONS);
/// The rate of the second fan-out, in changes a second: many hands at once.
const MANY_HANDS: u32 = 500;

/// Runs the measures until they are done or `ended` resolves. Shows a progress bar if the standard error is a terminal.
///
/// # Errors
/// [`Failure`] at the first wrong answer, if there is nothing to measure, or if the run was ended.
pub async fn run(options: &Options, ended: impl Future<Output = ()>) -> Result<Report, Failure> {
    let mut notes = vec![];
    let kinds = kinds(options, &mut notes);
    let mut targets = vec![ghostlight(options).await?];
    if let Some(url) = &options.against {
        targets.push(Target::ghostlight("against", url, options.allow_remote).await?);
    }
    // The peer runs until `_peer` is dropped.
    let (_peer, bare) = bare(options).await?;
    targets.extend(bare);
    notes.extend(targets.iter().filter_map(Target::pid_note));
    let nats = match &options.nats {
        Some(servers) => Some(Nats::open(servers, options.allow_remote).await?),
        None => None,
    };

    let contenders = targets.iter().map(Contender::Server).chain(nats.iter().flat_map(Contender::of_nats)).collect();
    let measured = tokio::select! {
        measured = measure_all(options, &kinds, contenders) => measured,
        () = ended => Err(Failure::Ended),
    };
    // Also after a wrong answer: removes what the run has set in the rig, and what it has made in NATS.
    let is_looked_up = options.only.contains(&Measure::Lookup);
    for target in targets.iter().filter(|target| !target.bare) {
        if let Err(fault) = in_time(clean_up(target, is_looked_up)).await {
            notes.push(format!("{}: dimmers of this run may remain: {fault}", target.name));
        }
    }
    if let Some(nats) = &nats {
        notes.extend(leave(nats).await);
    }
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        rounds: options.rounds,
        seconds: options.effort.lasting.as_secs_f64(),
        log: nats.map(|nats| nats.log),
        notes,
        measures: measured?,
    })
}

/// The bare server, and its process if this run started it.
async fn bare(options: &Options) -> Result<(Option<Peer>, Option<Target>), Failure> {
    match &options.yardstick {
        Yardstick::None => Ok((None, None)),
        Yardstick::At(address) => Ok((None, Some(Target::bare(*address, None)))),
        Yardstick::Spawn(executable) => {
            let peer = Peer::start(executable).await.map_err(Failure::Yardstick)?;
            let target = Target::bare(peer.address, peer.pid());
            Ok((Some(peer), Some(target)))
        }
    }
}

async fn ghostlight(options: &Options) -> Result<Target, Failure> {
    let mut target = Target::ghostlight("ghostlight", &options.url, options.allow_remote).await?;
    target.pid = options.pid.or(target.pid);
    Ok(target)
}

/// The chosen measures, with at most as many clients as the limit of open files allows.
fn kinds(options: &Options, notes: &mut Vec<String>) -> Vec<Kind> {
    let wanted = options.clients as u64 + OTHER_FILES;
    // If the limit cannot be raised, or there is none, all clients are tried.
    let files = rlimit::increase_nofile_limit(wanted).unwrap_or(wanted);
    let clients =
        options.clients.min(usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(options.clients)).max(1);
    if clients < options.clients {
        notes.push(format!("the limit of open files ({files}) allows for {clients} clients, not {}", options.clients));
    }
    let writers = options.writers.clamp(1, MAX_WRITERS);
    let of = |measure| match measure {
        Measure::Memory => vec![Kind::Memory { clients }],
        Measure::Http => CONNECTIONS.map(|connections| Kind::Http { connections }).to_vec(),
        Measure::Lookup => vec![Kind::Lookup { connections: CONNECTIONS[1] }],
        Measure::Echo => vec![Kind::Echo { pace: None }, Kind::Echo { pace: Some(HAND) }],
        Measure::Fanout => [HAND, MANY_HANDS].map(|rate| Kind::Fanout { rate, clients }).to_vec(),
        Measure::Writers => vec![Kind::Writers { writers }],
    };
    Measure::ALL.into_iter().filter(|measure| options.only.contains(measure)).flat_map(of).collect()
}

async fn measure_all(
    options: &Options,
    kinds: &[Kind],
    contenders: Vec<Contender<'_>>,
) -> Result<Vec<Measured>, Failure> {
    let takes_part = |kind: Kind, contender: &Contender<'_>| kind.round(*contender, &options.effort).is_some();
    let sides = |kind| contenders.iter().copied().filter(move |contender| takes_part(kind, contender));
    let steps = kinds.iter().map(|&kind| u64::from(rounds(kind, options)) * sides(kind).count() as u64).sum();
    let bar = progress(steps);
    let mut measures = vec![];
    for &kind in kinds {
        let mut taken: Vec<Rounds> = sides(kind).map(|side| Rounds { name: side.name(), rounds: vec![] }).collect();
        for _ in 0..rounds(kind, options) {
            for (contender, taken) in sides(kind).zip(&mut taken) {
                let Some(round) = kind.round(contender, &options.effort) else { continue };
                bar.set_message(format!("{}, {}", kind.name(), taken.name));
                let failed = |fault| Failure::Round { measure: kind.name(), side: taken.name, fault };
                taken.rounds.push(round.await.map_err(failed)?);
                bar.inc(1);
            }
        }
        measures.push(Measured::of(kind.name(), &taken, wanted(kind, options.nats.is_some())));
    }
    bar.finish_and_clear();
    Ok(measures)
}

/// Memory has one round, because in a second one the server would reuse memory that it has freed.
fn rounds(kind: Kind, options: &Options) -> u32 {
    if matches!(kind, Kind::Memory { .. }) { 1 } else { options.rounds.max(1) }
}

fn progress(steps: u64) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    match ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Waits for a clean-up, for 10 s at most.
async fn in_time<T>(what: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let patience = std::time::Duration::from_secs(10);
    tokio::time::timeout(patience, what).await.map_err(|_| Fault::Late("cleaning up".into()))?
}

async fn clean_up(target: &Target, is_looked_up: bool) -> Result<(), Fault> {
    let mut request = String::new();
    post(&mut request, target, "/", &forget());
    let mut http = Http::connect(target).await?;
    let answer = http.exchange(&request).await?;
    if answer.status != 200 {
        return Err(Fault::wrong("forgetting was refused", answer.body));
    }
    if is_looked_up { remove_words(target).await } else { Ok(()) }
}

/// Removes from NATS what the run has made there. Returns notes for the report.
async fn leave(nats: &Nats) -> Vec<String> {
    let mut notes = vec![];
    if let Ok(0) = in_time(nats.entries()).await {
        notes.push("the log took nothing in this run: it is not the log of the server that was measured".to_owned());
    }
    if let Err(fault) = in_time(nats.remove()).await {
        notes.push(format!("the stream and the bucket of this run remain in NATS: {fault}"));
    }
    notes
}
