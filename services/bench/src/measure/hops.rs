//! The bare hops of an echo through NATS: the same way between sockets, and nothing done with what goes there.
//!
//! An echo of Ghostlight goes from socket to socket six times: console, gateway, NATS, state service, NATS, gateway,
//! console; NATS takes it into a stream on the way. So does this: one publish to a stream and back with its
//! acknowledgement, then one publish of core NATS to a subscriber on another connection, then one more, from there back.

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

/// Where the first publish of core NATS goes, and the second.
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
    /// Sends back what comes on another connection; ends with this.
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

/// A subscription that the server knows of: what it has not read yet, it does not deliver to. It reads a connection in
/// order, so it knows of it once it has sent this connection something that was published after.
async fn subscribe(client: &Client, subject: &'static str) -> Result<Subscriber, Fault> {
    let subscriber = client.subscribe(subject).await.map_err(Fault::nats)?;
    let inbox = client.new_inbox();
    let mut proof = client.subscribe(inbox.clone()).await.map_err(Fault::nats)?;
    client.publish(inbox, "".into()).await.map_err(Fault::nats)?;
    proof.next().await.map(|_| subscriber).ok_or_else(ended)
}

/// What is lost here is missed where it is awaited.
async fn send_back(client: Client, mut out: Subscriber) {
    while let Some(Message { payload, .. }) = out.next().await {
        let _ = client.publish(BACK, payload).await;
    }
}

fn ended() -> Fault {
    Fault::Nats("the connection has ended".to_owned())
}
