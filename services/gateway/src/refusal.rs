//! Refusals, written as problem details over HTTP (RFC 9457) or as error messages over the WebSocket.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{BadInput, Code, ErrorMessage, Problem, traceparent};
use ghostlight_rig::{Item, TraceContext};

/// How long a client should wait before it tries again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why a request was refused, or why its outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(Box<Problem>);

impl Refusal {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(code, detail)))
    }

    pub(crate) fn bad_input(detail: impl Into<String>) -> Self {
        BadInput::Form(detail.into()).into()
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(Code::NotFound, detail)
    }

    pub(crate) fn too_large(max_bytes: usize) -> Self {
        Self::new(Code::TooLarge, format!("the body may have {max_bytes} bytes at most"))
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, detail)
    }

    pub(crate) fn is_stopping() -> Self {
        Self::unavailable("the server is stopping")
    }

    /// The change may have happened.
    pub(crate) fn unknown_outcome() -> Self {
        let detail = "the change was not confirmed in time; with an Idempotency-Key, it is safe to send it again";
        Self::new(Code::UnknownOutcome, detail)
    }

    pub(crate) fn too_late(age: Duration, max_age: Duration) -> Self {
        let (age, max_age) = (age.as_secs_f32(), max_age.as_secs_f32());
        Self::new(Code::TooLate, format!("it was sent up to {age:.1} s ago, and may be {max_age} s old"))
    }

    pub(crate) fn key_reused() -> Self {
        Self::new(Code::KeyReused, "another change was sent under this Idempotency-Key")
    }

    pub(crate) fn rig_limit() -> Self {
        Self::new(Code::RigLimit, "the server already has as many rigs as its settings allow")
    }

    /// Refuses a conditional change: these items had changed after the position in its condition.
    pub(crate) fn changed(items: &[Item]) -> Self {
        Self(Box::new(Problem::changed(items)))
    }

    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    /// The cause of this refusal, for people.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Converts it to an error message of the full WebSocket protocol.
    pub(crate) fn into_message(self, seq: Option<u64>, trace: Option<TraceContext>) -> ErrorMessage {
        let Problem { code, title, detail, .. } = *self.0;
        let message = format!("{title}: {detail}");
        ErrorMessage { seq, code: code.name().to_owned(), message, traceparent: trace.map(traceparent) }
    }
}

impl From<BadInput> for Refusal {
    fn from(bad: BadInput) -> Self {
        Self(Box::new(bad.into()))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.status).expect("a code has an HTTP status");
        let body = serde_json::to_vec(&problem).expect("a problem is JSON");
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        let headers = response.headers_mut();
        match problem.code {
            Code::Unavailable => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER);
            }
            // RFC 9110, section 15.5.22, and RFC 6455, section 4.4.
            Code::UpgradeRequired => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            _ => {}
        }
        response
    }
}
