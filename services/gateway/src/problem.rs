//! Refusals as problem details (RFC 9457).

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{BadInput, ErrorMessage, Problem, changed_items, traceparent};
use ghostlight_rig::{Item, TraceContext};

use crate::outcome::Refusal;

/// How long a client should wait before it tries again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// A problem as a response.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Box<Problem>);

impl Refused {
    pub(crate) fn new(status: StatusCode, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem {
            status: status.as_u16(),
            code: code.to_owned(),
            title: title.to_owned(),
            detail: detail.into(),
            ..Problem::default()
        }))
    }

    pub(crate) fn bad_input(detail: impl Into<String>) -> Self {
        BadInput::Form(detail.into()).into()
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here", detail)
    }

    pub(crate) fn too_large(most: usize) -> Self {
        let detail = format!("the body may have {most} bytes at most");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The change is too large; nothing happened", detail)
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now; nothing happened", detail)
    }
}

impl From<BadInput> for Refused {
    fn from(bad: BadInput) -> Self {
        Self(Box::new(bad.into()))
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Changed(items) => changed(&items),
            Refusal::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "key_reused",
                "The idempotency key was used before; nothing happened",
                "another change was sent under this Idempotency-Key",
            ),
            Refusal::NoRoom => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "rig_limit",
                "No more rigs may be made; nothing happened",
                "as many rigs are there as the server's settings allow",
            ),
            Refusal::Unavailable(why) => Self::unavailable(why),
            Refusal::TooLarge(most) => Self::too_large(most),
            Refusal::Unknown => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "unknown_outcome",
                "It is not known whether the change happened",
                "it was not confirmed in time; with an Idempotency-Key, it is safe to send it again",
            ),
        }
    }
}

/// What a conditional change names has changed meanwhile.
fn changed(items: &[Item]) -> Refused {
    let title = "Something has changed since; nothing happened";
    let detail = "what the change names has changed after the position in If-Match";
    let Refused(mut problem) = Refused::new(StatusCode::PRECONDITION_FAILED, "changed", title, detail);
    problem.changed = Some(changed_items(items));
    Refused(problem)
}

impl Refused {
    /// As an error message of the full WebSocket protocol.
    pub(crate) fn into_message(self, seq: Option<u64>, trace: Option<TraceContext>) -> ErrorMessage {
        let Problem { code, title, detail, .. } = *self.0;
        ErrorMessage { seq, code, message: format!("{title}: {detail}"), traceparent: trace.map(traceparent) }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            const NAME: HeaderName = header::RETRY_AFTER;
            response.headers_mut().insert(NAME, RETRY_AFTER);
        }
        response
    }
}
