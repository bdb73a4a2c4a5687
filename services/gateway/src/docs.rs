//! The OpenAPI document, and the Swagger UI page to read it and try it out.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use ghostlight_proto::OPENAPI;

use crate::files::{self, DOCS};
use crate::refusal::Refusal;

/// The name and text of the script that starts the page and tells it which OpenAPI document to load.
const INITIALIZER: (&str, &str) = ("swagger-initializer.js", include_str!("docs/swagger-initializer.js"));

/// The page loads nothing from other origins, so the policy forbids it. Swagger UI has styles in its markup and pictures in
/// its style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
);

/// `GET /v1/openapi.json`.
pub(crate) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], OPENAPI).into_response()
}

/// `GET /docs`: redirects, because the page's own files are below `/docs/`.
pub(crate) async fn docs() -> Redirect {
    Redirect::permanent("/docs/")
}

/// `GET /docs/`.
pub(crate) async fn docs_index() -> Result<Response, Refusal> {
    serve("index.html")
}

/// `GET /docs/{file}`.
pub(crate) async fn docs_file(Path(name): Path<String>) -> Result<Response, Refusal> {
    serve(&name)
}

fn serve(name: &str) -> Result<Response, Refusal> {
    let missing = || Refusal::not_found(format!("there is no page /docs/{name}"));
    let mut response = if name == INITIALIZER.0 {
        ([(header::CONTENT_TYPE, HeaderValue::from_static("text/javascript"))], INITIALIZER.1).into_response()
    } else {
        files::find(DOCS, name).ok_or_else(missing)?.into_response()
    };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}
