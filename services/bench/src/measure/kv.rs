//! A key-value bucket of NATS: puts that a watcher sees, and puts that are acknowledged.

use std::sync::Arc;

use async_nats::jetstream::kv::{Store, Watch};
use futures_util::StreamExt;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::echo::{Echoing, paced};
use super::{Round, Window, all};
use crate::failure::Fault;
use crate::levels::{ECHO_DIMMER, HTTP_DIMMERS, level_text, varied};
use crate::nats::Nats;
use crate::options::Effort;
use crate::tally::Tally;

/// One task puts, and a watcher on another connection sees it.
pub(super) async fn seen(nats: &Nats, pace: Option<u32>, effort: &Effort) -> Result<Round, Fault> {
    let store = nats.bucket(nats.connect().await?).await?;
    let watching = nats.bucket(nats.connect().await?).await?;
    let watch = watching.watch(ECHO_DIMMER.to_string()).await.map_err(Fault::nats)?;
    paced(&mut Watched { store, watch }, pace, effort).await
}

struct Watched {
    store: Store,
    watch: Watch,
}

impl Echoing for Watched {
    async fn echo(&mut self, level: u16) -> Result<Instant, Fault> {
        let sent = level_text(level);
        let seen = async {
            let entry = self.watch.next().await.ok_or_else(|| Fault::Nats("the watcher has ended".to_owned()))?;
            Ok((entry.map_err(Fault::nats)?, Instant::now()))
        };
        let put = async { self.store.put(ECHO_DIMMER.to_string(), sent.clone().into()).await.map_err(Fault::nats) };
        // Either may come first. The watcher's time counts, because an echo's time is not that of its acknowledgement.
        let ((entry, at), _) = tokio::try_join!(seen, put)?;
        match entry.value == sent.as_bytes() {
            true => Ok(at),
            false => Err(Fault::wrong(&format!("put {sent}"), &entry.value)),
        }
    }
}

/// Many tasks put levels, each to its own key, one after another.
pub(super) async fn puts(nats: &Nats, tasks: usize, connections: usize, effort: &Effort) -> Result<Round, Fault> {
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        clients.push(nats.connect().await?);
    }
    let mut putters = Vec::with_capacity(tasks);
    for client in clients.iter().cycle().take(tasks) {
        putters.push(nats.bucket(client.clone()).await?);
    }
    let (tally, window) = (Arc::new(Tally::new()), Window::after_warm_up(effort));
    let most = (effort.most / tasks as u64).max(1);
    let mut running = JoinSet::new();
    for (who, store) in putters.into_iter().enumerate() {
        running.spawn(put_all(store, who, Arc::clone(&tally), window, most));
    }
    all(running).await?;
    Ok(Round::timed(&tally, window.took()))
}

async fn put_all(store: Store, who: usize, tally: Arc<Tally>, window: Window, most: u64) -> Result<(), Fault> {
    let dimmer = (HTTP_DIMMERS + who as u16).to_string();
    let mut counted = 0;
    for number in who as u64.. {
        let level = level_text(varied(number)).into();
        let begun = Instant::now();
        if begun >= window.until || counted >= most {
            break;
        }
        store.put(&dimmer, level).await.map_err(Fault::nats)?;
        if begun >= window.from {
            tally.record(who, begun.elapsed());
            counted += 1;
        }
    }
    Ok(())
}
