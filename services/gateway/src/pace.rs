//! The pace of large changes.
//!
//! A large change keeps the whole way busy: while it is folded, applied and saved, the changes of others wait. If a client
//! makes a large change that takes `t` every `p`, a change that comes at a random moment waits `t²/2p` for it on average. The
//! pace keeps that below [`ADDED_WAIT`]: a client waits `t²/2w` after its large change before its next one. So who floods a
//! rig slows itself down, and the faster a change is, the more often it may be made.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ghostlight_rig::ClientId;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// A change of more items than this is large. Two universes of DMX are not: a page that moves many faders is not slowed down.
pub(crate) const LARGE_ITEMS: usize = 1_024;

/// What the large changes of one client may add to the average time that a change of others takes.
const ADDED_WAIT: Duration = Duration::from_millis(1);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// From this many remembered clients on, those that wait for nothing are forgotten.
const REMEMBERED_CLIENTS: usize = 64;

/// Who makes large changes: an address, and the name that the client gave itself.
type Client = (IpAddr, Option<ClientId>);

/// When each client may make its next large change.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    next: Mutex<HashMap<Client, Arc<tokio::sync::Mutex<Instant>>>>,
}

/// The turn of a client to make one large change, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    began: Instant,
    next: OwnedMutexGuard<Instant>,
}

impl Pace {
    /// Waits until a client may make a large change. It makes one at a time, in the order in which it asked.
    pub(crate) async fn turn(&self, address: IpAddr, client: Option<ClientId>) -> Turn {
        let next = {
            let mut all = self.next.lock();
            if all.len() >= REMEMBERED_CLIENTS {
                let now = Instant::now();
                all.retain(|_, next| next.try_lock().is_err() || next.try_lock().is_ok_and(|next| *next > now));
            }
            all.entry((address, client)).or_insert_with(|| Arc::new(tokio::sync::Mutex::new(Instant::now()))).clone()
        };
        let next = next.lock_owned().await;
        tokio::time::sleep_until(*next).await;
        Turn { began: Instant::now(), next }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let now = Instant::now();
        *self.next = now + wait(now - self.began);
    }
}

/// How long a client waits after a large change that took this long.
fn wait(took: Duration) -> Duration {
    let seconds = took.as_secs_f64().powi(2) / (2.0 * ADDED_WAIT.as_secs_f64());
    Duration::try_from_secs_f64(seconds).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn named(name: &str) -> Option<ClientId> {
        Some(ClientId::new(name).expect("the name is valid"))
    }

    #[test]
    fn the_wait_grows_with_the_square_of_the_time() {
        let ms = Duration::from_millis;
        assert_eq!([0, 1, 10, 50, 100].map(|took| wait(ms(took)).as_millis()), [0, 0, 50, 1_250, 5_000]);
        assert_eq!(wait(Duration::MAX), LONGEST_WAIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_waits_after_a_large_change_and_others_do_not() {
        let (pace, began) = (Pace::default(), Instant::now());
        let turn = pace.turn(ADDRESS, named("bridge")).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(turn);
        assert_eq!(began.elapsed().as_millis(), 20);
        pace.turn(ADDRESS, named("desk")).await;
        pace.turn(ADDRESS, None).await;
        assert_eq!(began.elapsed().as_millis(), 20, "others wait for nothing");
        pace.turn(ADDRESS, named("bridge")).await;
        assert_eq!(began.elapsed().as_millis(), 220, "20 ms squared, by two");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_makes_one_large_change_at_a_time() {
        let pace = Pace::default();
        let first = pace.turn(ADDRESS, None).await;
        let second = tokio::time::timeout(Duration::from_secs(60), pace.turn(ADDRESS, None)).await;
        assert!(second.is_err());
        drop(first);
        tokio::time::timeout(LONGEST_WAIT, pace.turn(ADDRESS, None)).await.expect("it waits no longer than that");
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_wait_for_nothing_are_forgotten() {
        let pace = Pace::default();
        let held = pace.turn(ADDRESS, named("held")).await;
        for number in 0..10_000 {
            drop(pace.turn(ADDRESS, named(&format!("client-{number}"))).await);
        }
        let remembered = pace.next.lock().len();
        assert!(remembered <= REMEMBERED_CLIENTS, "{remembered}");
        assert!(pace.next.lock().contains_key(&(ADDRESS, named("held"))));
        drop(held);
    }
}
