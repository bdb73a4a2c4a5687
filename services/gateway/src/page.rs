//! Serves the console's files, which the build embeds in the binary.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::Gateway;
use crate::files::{self, CONSOLE};
use crate::headers::is_known;
use crate::http::RigPath;
use crate::levels_routes::get_levels;
use crate::method::method_not_allowed;
use crate::refusal::Refusal;

/// The one file that pages of other origins may import.
const LIBRARY: &str = "ghostlight.js";

/// The page loads nothing from other origins, so the policy forbids it.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'self'; frame-ancestors 'self'; base-uri 'none'");

/// `GET /`: the page, or the map for a client that asks for JSON and not for HTML.
pub(crate) async fn index(
    state: State<Arc<Gateway>>,
    rig: RigPath,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let mut response = if accept.contains("application/json") && !accept.contains("text/html") {
        get_levels(state, rig, query, headers).await?
    } else {
        serve("index.html", &headers)?
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// Any other path: a file of the page, or 404.
pub(crate) async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    let name = uri.path().trim_start_matches('/');
    if method == Method::GET || method == Method::HEAD {
        return serve(name, &headers);
    }
    if files::find(CONSOLE, name).is_none() {
        return Err(Refusal::not_found(format!("there is nothing at {}", uri.path())));
    }
    let mut response = method_not_allowed(method, uri).await.into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
    Ok(response)
}

fn serve(name: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
    let file = files::find(CONSOLE, name).ok_or_else(|| Refusal::not_found(format!("there is no page /{name}")))?;
    let mut response = if is_known(headers, |known| file.tag == known) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_static(file.tag));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if name == LIBRARY {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    Ok(response)
}
