//! The hops of an echo through NATS, without Ghostlight: the same way between sockets, and nothing done at its
//! stations.
//!
//! An echo of Ghostlight goes from socket to socket six times: console, gateway, NATS, state service, NATS, gateway,
//! console. On the way, NATS stores it in a stream. This measure does the same: it publishes to a stream and waits for
//! the acknowledgement, then publishes through core NATS to a subscriber on another connection, which publishes back.

use async_nats::jetstream::{self, Context};
use async_nats::{Client, Message, Subscriber};
use futures_util::StreamExt;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Round;
use super::echo::{Echoing, paced};
use crate::failure::Fault;
use crate::levels::{ECHO_DIMMER, delta, entry};
use crate::nats::{CHANGES, Nats};
use crate::options::Effort;

/// The subjects of the first and of the second publish through core NATS.
const OUT: &str = "ghostlight-bench.out";
const BACK: &str = "ghostlight-bench.back";

pub(super) async fn round(nats: &Nats, pace: Option<u32>, effort: &Effort) -> Result<Round, Fault> {
    let mut hops = Hops::open(nats).await?;
    let round = paced(&mut hops, pace, effort).await?;
    drop(hops);
    nats.empty().await?;
    Ok(round)
}

struct Hops {
    jetstream: Context,
    client: Client,
    back: Subscriber,
    /// Sends everything back on another connection. Ends when `Hops` is dropped.
    _far_end: JoinSet<()>,
}

impl Hops {
    async fn open(nats: &Nats) -> Result<Self, Fault> {
        let (client, far) = (nats.connect().await?, nats.connect().await?);
        let (out, back) = (subscribe(&far, OUT).await?, subscribe(&client, BACK).await?);
        let mut far_end = JoinSet::new();
        far_end.spawn(send_back(far, out));
        Ok(Self { jetstream: jetstream::new(client.clone()), client, back, _far_end: far_end })
    }
}

impl Echoing for Hops {
    async fn echo(&mut self, level: u16) -> Result<Instant, Fault> {
        let acknowledged = self.jetstream.publish(CHANGES, entry(ECHO_DIMMER, level).into()).await;
        let sequence = acknowledged.map_err(Fault::nats)?.await.map_err(Fault::nats)?.sequence;
        let sent = delta(sequence, ECHO_DIMMER, level);
        self.client.publish(OUT, sent.clone().into()).await.map_err(Fault::nats)?;
        let Message { payload, .. } = self.back.next().await.ok_or_else(ended)?;
        let at = Instant::now();
        match payload == sent.as_bytes() {
            true => Ok(at),
            false => Err(Fault::wrong(&format!("sent {sent}"), &payload)),
        }
    }
}

/// A subscription that the server is known to have read; it delivers nothing to others. A server reads a connection in
/// order, so it has read the subscription once it has sent back something that this connection published later.
async fn subscribe(client: &Client, subject: &'static str) -> Result<Subscriber, Fault> {
    let subscriber = client.subscribe(subject).await.map_err(Fault::nats)?;
    let inbox = client.new_inbox();
    let mut proof = client.subscribe(inbox.clone()).await.map_err(Fault::nats)?;
    client.publish(inbox, "".into()).await.map_err(Fault::nats)?;
    proof.next().await.map(|_| subscriber).ok_or_else(ended)
}

/// Sends back every message. If one is lost here, the waiting end notices.
async fn send_back(client: Client, mut out: Subscriber) {
    while let Some(Message { payload, .. }) = out.next().await {
        let _ = client.publish(BACK, payload).await;
    }
}

fn ended() -> Fault {
    Fault::Nats("the connection has ended".to_owned())
}
