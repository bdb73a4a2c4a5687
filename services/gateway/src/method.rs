//! Refuses methods that a path does not support.

use axum::http::{Method, Uri};
use ghostlight_proto::Code;

use crate::refusal::Refusal;

/// Refuses the request; the router adds the `Allow` header.
pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Refusal {
    let detail = format!("{} does not support {method}", uri.path());
    Refusal::new(Code::MethodNotAllowed, detail)
}
