//! Methods that a path is not for.

use axum::http::{Method, StatusCode, Uri};

use crate::problem::Refused;

/// Says so; which methods are for a path, the router adds.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Refused {
    let detail = format!("{method} is not for {}", uri.path());
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This cannot be done here", detail)
}
