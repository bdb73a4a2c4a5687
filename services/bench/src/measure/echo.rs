//! A WebSocket client that changes a dimmer and awaits its own echo.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Round, Window};
use crate::failure::Fault;
use crate::levels::{ECHO_DIMMER, one, scan, varied};
use crate::options::Effort;
use crate::tally::Tally;
use crate::target::Target;
use crate::wire::{Socket, close_all, follow, next_text, send};

pub(super) async fn round(target: &Target, pace: Option<u32>, effort: &Effort) -> Result<Round, Fault> {
    let mut socket = follow(target, "/ws").await?;
    let (tally, window) = (Tally::new(), Window::after_warm_up(effort));
    let pause = pace.map(|pace| Duration::from_secs(1) / pace.max(1));
    let (mut next, mut counted) = (Instant::now(), 0);
    for number in 0.. {
        if let Some(pause) = pause {
            sleep_until(next).await;
            next += pause;
        }
        let level = varied(number);
        let begun = Instant::now();
        if begun >= window.until || counted >= effort.most {
            break;
        }
        send(&mut socket, one(ECHO_DIMMER, level)).await?;
        await_echo(&mut socket, level).await?;
        if begun >= window.from {
            tally.record(0, begun.elapsed());
            counted += 1;
        }
    }
    let round = Round::timed(&tally, window.took());
    close_all(vec![socket]).await;
    Ok(round)
}

/// Awaits the message with our dimmer; what others change meanwhile is passed over.
async fn await_echo(socket: &mut Socket, sent: u16) -> Result<(), Fault> {
    loop {
        let text = next_text(socket).await?;
        let mut echoed = None;
        scan(text.as_bytes(), |dimmer, level| {
            if dimmer == ECHO_DIMMER {
                echoed = Some(level);
            }
        })?;
        match echoed {
            Some(Some(level)) if level == sent => return Ok(()),
            Some(_) => return Err(Fault::wrong(&format!("sent {}", one(ECHO_DIMMER, sent)), text.as_bytes())),
            None => {}
        }
    }
}
