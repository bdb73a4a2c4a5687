//! The admin listener: serves Prometheus, an orchestrator and `ghostlight top`, and changes what is logged. It is
//! separate from the consoles' listener, so that it can be kept from them.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::BoxFuture;
use ghostlight_gateway::Access;
use ghostlight_gateway::http_listener::{self, Bounds};
use ghostlight_telemetry::logs::LogFilter;
use ghostlight_telemetry::metrics::Metrics;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::backup_route::{Backups, backup};

/// The default address, with the port of OpenTelemetry's own Prometheus exporters.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);

/// The media type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text";

/// The setting of the admin listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdminAddress {
    /// At this address.
    At(SocketAddr),
    /// No admin listener.
    Off,
}

impl FromStr for AdminAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            address => address.parse().map(Self::At).map_err(|_| "expected HOST:PORT or off".to_owned()),
        }
    }
}

/// Checks whether a process is ready; returns details, or why not.
pub(crate) type Ready = Arc<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// The data that the admin listener serves.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) metrics: Metrics,
    pub(crate) ready: Ready,
    pub(crate) logs: LogFilter,
    /// The names of this server, and the origins whose pages may ask.
    pub(crate) access: Access,
    pub(crate) backups: Backups,
}

/// Listens; `None` if it is off. Without a setting, it takes the default address, or a free port if another process has
/// that one.
///
/// # Errors
/// If it cannot listen on the address.
pub(crate) async fn listen(address: Option<AdminAddress>) -> anyhow::Result<Option<TcpListener>> {
    let wanted = match address {
        Some(AdminAddress::Off) => return Ok(None),
        Some(AdminAddress::At(address)) => address,
        None => USUAL,
    };
    let bound = match TcpListener::bind(wanted).await {
        Err(error) if address.is_none() && error.kind() == ErrorKind::AddrInUse => {
            TcpListener::bind((USUAL.ip(), 0)).await
        }
        bound => bound,
    };
    bound.map(Some).with_context(|| format!("--admin: cannot listen on {wanted}"))
}

impl Admin {
    /// Serves until shutdown.
    pub(crate) async fn serve(self, listener: TcpListener, bounds: Bounds, shutdown: CancellationToken) {
        let access = self.access.clone();
        let routes = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .route("/log", get(filter).put(set_filter))
            .route("/v1/backup", get(backup).with_state(self.backups.clone()))
            .with_state(self);
        http_listener::serve(listener, bounds, access.guard(routes), shutdown).await;
    }
}

/// `GET /metrics`: with exemplars for clients that accept OpenMetrics, in the older format for all others.
async fn metrics(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accepts.contains(OPEN_METRICS) {
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        return ([(header::CONTENT_TYPE, kind)], admin.metrics.open_metrics()).into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], admin.metrics.prometheus()).into_response()
}

/// `GET /readyz`: whether the process is ready, with details.
async fn ready(State(admin): State<Admin>) -> (StatusCode, String) {
    match (admin.ready)().await {
        Ok(how) => (StatusCode::OK, format!("{how}\n")),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

/// `GET /log`: the log's filter.
async fn filter(State(admin): State<Admin>) -> String {
    format!("{}\n", admin.logs.get())
}

/// `PUT /log`: sets the log's filter.
async fn set_filter(State(admin): State<Admin>, filter: String) -> (StatusCode, String) {
    match admin.logs.set(filter.trim()) {
        Ok(()) => {
            tracing::info!(filter = filter.trim(), "the log's filter was changed");
            (StatusCode::OK, format!("{}\n", admin.logs.get()))
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{:?}: {error}\n", filter.trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_off_is_taken() {
        assert_eq!("off".parse(), Ok(AdminAddress::Off));
        assert_eq!("0.0.0.0:1".parse(), Ok(AdminAddress::At(SocketAddr::from(([0, 0, 0, 0], 1)))));
        assert!("9464".parse::<AdminAddress>().is_err());
    }
}
