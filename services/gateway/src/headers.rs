//! HTTP headers: reads those of requests, writes those of responses.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use ghostlight_proto::{Code, Timing, parse_etag};
use ghostlight_rig::{ClientId, Key, Origin, Position};

use crate::refusal::Refusal;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Whether `If-None-Match` names the current tag, or `*` (RFC 9110, section 13.1.2).
pub(crate) fn is_known(headers: &HeaderMap, is_this: impl Fn(&str) -> bool) -> bool {
    tags(headers, &header::IF_NONE_MATCH).any(|tag| tag == "*" || is_this(strong(tag)))
}

/// Refuses a body whose media type is not one of `types`.
pub(crate) fn require_type(headers: &HeaderMap, types: &[&str]) -> Result<(), Refusal> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|given| given.to_str().ok());
    let given = given.and_then(|given| given.split(';').next()).map_or("", str::trim);
    if types.iter().any(|known| given.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    let detail = "send application/json: curl wants -H 'content-type: application/json', or --json";
    Err(Refusal::new(Code::UnsupportedMediaType, detail))
}

/// A header that may occur once. Two are refused, because neither may be ignored.
fn only_one(headers: &HeaderMap, name: HeaderName) -> Result<Option<&HeaderValue>, Refusal> {
    let mut values = headers.get_all(&name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Refusal::bad_input(format!("{name} comes more than once"))),
        (value, None) => Ok(value),
    }
}

/// The conditions of a change, which are decided in the fold.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) if_match: Option<Position>,
    pub(crate) if_made: Option<bool>,
}

/// The conditions in `If-Match` and `If-None-Match` (RFC 9110, sections 13.1.1 and 13.1.2).
///
/// `If-Match: *` wants a rig that has been made, `If-None-Match: *` one that has not. Of several tags in `If-Match` the newest
/// counts: if nothing has changed after an older one, nothing has changed after the newest. A weak tag counts like the strong
/// one, because a proxy that compresses answers weakens their tags. A tag that this server never gave matches nothing.
pub(crate) fn conditions(headers: &HeaderMap) -> Result<Conditions, Refusal> {
    let mut conditions = Conditions::default();
    if headers.contains_key(header::IF_MATCH) {
        if tags(headers, &header::IF_MATCH).any(|tag| tag == "*") {
            conditions.if_made = Some(true);
        } else {
            conditions.if_match = tags(headers, &header::IF_MATCH).filter_map(|tag| parse_etag(strong(tag))).max();
            if conditions.if_match.is_none() {
                let detail = "If-Match has no ETag that this server gives, \"epoch-revision\"";
                return Err(Refusal::new(Code::Changed, detail));
            }
        }
    }
    if headers.contains_key(header::IF_NONE_MATCH) {
        let is_any = tags(headers, &header::IF_NONE_MATCH).eq(["*"]);
        if !is_any || conditions.if_made.is_some() || conditions.if_match.is_some() {
            return Err(Refusal::bad_input("If-None-Match of a change is *, and stands without If-Match"));
        }
        conditions.if_made = Some(false);
    }
    Ok(conditions)
}

/// The tags in a header that may come several times.
fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().map(|tags| tags.to_str().unwrap_or_default());
    values.flat_map(|tags| tags.split(',')).map(str::trim)
}

/// A tag without the mark of a weak one.
fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Refuses a change whose `Ghostlight-Sent` is further in the past than changes may be: its network has held it back. The
/// header has the milliseconds since 1970 at which the client sent it, by a clock that agrees with this machine's.
pub(crate) fn check_sent(headers: &HeaderMap, max_age: Duration) -> Result<(), Refusal> {
    let Some(sent) = only_one(headers, HeaderName::from_static("ghostlight-sent"))? else { return Ok(()) };
    let sent = sent.to_str().ok().and_then(|sent| sent.parse().ok()).map(Duration::from_millis);
    let sent = sent.ok_or_else(|| Refusal::bad_input("Ghostlight-Sent is a number of milliseconds since 1970"))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let age = now.saturating_sub(sent);
    if max_age.is_zero() || age <= max_age { Ok(()) } else { Err(Refusal::too_late(age, max_age)) }
}

/// The name in `Ghostlight-Client`: other clients see that this client made the change. Such changes have no number.
pub(crate) fn origin(headers: &HeaderMap) -> Result<Option<Origin>, Refusal> {
    let Some(client) = only_one(headers, HeaderName::from_static("ghostlight-client"))? else { return Ok(None) };
    let client = std::str::from_utf8(client.as_bytes()).ok().and_then(|client| ClientId::new(client).ok());
    let problem = "Ghostlight-Client is 1 to 64 characters of UTF-8, none of them a control character";
    client.map(|client| Some(Origin { client, seq: 0 })).ok_or_else(|| Refusal::bad_input(problem))
}

/// The key in `Idempotency-Key`.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<Key>, Refusal> {
    let Some(key) = only_one(headers, HeaderName::from_static("idempotency-key"))? else { return Ok(None) };
    let key = key.to_str().map_err(|_| Refusal::bad_input("Idempotency-Key is not visible ASCII"))?;
    Key::new(key).map(Some).map_err(|error| Refusal::bad_input(error.to_string()))
}

/// The duration of each stage in milliseconds, as a `Server-Timing` header (W3C Server Timing).
pub(crate) fn server_timing(timing: Timing) -> HeaderValue {
    let [log, fold, echo] = timing.as_ms();
    header_value(format!("log;dur={log:.3}, fold;dur={fold:.3}, echo;dur={echo:.3}"))
}

/// A header's value. The text must be visible ASCII.
pub(crate) fn header_value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("the text is visible ASCII")
}
