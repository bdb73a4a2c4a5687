//! WebSockets: the upgrade and the choice of protocol.

mod age;
mod closing;
mod ending;
mod reading;
mod session;
mod shared;
mod upgrade;
mod writing;

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use ghostlight_proto::SUBPROTOCOL;
use ghostlight_rig::RigName;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::connection::{Place, Source};
use crate::http::{MakesRig, RigPath};
use crate::refusal::Refusal;
use crate::subscription::Protocol;
use crate::ws::upgrade::Upgrade;
use crate::{Gateway, query};

/// The size of a client's read buffer, in bytes. Every idle client holds one, so it fits only a few changes; a larger
/// message takes several reads.
const READ_BUFFER: usize = 2 << 10;

/// `GET /ws`: the plain protocol on `main`, or the full one if the client offers it.
pub(crate) async fn plain(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Refusal>,
) -> Result<Response, Refusal> {
    let protocol = match offered(&headers) {
        Offered::Nothing => Protocol::Plain,
        Offered::Ours => Protocol::Full,
        Offered::Others => return Err(unknown_subprotocol()),
    };
    start(gateway, RigName::default(), protocol, MakesRig::Never, upgrade).await
}

/// `GET /v1/rigs/{rig}/ws`: the full protocol.
pub(crate) async fn full(
    State(gateway): State<Arc<Gateway>>,
    RigPath(rig): RigPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Refusal>,
) -> Result<Response, Refusal> {
    let create = query::flag(query.as_deref(), "create")?;
    let makes_rig = if create { MakesRig::IfMissing } else { MakesRig::Never };
    match offered(&headers) {
        Offered::Ours => start(gateway, rig, Protocol::Full, makes_rig, upgrade).await,
        Offered::Nothing | Offered::Others => Err(unknown_subprotocol()),
    }
}

enum Offered {
    Nothing,
    Ours,
    Others,
}

fn offered(headers: &HeaderMap) -> Offered {
    let mut all = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().peekable();
    if all.peek().is_none() {
        return Offered::Nothing;
    }
    let mut names = all.filter_map(|names| names.to_str().ok()).flat_map(|names| names.split(','));
    if names.any(|name| name.trim() == SUBPROTOCOL) { Offered::Ours } else { Offered::Others }
}

fn unknown_subprotocol() -> Refusal {
    Refusal::bad_input(format!("offer the subprotocol {SUBPROTOCOL}; the server has no other"))
}

async fn start(
    gateway: Arc<Gateway>,
    rig: RigName,
    protocol: Protocol,
    makes_rig: MakesRig,
    upgrade: Result<Upgrade, Refusal>,
) -> Result<Response, Refusal> {
    let if_made = makes_rig.if_made(&rig);
    let upgrade = upgrade?;
    if gateway.stopping.is_over() {
        return Err(Refusal::is_stopping());
    }
    let hub = gateway.hubs.get(&rig).await?;
    let most = Some(gateway.limits.message_bytes);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_frame_size(most)
        .max_message_size(most);
    let (response, on_upgrade) = upgrade.response(protocol);
    let (source, place) = (Source::of_task(), Place::of_task());
    let tasks = gateway.tasks.clone();
    tasks.spawn(async move {
        if let Some(socket) = upgrade::socket(on_upgrade, config).await {
            session::run(gateway, hub, source, protocol, if_made, socket).await;
        }
        drop(place);
    });
    Ok(response)
}
