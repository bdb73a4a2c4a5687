//! Methods that a path is not for.

use axum::http::{Method, Uri};
use ghostlight_proto::Code;

use crate::refusal::Refusal;

/// Says so; which methods are for a path, the router adds.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Refusal {
    let detail = format!("{method} is not for {}", uri.path());
    Refusal::new(Code::MethodNotAllowed, detail)
}
