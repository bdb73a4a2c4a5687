//! A client that changes a dimmer and waits for its own echo, back to back or at a steady pace.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Round, Window};
use crate::failure::Fault;
use crate::levels::{ECHO_DIMMER, one, scan, varied};
use crate::options::Effort;
use crate::tally::Tally;
use crate::target::Target;
use crate::wire::{Socket, close_all, follow, next_text, send};

/// Something that echoes a level.
pub(super) trait Echoing {
    /// Sends a level and waits until it comes back. Returns the moment when it did.
    fn echo(&mut self, level: u16) -> impl Future<Output = Result<Instant, Fault>> + Send;
}

/// Sends a level as soon as the one before is back, or `pace` levels a second.
pub(super) async fn paced(way: &mut impl Echoing, pace: Option<u32>, effort: &Effort) -> Result<Round, Fault> {
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
        let back = way.echo(level).await?;
        if begun >= window.from {
            tally.record(0, back - begun);
            counted += 1;
        }
    }
    Ok(Round::timed(&tally, window.took()))
}

/// A WebSocket client that changes a dimmer and waits for its own echo.
pub(super) async fn round(target: &Target, pace: Option<u32>, effort: &Effort) -> Result<Round, Fault> {
    let mut socket = follow(target, "/ws").await?;
    let round = paced(&mut socket, pace, effort).await?;
    close_all(vec![socket]).await;
    Ok(round)
}

impl Echoing for Socket {
    async fn echo(&mut self, level: u16) -> Result<Instant, Fault> {
        send(self, one(ECHO_DIMMER, level)).await?;
        await_echo(self, level).await?;
        Ok(Instant::now())
    }
}

/// Waits for the message with the echo's dimmer. Changes by others are ignored.
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
