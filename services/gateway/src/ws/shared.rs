//! The state that the two tasks of a session share.

use std::sync::Arc;

use ghostlight_rig::ClientId;
use ghostlight_telemetry::metrics::Held;
use tokio_util::sync::CancellationToken;

use crate::Gateway;
use crate::connection::Source;
use crate::hub::Hub;
use crate::presence::Present;
use crate::subscription::Protocol;
use crate::ws::age::Pings;

pub(crate) struct Session {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) source: Source,
    pub(crate) protocol: Protocol,
    pub(crate) client: Option<ClientId>,
    /// Cancelled by the task that ends first.
    pub(crate) ended: CancellationToken,
    /// Cancelled when the client is gone, so that nothing more is written.
    pub(crate) gone: CancellationToken,
    /// [`Change::if_made`](ghostlight_rig::Change::if_made) of the client's changes.
    pub(crate) if_made: Option<bool>,
    pub(crate) pings: Pings,
    /// Whether the client wants the timing of its changes.
    pub(crate) wants_timing: bool,
    /// Shows the console as connected for as long as the session lasts.
    pub(crate) _present: Option<Present>,
    pub(crate) _counted: Held,
}
