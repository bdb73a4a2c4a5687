//! A gRPC call as an HTTP/2 request, and its outcome as an HTTP response.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use http_body_util::Collected;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, TE};
use hyper::{HeaderMap, Response, StatusCode, Version};
use opentelemetry_http::{Bytes, HttpError, Request};

/// The length of a message's prefix: one byte that says that the message is not compressed, and four of its length.
const PREFIX_BYTES: usize = 5;

/// The header of a call's status. It is in the trailers, or in the headers of an answer without a body.
const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The URL of a call. Of the endpoint, only the scheme, the host and the port are used. Without a scheme it means TLS,
/// unless `is_insecure`.
pub(crate) fn url(endpoint: &str, is_insecure: bool, path: &str) -> String {
    let default = if is_insecure { "http" } else { "https" };
    let (scheme, rest) = endpoint.split_once("://").unwrap_or((default, endpoint));
    let authority = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{authority}{path}")
}

/// The gRPC call with the body of an HTTP request.
pub(crate) fn call(request: Request<Bytes>) -> Request<Bytes> {
    let (mut head, message) = request.into_parts();
    head.version = Version::HTTP_2;
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    head.headers.insert(TE, HeaderValue::from_static("trailers"));
    let len = u32::try_from(message.len()).expect("a batch is less than 4 GiB: the exporter refuses more than 64 MiB");
    let body = [&[0], &len.to_be_bytes()[..], &message].concat();
    Request::from_parts(head, body.into())
}

/// The HTTP response that corresponds to the call's outcome.
pub(crate) fn outcome(answer: Response<Collected<Bytes>>) -> Result<Response<Bytes>, HttpError> {
    let (mut head, body) = answer.into_parts();
    if head.status.is_success() {
        let status = body.trailers().and_then(status).or_else(|| status(&head.headers));
        head.status = http_status(status.ok_or("the collector answered without a gRPC status")?);
    }
    let message = body.to_bytes();
    Ok(Response::from_parts(head, message.slice(PREFIX_BYTES.min(message.len())..)))
}

fn status(headers: &HeaderMap) -> Option<u8> {
    headers.get(STATUS)?.to_str().ok()?.parse().ok()
}

/// The HTTP status that the exporter retries, or not, as OTLP says for this gRPC status:
/// <https://opentelemetry.io/docs/specs/otlp/#failures>.
fn http_status(status: u8) -> StatusCode {
    match status {
        0 => StatusCode::OK,
        // Cancelled, deadline exceeded, aborted, out of range, unavailable, data loss.
        1 | 4 | 10 | 11 | 14 | 15 => StatusCode::SERVICE_UNAVAILABLE,
        7 => StatusCode::FORBIDDEN,
        8 => StatusCode::TOO_MANY_REQUESTS,
        16 => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_goes_to_the_endpoints_host_at_its_own_path() {
        for (endpoint, is_insecure, expected) in [
            ("http://collector:4317", false, "http://collector:4317/x/Export"),
            ("https://collector/ignored", true, "https://collector/x/Export"),
            ("collector:4317", false, "https://collector:4317/x/Export"),
            ("collector:4317", true, "http://collector:4317/x/Export"),
        ] {
            assert_eq!(url(endpoint, is_insecure, "/x/Export"), expected);
        }
    }

    #[test]
    fn a_message_has_its_length_before_it() {
        let request = Request::post("http://collector:4317/x").body(Bytes::from_static(b"abc")).unwrap();
        let call = call(request);
        assert_eq!(call.body().as_ref(), b"\0\0\0\0\x03abc");
        assert_eq!(call.headers()[CONTENT_TYPE], "application/grpc");
    }

    #[test]
    fn what_may_be_sent_again_is_told_from_what_may_not() {
        let retried = [429, 502, 503, 504];
        let again: Vec<_> = (0..=16).filter(|status| retried.contains(&http_status(*status).as_u16())).collect();
        assert_eq!(again, [1, 4, 8, 10, 11, 14, 15]);
    }
}
