//! Refusals, written as problem details over HTTP (RFC 9457) or as error messages over the WebSocket.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{BadInput, Code, ErrorMessage, Problem, TextError, traceparent};
use ghostlight_rig::{Item, RigName, TraceContext};

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

    /// The rig does not exist. `near` is a rig that does, of a similar name.
    pub(crate) fn no_such_rig(rig: &RigName, near: Option<&str>) -> Self {
        let near = near.map(|near| format!(" (there is {near})")).unwrap_or_default();
        Self::not_found(format!("there is no rig {rig}{near}; a change with ?create=1 makes it"))
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
        Self::new(Code::RigLimit, "the server already has as many rigs, or its rigs hold as many items, as they may")
    }

    /// Refuses a conditional change: these items had changed after the position in its condition.
    pub(crate) fn changed(items: &[Item]) -> Self {
        if items.iter().any(|item| matches!(item, Item::WordPart(_))) {
            return Self::new(Code::Changed, "another dictionary was uploaded meanwhile");
        }
        Self(Box::new(Problem::changed(items)))
    }

    /// Refuses a text of commands that was not understood.
    pub(crate) fn not_understood(text: &str, error: &ghostlight_command::Error) -> Self {
        let place = TextError {
            kind: error.kind.name().to_owned(),
            start: error.span.start,
            end: error.span.end,
            line: error.line,
            column: error.column,
            found: error.found.clone(),
            expected: error.expected.clone(),
            nearest: error.nearest.clone(),
            hint: error.hint.map(str::to_owned),
            underlined: error.underlined(text),
        };
        Self(Box::new(Problem::not_understood(error.to_string(), place)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_problem_over_http_and_an_error_over_the_web_socket() {
        let refusal = Refusal::unavailable("the log is away");
        let told = (refusal.code(), refusal.detail().to_owned());
        assert_eq!(told, (Code::Unavailable, "the log is away".to_owned()));
        let message = refusal.clone().into_message(Some(7), None);
        assert_eq!((message.seq, &*message.code, message.traceparent), (Some(7), "unavailable", None));
        assert!(message.message.ends_with(": the log is away"), "{}", message.message);
        let response = refusal.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }

    #[test]
    fn only_what_may_go_through_later_says_when_to_try_again() {
        let second = Duration::from_secs(1);
        for (refusal, status) in [
            (Refusal::bad_input("x"), 400),
            (Refusal::not_found("x"), 404),
            (Refusal::changed(&[Item::Master]), 412),
            (Refusal::too_large(7), 413),
            (Refusal::key_reused(), 422),
            (Refusal::too_late(6 * second, 5 * second), 409),
            (Refusal::rig_limit(), 507),
            (Refusal::unknown_outcome(), 504),
        ] {
            let response = refusal.clone().into_response();
            assert_eq!(response.status(), status, "{refusal:?}");
            assert!(!response.headers().contains_key(header::RETRY_AFTER), "{refusal:?}");
        }
        assert_eq!(Refusal::too_large(7).detail(), "the body may have 7 bytes at most");
        let late = Refusal::too_late(Duration::from_millis(6_250), 5 * second);
        assert_eq!(late.detail(), "it was sent up to 6.2 s ago, and may be 5 s old");
        assert_eq!(Refusal::is_stopping().code(), Code::Unavailable);
    }
}
