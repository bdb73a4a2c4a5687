//! Many WebSocket clients of the full protocol, each setting its own dimmer as fast as it is acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Round, Window, all};
use crate::failure::Fault;
use crate::levels::{WRITERS_DIMMERS, level_text, one, varied};
use crate::options::Effort;
use crate::tally::Tally;
use crate::target::Target;
use crate::wire::{Http, Socket, close_all, connect, get, next_text, send};

/// The subprotocol and the path of the full protocol.
const SUBPROTOCOL: &str = "ghostlight.v1";
const PLACE: &str = "/v1/rigs/main/ws";

pub(super) async fn round(target: &Target, writers: usize, effort: &Effort) -> Result<Round, Fault> {
    let mut opened = Vec::with_capacity(writers);
    for who in 0..writers {
        opened.push(open(target, who).await?);
    }
    let (tally, window) = (Arc::new(Tally::new()), Window::after_warm_up(effort));
    let most = (effort.most / writers.max(1) as u64).max(1);
    let mut tasks = JoinSet::new();
    for (who, socket) in opened.into_iter().enumerate() {
        let writer = Writer { who, socket, tally: Arc::clone(&tally), window, most };
        tasks.spawn(writer.run());
    }
    let ended = all(tasks).await?;
    let round = Round::timed(&tally, window.took());
    let (sockets, last): (Vec<_>, BTreeMap<_, _>) = ended.into_iter().unzip();
    check(target, &last).await?;
    close_all(sockets).await;
    Ok(round)
}

async fn open(target: &Target, who: usize) -> Result<Socket, Fault> {
    let mut socket = connect(target, PLACE, Some(SUBPROTOCOL)).await?;
    send(&mut socket, format!(r#"{{"type":"hello","client":"bench-{who}"}}"#)).await?;
    let text = next_text(&mut socket).await?;
    if text.starts_with(r#"{"type":"snapshot""#) {
        return Ok(socket);
    }
    Err(Fault::wrong("expected a snapshot after hello", text.as_bytes()))
}

struct Writer {
    who: usize,
    socket: Socket,
    tally: Arc<Tally>,
    window: Window,
    most: u64,
}

impl Writer {
    /// Sets levels until the window closes. Returns the dimmer and the last level, which is acknowledged.
    async fn run(mut self) -> Result<(Socket, (u16, u16)), Fault> {
        let dimmer = WRITERS_DIMMERS + self.who as u16;
        let (mut counted, mut last) = (0, 0);
        for seq in 0.. {
            let begun = Instant::now();
            if begun >= self.window.until || counted >= self.most {
                break;
            }
            last = varied(seq + self.who as u64);
            let levels = one(dimmer, last);
            send(&mut self.socket, format!(r#"{{"type":"set","seq":{seq},"levels":{levels}}}"#)).await?;
            await_ack(&mut self.socket, seq).await?;
            if begun >= self.window.from {
                self.tally.record(self.who, begun.elapsed());
                counted += 1;
            }
        }
        Ok((self.socket, (dimmer, last)))
    }
}

#[derive(Deserialize)]
struct Ack {
    seq: u64,
}

/// Waits for the acknowledgement. Deltas of other writers are ignored unread.
async fn await_ack(socket: &mut Socket, sent: u64) -> Result<(), Fault> {
    loop {
        let text = next_text(socket).await?;
        if text.starts_with(r#"{"type":"ack""#) {
            let ack: Option<Ack> = serde_json::from_str(&text).ok();
            return match ack {
                Some(Ack { seq }) if seq == sent => Ok(()),
                _ => Err(Fault::wrong(&format!("expected the ack of {sent}"), text.as_bytes())),
            };
        }
        if text.starts_with(r#"{"type":"error""#) {
            return Err(Fault::wrong("a set was refused", text.as_bytes()));
        }
    }
}

/// Checks that the map has every level that was acknowledged last.
async fn check(target: &Target, last: &BTreeMap<u16, u16>) -> Result<(), Fault> {
    let mut http = Http::connect(target).await?;
    let answer = http.exchange(&get(target, "/")).await?;
    let map: BTreeMap<u16, f64> = match serde_json::from_slice(answer.body) {
        Ok(map) if answer.status == 200 => map,
        _ => return Err(Fault::wrong(&format!("GET / for the map: status {}", answer.status), answer.body)),
    };
    for (dimmer, &level) in last {
        let shown = map.get(dimmer).map(|percent| (percent * 100.0).round() as u16);
        if shown != Some(level) {
            let (acknowledged, shown) = (level_text(level), shown.map(level_text));
            return Err(Fault::Wrong(format!(
                "dimmer {dimmer} was acknowledged at {acknowledged}, the map has {shown:?}"
            )));
        }
    }
    Ok(())
}
