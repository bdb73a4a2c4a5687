//! `ghostlight watch`: follows a rig's changes.

use std::io::{self, Write};
use std::process::ExitCode;

use chrono::{DateTime, FixedOffset, Local};
use clap::Args;
use ghostlight_client::{Change, Client, News, State as Connection};
use ghostlight_proto::{StateText, UpdateText};
use ghostlight_rig::{Interest, KindId, Origin, State, Update};
use serde::Serialize;

use super::levels::to_words;
use super::output::{self, FAINT, NAME};
use super::target::Target;

/// Follow the changes of a rig as they come
///
/// Prints the whole map first, then a line for each change: the local time, what changed, and who changed it. If the
/// connection breaks, it says so on the standard error and continues when a server answers again. A slow reader gets
/// several changes in one line, and always the newest levels.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ghostlight watch
    12:00:00.981  1-8=0
    12:00:01.123  1=50 2-4=33.3  by desk-1
  ghostlight watch --json
    {\"type\":\"snapshot\",\"time\":\"2026-01-31T12:00:00.981+01:00\",\"position\":\"1790000000-41\",\"levels\":{\"1\":0},…}
    {\"type\":\"delta\",\"time\":\"…\",\"position\":\"1790000000-42\",\"levels\":{\"1\":50},\"origins\":[{\"client\":\"desk-1\",\"seq\":7}]}

A level of none, or null, means that the dimmer has no level any more.

Exit codes:
  0 its reader has gone   1 failed   64 wrong use   69 no server answers at the start")]
pub struct WatchArgs {
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// The kinds to follow [default: levels,labels,master,blackout]
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = KindId::read)]
    pub kinds: Vec<KindId>,
    /// The gateway and the rig.
    #[command(flatten)]
    pub target: Target,
}

/// Runs the command until the reader of its output goes away.
///
/// # Errors
/// If the standard output cannot be written.
pub async fn run(args: WatchArgs) -> anyhow::Result<ExitCode> {
    let kinds = if args.kinds.is_empty() { Interest::default() } else { args.kinds.iter().copied().collect() };
    let client = match args.target.connect_for(kinds).await {
        Ok(client) => client,
        Err(code) => return Ok(code),
    };
    tokio::select! {
        printed = print_changes(&client, args.json.then_some(kinds)) => printed?,
        () = tell_state(&client) => {}
    }
    client.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Prints changes as JSON with these kinds, or as lines for people.
async fn print_changes(client: &Client, json: Option<Interest>) -> io::Result<()> {
    let mut follower = client.follow();
    while let Some(change) = follower.changed().await {
        let mut out = anstream::stdout().lock();
        let now = Local::now().fixed_offset();
        let written = match json {
            Some(kinds) => write_json(&mut out, &now, &change, kinds),
            None => write_line(&mut out, &now, &change),
        };
        if output::ended(written.and_then(|()| out.flush()))? {
            break;
        }
    }
    Ok(())
}

/// Prints on the standard error when the connection breaks and when it is back.
async fn tell_state(client: &Client) {
    let mut status = client.status();
    let mut live = true;
    while status.changed().await.is_ok() {
        let now = status.borrow_and_update().clone();
        let time = Local::now().format("%H:%M:%S");
        match now.state {
            Connection::Live if !live => output::remark(format_args!("{time}  connected again")),
            Connection::Stale if live => output::remark(format_args!("{time}  no message from the server")),
            Connection::Offline if live => {
                let why = now.reason.as_deref().unwrap_or("closed");
                output::remark(format_args!("{time}  connection lost ({why}); trying again"));
            }
            _ => continue,
        }
        live = now.state == Connection::Live;
    }
}

fn write_line(out: &mut impl Write, now: &DateTime<FixedOffset>, change: &Change) -> io::Result<()> {
    write!(out, "{FAINT}{}{FAINT:#} ", now.format("%H:%M:%S%.3f"))?;
    let words = match &change.news {
        News::State(state) => to_words(&Update::between(&State::default(), state, Interest::all())),
        News::Update(update) => to_words(update),
    };
    for word in &words {
        write!(out, " {word}")?;
    }
    if words.is_empty() {
        write!(out, " {FAINT}no dimmer has a level{FAINT:#}")?;
    }
    let names = names(&change.origins);
    if !names.is_empty() {
        write!(out, "  by {NAME}{}{NAME:#}", names.join(", "))?;
    }
    writeln!(out)
}

/// The names of the origins, each once, in the order of their changes.
fn names(origins: &[Origin]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for origin in origins {
        let name = origin.client.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn write_json(out: &mut impl Write, now: &DateTime<FixedOffset>, change: &Change, kinds: Interest) -> io::Result<()> {
    let origins = change.origins.iter().map(|origin| OriginLine { client: origin.client.as_str(), seq: origin.seq });
    let line = Line {
        kind: match change.news {
            News::State(_) => "snapshot",
            News::Update(_) => "delta",
        },
        time: now.format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
        position: change.position.to_string(),
        news: match &change.news {
            News::State(state) => NewsText::State(StateText { state, kinds }),
            News::Update(update) => NewsText::Update(UpdateText(update)),
        },
        origins: origins.collect(),
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    time: String,
    position: String,
    #[serde(flatten)]
    news: NewsText<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    origins: Vec<OriginLine<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum NewsText<'a> {
    State(StateText<'a>),
    Update(UpdateText<'a>),
}

#[derive(Serialize)]
struct OriginLine<'a> {
    client: &'a str,
    seq: u64,
}

#[cfg(test)]
mod tests {
    use ghostlight_proto::parse_levels;
    use ghostlight_rig::{ClientId, Position};

    use super::*;

    fn noon() -> DateTime<FixedOffset> {
        "2026-01-31T12:00:01.123+01:00".parse().unwrap()
    }

    fn change(news: News, by: &[&str]) -> Change {
        let origin = |name: &&str| Origin { client: ClientId::new(name).unwrap(), seq: 7 };
        Change { position: Position::new(17, 42), news, origins: by.iter().map(origin).collect() }
    }

    fn levels(json: &str) -> News {
        News::Update(parse_levels(json.as_bytes()).unwrap().into())
    }

    fn line(change: &Change) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        write_line(&mut out, &noon(), change).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    fn json(change: &Change) -> String {
        let mut out = Vec::new();
        write_json(&mut out, &noon(), change, Interest::default()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_tells_when_what_and_who() {
        let both = change(levels(r#"{"1": 50, "2": 0, "3": 0, "9": null}"#), &["desk-1", "desk-2", "desk-1"]);
        assert_eq!(line(&both), "12:00:01.123  1=50 2-3=0 9=none  by desk-1, desk-2\n");
        assert_eq!(line(&change(levels(r#"{"1": 50}"#), &[])), "12:00:01.123  1=50\n");
        assert_eq!(line(&change(News::State(State::default()), &[])), "12:00:01.123  no dimmer has a level\n");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let delta = json(&change(levels(r#"{"1": 50, "9": null}"#), &["desk-1"]));
        let start = r#"{"type":"delta","time":"2026-01-31T12:00:01.123+01:00","position":"17-42","#;
        assert_eq!(
            delta,
            format!("{start}{}\n", r#""levels":{"1":50,"9":null},"origins":[{"client":"desk-1","seq":7}]}"#)
        );
        let snapshot = json(&change(News::State(State::default()), &[]));
        assert_eq!(
            snapshot,
            format!(
                "{}\n",
                start.replace("delta", "snapshot") + r#""levels":{},"labels":{},"master":100,"blackout":false}"#
            )
        );
    }
}
