//! Looking up the words of a text. Nothing changes.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use ghostlight_command::lookup;
use ghostlight_proto::{LookupText, MAX_LOOKUP_BYTES, parse_text};
use ghostlight_rig::RigName;

use crate::headers::{JSON, is_of_type};
use crate::http::{self, RigPath};
use crate::refusal::Refusal;
use crate::{Gateway, body};

/// `POST /v1/rigs/{rig}/lookup`.
pub(crate) async fn post(
    State(gateway): State<Arc<Gateway>>,
    RigPath(rig): RigPath,
    is_plain: IsPlainText,
    body: Body,
) -> Result<Response, Refusal> {
    look_up(&gateway, &rig, is_plain, body).await
}

/// `GET` and `POST /get_topics`: the same for the rig `main`. A `GET` has a body too.
pub(crate) async fn topics(
    State(gateway): State<Arc<Gateway>>,
    is_plain: IsPlainText,
    body: Body,
) -> Result<Response, Refusal> {
    look_up(&gateway, &RigName::default(), is_plain, body).await
}

/// Whether a body is `text/plain`.
pub(crate) struct IsPlainText(bool);

impl<S: Send + Sync> FromRequestParts<S> for IsPlainText {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(is_of_type(&parts.headers, &["text/plain"])))
    }
}

/// The body is JSON whatever its type is, because nothing changes; only `text/plain` is the text itself.
async fn look_up(
    gateway: &Gateway,
    rig: &RigName,
    IsPlainText(is_plain): IsPlainText,
    body: Body,
) -> Result<Response, Refusal> {
    let body = body::read(gateway, body, MAX_LOOKUP_BYTES).await?;
    let text = if is_plain { body::text(&body)?.into() } else { parse_text(&body)? };
    let hub = http::hub(gateway, rig, |hub| hub.words().is_empty()).await?;
    let found = lookup(&text, &hub.words());
    let answer = LookupText { text: &text, topics: &found.levels, unknown: &found.unknown };
    let answer = serde_json::to_vec(&answer).expect("a lookup is JSON");
    let mut response = ([(header::CONTENT_TYPE, JSON)], answer).into_response();
    http::mark_stale(&hub, response.headers_mut());
    Ok(response)
}
