//! The memory that an idle WebSocket client costs the server: the growth for many clients, divided by their number.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::{Figures, Round};
use crate::failure::Fault;
use crate::process::{Memory, memory};
use crate::target::Target;
use crate::wire::{Socket, close_all, follow, follow_many};

/// A connection has at least a read buffer of 4 KiB. A server that seems to need less has reused memory that it had
/// freed before. That figure is not what a client costs, and is not judged.
const LEAST: f64 = 4_096.0;

pub(super) async fn round(target: &Target, clients: usize) -> Result<Round, Fault> {
    // The first connection makes the server load code and data that all connections share.
    let first = follow(target, "/ws").await?;
    let before = settled(target.pid).await;
    let mut sockets = follow_many(target, "/ws", clients).await?;
    for socket in &mut sockets {
        pong(socket).await?;
    }
    let after = settled(target.pid).await;
    sockets.push(first);
    close_all(sockets).await;

    let figures = before.zip(after).map(|(before, after)| figures(before, after, clients));
    Ok(Round { answers: clients as u64, figures: figures.unwrap_or_default() })
}

fn figures(before: Memory, after: Memory, clients: usize) -> Figures {
    let each = |before: u64, after: u64| (after as f64 - before as f64) / clients.max(1) as f64;
    let rss = each(before.rss, after.rss);
    if rss < LEAST {
        return Figures::from([("reused_bytes_each", rss)]);
    }
    let mut figures = Figures::from([("rss_bytes_each", rss), ("rss_before_bytes", before.rss as f64)]);
    if let (Some(before), Some(after)) = (before.pss, after.pss) {
        figures.insert("pss_bytes_each", each(before, after));
    }
    figures
}

/// Waits for a pong, which proves that the server still serves the client.
async fn pong(socket: &mut Socket) -> Result<(), Fault> {
    socket.send(Message::Ping("bench".into())).await?;
    let pong = async {
        while let Some(message) = socket.next().await.transpose()? {
            if let Message::Pong(_) = message {
                return Ok(());
            }
        }
        Err(Fault::Wrong("the server closed an idle client".into()))
    };
    timeout(Duration::from_secs(10), pong).await.map_err(|_| Fault::Late("a ping was not answered".into()))?
}

/// The memory once it no longer changes: connections that are being set up need more for a moment.
async fn settled(pid: Option<u32>) -> Option<Memory> {
    let deadline = Instant::now() + Duration::from_secs(3);
    let mut seen = memory(pid?)?;
    loop {
        sleep(Duration::from_millis(200)).await;
        let now = memory(pid?)?;
        if now == seen || Instant::now() >= deadline {
            return Some(now);
        }
        seen = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_freed_before_is_not_taken_for_cheap() {
        let held = |rss| Memory { rss, pss: None };
        let fresh = figures(held(20_000_000), held(28_000_000), 1_000);
        assert_eq!(fresh["rss_bytes_each"], 8_000.0);
        let warm = figures(held(20_000_000), held(20_300_000), 1_000);
        assert!(!warm.contains_key("rss_bytes_each"), "{warm:?}");
    }
}
