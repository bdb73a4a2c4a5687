//! What the two tasks of a session share.

use std::sync::Arc;

use ghostlight_rig::ClientId;
use ghostlight_telemetry::metrics::Held;
use tokio_util::sync::CancellationToken;

use crate::Gateway;
use crate::hub::Hub;
use crate::presence::Present;
use crate::subscription::Protocol;

/// What both tasks of a session know.
pub(crate) struct Session {
    pub(crate) gateway: Gateway,
    pub(crate) hub: Arc<Hub>,
    pub(crate) protocol: Protocol,
    pub(crate) client: Option<ClientId>,
    /// Cancelled by whichever task ends first.
    pub(crate) ended: CancellationToken,
    /// Whether it wants to know how long its changes took.
    pub(crate) wants_timing: bool,
    /// For as long as the session lasts, others see that its console is there.
    pub(crate) _present: Option<Present>,
    pub(crate) _counted: Held,
}
