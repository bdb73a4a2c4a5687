//! Where a change comes from.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::server::Place;

/// The connection on which a change came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The number of the connection.
    pub(crate) connection: u64,
    /// The address of its client.
    pub(crate) address: IpAddr,
}

impl Source {
    /// The gateway itself.
    pub(crate) const OWN: Self = Self { connection: 0, address: IpAddr::V4(Ipv4Addr::LOCALHOST) };
}

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Arc<Place>>().map_or(Self::OWN, |place| place.source))
    }
}
