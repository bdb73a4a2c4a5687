//! The description of the interface, and a page to read it and try it out.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use ghostlight_proto::OPENAPI;
use utoipa_swagger_ui::Config;

use crate::problem::Refused;

/// `GET /v1/openapi.json`.
pub(crate) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], OPENAPI).into_response()
}

/// `GET /docs`: the page's own files are below it.
pub(crate) async fn docs() -> Redirect {
    Redirect::permanent("/docs/")
}

/// `GET /docs/`.
pub(crate) async fn docs_index() -> Result<Response, Refused> {
    serve("")
}

/// `GET /docs/{file}`.
pub(crate) async fn docs_file(Path(name): Path<String>) -> Result<Response, Refused> {
    serve(&name)
}

fn serve(name: &str) -> Result<Response, Refused> {
    let config = Arc::new(Config::from("/v1/openapi.json"));
    let missing = || Refused::not_found(format!("there is no page /docs/{name}"));
    let file = utoipa_swagger_ui::serve(name, config).ok().flatten().ok_or_else(missing)?;
    let kind = HeaderValue::try_from(file.content_type);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    Ok(([(header::CONTENT_TYPE, kind)], file.bytes.into_owned()).into_response())
}
