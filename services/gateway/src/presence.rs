//! Which consoles are connected to a rig: at this gateway, and at the other gateways, whose rosters come over the echo.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use ghostlight_bus::{Announcement, Echo};
use ghostlight_proto::ServerMessage;
use ghostlight_rig::{ClientId, Console, ConsoleKind, ConsoleName, Presence, RigName, Roster};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// How often a gateway sends its roster although it has not changed: several times within the five seconds for which a
/// roster is valid.
const BEAT: Duration = Duration::from_secs(1);

/// The pause after a roster was sent, so that a crowd that connects at once causes one roster. The pause grows with the
/// crowd, because all of its clients receive the roster: one phone that comes and goes must not flood the others.
const BREATH: Duration = Duration::from_millis(100);
const LONGEST_BREATH: Duration = Duration::from_secs(1);

/// Rosters that come within so many milliseconds are shown together, by the next beat at the latest.
const SHOW_INTERVAL_MS: u64 = 50;

/// Who is connected to one rig.
pub(crate) struct RigPresence {
    gateway: ClientId,
    began: Instant,
    here: Mutex<Here>,
    changed: Notify,
    everywhere: Mutex<Presence>,
    /// When the consoles of all gateways were put together last, in milliseconds since `began`.
    shown_ms: AtomicU64,
    shown: watch::Sender<Arc<Shown>>,
}

/// The consoles of this gateway.
#[derive(Default)]
struct Here {
    consoles: BTreeMap<u64, Console>,
    next: u64,
}

/// The consoles of all gateways, and the message that lists them.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) roster: Roster,
    pub(crate) text: Utf8Bytes,
}

/// A connected console; dropping this disconnects it from the roster.
pub(crate) struct Present {
    presence: Arc<RigPresence>,
    number: u64,
}

/// A random name for a gateway, so that no two gateways share one.
pub(crate) fn random_gateway() -> ClientId {
    let name = format!("gateway-{:016x}", fastrand::u64(..));
    ClientId::new(&name).unwrap_or_else(|_| random_gateway())
}

impl RigPresence {
    pub(crate) fn new(gateway: ClientId) -> Self {
        Self {
            gateway,
            began: Instant::now(),
            here: Mutex::default(),
            changed: Notify::new(),
            everywhere: Mutex::default(),
            shown_ms: AtomicU64::new(0),
            shown: watch::Sender::default(),
        }
    }

    /// Adds a console of the full protocol.
    pub(crate) fn enter(
        self: &Arc<Self>,
        client: ClientId,
        name: Option<ConsoleName>,
        kind: Option<ConsoleKind>,
    ) -> Option<Present> {
        // A client name and a console name have the same bounds, so the fallback is valid.
        let name = name.or_else(|| ConsoleName::new(client.as_str()).ok())?;
        Some(self.add(Some(client), name, kind.unwrap_or_default()))
    }

    /// Adds a client that gives no name.
    pub(crate) fn enter_nameless(self: &Arc<Self>, name: &str, kind: &str) -> Option<Present> {
        Some(self.add(None, ConsoleName::new(name).ok()?, ConsoleKind::new(kind).ok()?))
    }

    fn add(self: &Arc<Self>, client: Option<ClientId>, name: ConsoleName, kind: ConsoleKind) -> Present {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let since_ms = u64::try_from(since.as_millis()).unwrap_or_default();
        let mut here = self.here();
        let number = here.next;
        here.next += 1;
        here.consoles.insert(number, Console { client, name, kind, since_ms });
        drop(here);
        self.changed.notify_one();
        Present { presence: self.clone(), number }
    }

    /// Takes in the roster of another gateway.
    pub(crate) fn heard(&self, gateway: ClientId, roster: Roster) {
        if gateway != self.gateway {
            let now_ms = self.now_ms();
            self.everywhere().heard(gateway, roster, now_ms);
            // Putting them together costs as much as there are consoles. What is left out now is shown within a beat.
            if now_ms.saturating_sub(self.shown_ms.load(Ordering::Relaxed)) >= SHOW_INTERVAL_MS {
                self.show();
            }
        }
    }

    /// Watches the consoles of all gateways.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Shown>> {
        self.shown.subscribe()
    }

    /// Makes the roster of this gateway and shows it among those of all gateways.
    fn take_here(&self) -> Roster {
        let here: Vec<_> = self.here().consoles.values().cloned().collect();
        let roster = Roster::of(here);
        self.everywhere().heard(self.gateway.clone(), roster.clone(), self.now_ms());
        self.show();
        roster
    }

    fn show(&self) {
        self.shown_ms.store(self.now_ms(), Ordering::Relaxed);
        let roster = self.everywhere().consoles(self.now_ms());
        self.shown.send_if_modified(|shown| {
            let differs = shown.roster != roster;
            if differs {
                let text = ServerMessage::Presence(roster.clone()).encode();
                *shown = Arc::new(Shown { roster, text: Utf8Bytes::try_from(text).expect("a message is UTF-8") });
            }
            differs
        });
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    // Both locks are held for a look-up or a short copy, never across an await.
    fn here(&self) -> MutexGuard<'_, Here> {
        self.here.lock()
    }

    fn everywhere(&self) -> MutexGuard<'_, Presence> {
        self.everywhere.lock()
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.presence.here().consoles.remove(&self.number);
        self.presence.changed.notify_one();
    }
}

/// Sends the roster of this gateway to the others whenever it changes, and every [`BEAT`] while it is not empty.
pub(crate) async fn tell(rig: RigName, echo: Arc<dyn Echo>, presence: Arc<RigPresence>) {
    let mut told = 0;
    loop {
        // A change between two waits is not missed: `Notify` keeps it for the next wait.
        let _ = tokio::time::timeout(BEAT, presence.changed.notified()).await;
        let roster = presence.take_here();
        let total = roster.total;
        if total > 0 || told > 0 {
            let text = ServerMessage::Roster { gateway: presence.gateway.clone(), roster }.encode();
            echo.announce(&rig, Announcement::of(text));
        }
        told = total;
        let crowd = u32::try_from(total / 50).unwrap_or(u32::MAX);
        tokio::time::sleep(BREATH.saturating_mul(1 + crowd).min(LONGEST_BREATH)).await;
    }
}
