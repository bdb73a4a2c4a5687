//! Who speaks: every state service announces the same deltas, so there are as many speakers as one delta is heard times.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::StreamExt;
use ghostlight_proto::{ServerMessage, decode, subjects};
use ghostlight_rig::{Partitions, RigName};

use crate::cluster::Cluster;

/// Waits until all state services speak, while the rig moves.
pub(super) async fn all_speak(cluster: &Cluster) {
    let client = async_nats::connect(cluster.nats.urls()).await.unwrap();
    let rig = RigName::new("check").unwrap();
    let mut echo = client.subscribe(subjects::echo(&rig, Partitions::default())).await.unwrap();
    let mut times: HashMap<Bytes, usize> = HashMap::new();
    while let Some(message) = echo.next().await {
        // Anybody may say twice where it stands, or who is connected; what has changed it says once.
        let is_delta = matches!(decode(&message.payload).unwrap().message, ServerMessage::Delta(_));
        let heard = times.entry(message.payload).or_default();
        *heard += usize::from(is_delta);
        if *heard == Cluster::STATES {
            return;
        }
    }
    panic!("the connection has ended");
}
