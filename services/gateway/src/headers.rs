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

/// Whether the media type of a body is one of `types`.
pub(crate) fn is_of_type(headers: &HeaderMap, types: &[&str]) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|given| given.to_str().ok());
    let given = given.and_then(|given| given.split(';').next()).map_or("", str::trim);
    types.iter().any(|known| given.eq_ignore_ascii_case(known))
}

/// Refuses a body whose media type is not one of `types`.
pub(crate) fn require_type(headers: &HeaderMap, types: &[&str]) -> Result<(), Refusal> {
    if is_of_type(headers, types) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        pairs.iter().map(pair).fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
    }

    #[test]
    fn a_known_tag_is_found_in_any_list() {
        let is_known = |pairs: &[(&str, &str)]| is_known(&headers(pairs), |tag| tag == "\"1-2\"");
        for known in ["\"1-2\"", "W/\"1-2\"", "\"1-1\", \"1-2\"", "*"] {
            assert!(is_known(&[("if-none-match", known)]), "{known}");
        }
        assert!(is_known(&[("if-none-match", "\"1-1\""), ("if-none-match", "\"1-2\"")]));
        for unknown in ["\"1-1\"", "1-2", "", "\"1-1\", \"1-3\""] {
            assert!(!is_known(&[("if-none-match", unknown)]), "{unknown}");
        }
        assert!(!is_known(&[]) && !is_known(&[("if-match", "*")]));
    }

    #[test]
    fn a_body_has_one_of_the_media_types() {
        let check =
            |given: &str| require_type(&headers(&[("content-type", given)]), &["application/json", "text/json"]);
        for good in ["application/json", "text/json", "Application/JSON; charset=utf-8", "application/json ;x"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "application/x-www-form-urlencoded", "json", ";application/json"] {
            assert_eq!(check(bad).unwrap_err().code(), Code::UnsupportedMediaType, "{bad}");
        }
        assert!(require_type(&HeaderMap::new(), &["application/json"]).is_err());
    }

    #[test]
    fn a_change_may_want_a_position_or_whether_its_rig_is_made() {
        let read = |pairs: &[(&str, &str)]| conditions(&headers(pairs)).map(|read| (read.if_match, read.if_made));
        let at = |revision| Some(Position::new(1, revision));
        assert_eq!(read(&[]), Ok((None, None)));
        for (tags, if_match) in
            [("\"1-2\"", at(2)), ("W/\"1-2\"", at(2)), ("\"1-2\", \"1-3\"", at(3)), ("\"x\",\"1-1\"", at(1))]
        {
            assert_eq!(read(&[("if-match", tags)]), Ok((if_match, None)), "{tags}");
        }
        assert_eq!(read(&[("if-match", "\"1-4\""), ("if-match", "\"1-3\"")]), Ok((at(4), None)));
        assert_eq!(read(&[("if-match", "*")]), Ok((None, Some(true))));
        assert_eq!(read(&[("if-match", "\"1-2\", *")]), Ok((None, Some(true))));
        assert_eq!(read(&[("if-none-match", "*")]), Ok((None, Some(false))));
        let code = |pairs: &[(&str, &str)]| read(pairs).unwrap_err().code();
        assert_eq!([code(&[("if-match", "\"x\"")]), code(&[("if-match", "1-2")])], [Code::Changed, Code::Changed]);
        for bad in ["\"1-2\"", "", "*, *", "\"1-2\", *"] {
            assert_eq!(code(&[("if-none-match", bad)]), Code::BadInput, "{bad}");
        }
        assert_eq!(code(&[("if-none-match", "*"), ("if-match", "*")]), Code::BadInput);
        assert_eq!(code(&[("if-none-match", "*"), ("if-match", "\"1-2\"")]), Code::BadInput);
    }

    #[test]
    fn a_change_that_was_held_back_for_too_long_is_refused() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let check = |sent: &str, max_age| check_sent(&headers(&[("ghostlight-sent", sent)]), max_age);
        let ms = |time: Duration| time.as_millis().to_string();
        let hour = Duration::from_secs(3_600);
        for sent in [now, now + hour, now.checked_sub(hour / 2).unwrap()] {
            assert_eq!(check(&ms(sent), hour), Ok(()));
        }
        let long_ago = ms(now.checked_sub(2 * hour).unwrap());
        assert_eq!(check(&long_ago, hour).unwrap_err().code(), Code::TooLate);
        assert_eq!(check(&long_ago, Duration::ZERO), Ok(()), "0 refuses none");
        assert_eq!(check_sent(&HeaderMap::new(), hour), Ok(()));
        for bad in ["", "x", "-1", "1.5"] {
            assert_eq!(check(bad, hour).unwrap_err().code(), Code::BadInput, "{bad}");
        }
    }

    #[test]
    fn a_client_and_a_key_come_once_and_are_well_formed() {
        let named = headers(&[("ghostlight-client", "desk-1"), ("idempotency-key", "k")]);
        let client = ClientId::new("desk-1").unwrap();
        assert_eq!(origin(&named), Ok(Some(Origin { client, seq: 0 })));
        assert_eq!(idempotency_key(&named), Ok(Key::new("k").ok()));
        assert_eq!((origin(&HeaderMap::new()), idempotency_key(&HeaderMap::new())), (Ok(None), Ok(None)));
        for name in ["ghostlight-client", "idempotency-key", "ghostlight-sent"] {
            let twice = headers(&[(name, "1"), (name, "1")]);
            let read = (origin(&twice).err(), idempotency_key(&twice).err(), check_sent(&twice, Duration::ZERO).err());
            let refusal = read.0.or(read.1).or(read.2).unwrap();
            assert_eq!(refusal.detail(), format!("{name} comes more than once"));
        }
        assert_eq!(origin(&headers(&[("ghostlight-client", "")])).unwrap_err().code(), Code::BadInput);
        assert_eq!(idempotency_key(&headers(&[("idempotency-key", "")])).unwrap_err().code(), Code::BadInput);
    }

    #[test]
    fn the_stages_are_told_in_milliseconds() {
        let timing = Timing { log_us: 2_000, fold_us: 20, echo_us: 1_093 };
        assert_eq!(server_timing(timing), "log;dur=2.000, fold;dur=0.020, echo;dur=1.093");
    }
}
