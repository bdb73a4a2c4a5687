//! What stands before the routes of every listener: the check of hosts and origins, CORS, and the headers that tell
//! browsers to take an answer for nothing but what it is.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::HttpBody;
use axum::http::{HeaderName, HeaderValue, Method, Request, header};
use axum::response::{IntoResponse, Response};
use axum::{BoxError, body::Bytes};
use tower::ServiceExt;
use tower_http::cors::{AllowHeaders, CorsLayer};

use crate::origin::Access;

/// The policy of an answer that is not a page: it loads nothing, and is shown in no other page.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// How long a browser may remember which requests pages of an allowed origin may send.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

/// The headers of answers that a page of an allowed origin may read, beside those that every page may.
const EXPOSED: [HeaderName; 6] = [
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("ghostlight-stale"),
    HeaderName::from_static("server-timing"),
    HeaderName::from_static("traceparent"),
];

/// A listener's routes behind the checks of hosts and origins. Clones share them.
///
/// The checks are no layers of the router: axum copies each layer for each request.
#[derive(Clone, Debug)]
pub struct Guarded {
    access: Arc<Access>,
    routes: Router,
}

impl Access {
    /// Puts a listener's routes behind the checks of hosts and origins, and adds CORS for the allowed origins.
    pub fn guard(self, routes: Router) -> Guarded {
        let origins = self.origins();
        let routes = if origins.is_empty() { routes } else { routes.layer(cors(origins)) };
        Guarded { access: Arc::new(self), routes }
    }
}

impl Guarded {
    /// Answers a request if it may be answered.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let mut response = match self.access.check(&request) {
            Ok(()) => self.routes.clone().oneshot(request).await.unwrap_or_else(|never| match never {}),
            Err(refusal) => {
                tracing::debug!(code = refusal.code().name(), detail = refusal.detail(), "a request was refused");
                refusal.into_response()
            }
        };
        harden(&mut response);
        response
    }
}

fn cors(origins: Vec<HeaderValue>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::PUT, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(PREFLIGHT_MAX_AGE)
}

/// Adds what protects an answer in a browser. A page has a policy of its own.
fn harden(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NO_PAGE);
}
