//! The words of a rig over HTTP: one word, and lists of them.

use std::ops::Bound;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ghostlight_proto::{LookText, WordsText, etag, parse_look};
use ghostlight_rig::word::fold;
use ghostlight_rig::{Look, RigMap, RigName, Update, Word};

use crate::headers::header_value;
use crate::http::{self, Asked, RigPath};
use crate::refusal::Refusal;
use crate::{Gateway, query, request_span};

/// The rig and the word in the path.
pub(crate) struct WordPath(RigName, Word);

impl<S: Send + Sync> FromRequestParts<S> for WordPath {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((rig, word)) = path.map_err(|error| Refusal::bad_input(error.body_text()))?;
        let rig = RigName::new(&rig).map_err(|error| Refusal::bad_input(format!("{rig:?}: {error}")))?;
        Word::new(&word).map(|word| Self(rig, word)).map_err(|error| Refusal::bad_input(format!("{word:?}: {error}")))
    }
}

/// `GET /v1/rigs/{rig}/words`: the words that begin with `prefix=`, come after `after=`, and are at most `limit=`, with their
/// looks. If there are more, `Link` has the next page.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    RigPath(rig): RigPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = query.as_deref();
    let prefix = fold(&query::text(query, "prefix").unwrap_or_default()).into_owned();
    let after = query::text(query, "after").map(|after| fold(&after).into_owned());
    let limit = query::limit(query)?.unwrap_or(usize::MAX);
    let mut next = None;
    let copy = |map: &RigMap| {
        let mut words = words_after(map, &prefix, after.as_deref());
        let page: Vec<_> = words.by_ref().take(limit).map(|(word, look)| (word.clone(), look.clone())).collect();
        next = page.last().filter(|_| words.next().is_some()).map(|(word, _)| next_page(&rig, &prefix, word, limit));
        page
    };
    let write = |page: Vec<(Word, Look)>| {
        let page = page.iter().map(|(word, look)| (word, look)).collect();
        serde_json::to_vec(&WordsText(page)).expect("words are JSON")
    };
    let mut response = http::read(&gateway, &rig, &headers, None, copy, write).await?;
    if let Some(next) = next {
        response.headers_mut().insert(header::LINK, next);
    }
    Ok(response)
}

/// The words with this prefix that come after a text, in order.
fn words_after<'a>(
    map: &'a RigMap,
    prefix: &'a str,
    after: Option<&str>,
) -> impl Iterator<Item = (&'a Word, &'a Look)> {
    let start = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    let words = map.slots().words.range::<str, _>((start, Bound::Unbounded));
    let words = words.take_while(move |(word, _)| word.as_str().starts_with(prefix));
    words.filter_map(|(word, slot)| Some((word, slot.value.as_ref()?)))
}

/// The `Link` to the words after this one (RFC 8288).
fn next_page(rig: &RigName, prefix: &str, last: &Word, limit: usize) -> HeaderValue {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if !prefix.is_empty() {
        query.append_pair("prefix", prefix);
    }
    query.append_pair("after", last.as_str()).append_pair("limit", &limit.to_string());
    header_value(format!("</v1/rigs/{rig}/words?{}>; rel=\"next\"", query.finish()))
}

/// `GET /v1/rigs/{rig}/words/{word}`: the look of a word.
pub(crate) async fn get(
    State(gateway): State<Arc<Gateway>>,
    WordPath(rig, word): WordPath,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let mut is_there = false;
    let copy = |map: &RigMap| map.slots().words.get(&word).and_then(|slot| slot.value.clone());
    let write = |look: Option<Look>| {
        is_there = look.is_some();
        look.map(|look| serde_json::to_vec(&LookText(&look)).expect("a look is JSON")).unwrap_or_default()
    };
    let response = http::read(&gateway, &rig, &headers, None, copy, write).await?;
    if is_there || response.status() == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    Err(Refusal::not_found(format!("the rig {rig} has no word {:?}", word.as_str())))
}

/// `PUT /v1/rigs/{rig}/words/{word}`: sets the look of a word.
pub(crate) async fn put(
    State(gateway): State<Arc<Gateway>>,
    WordPath(rig, word): WordPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let route = ("PUT", "/v1/rigs/{rig}/words/{word}", "PUT /v1/rigs/{rig}/words/{word}");
    let asked = Asked { rig, query, headers };
    request_span::answer(&gateway.instruments, route, &asked.headers, async |request| {
        let parse = |body: &[u8]| parse_look(body).map(|look| one(&word, Some(look)).into());
        let done = http::change(&gateway, request, &asked, body, &["application/json"], parse).await?;
        let look = done.update.words.get(&word).cloned().flatten().unwrap_or_default();
        Ok(http::answer(&done, serde_json::to_vec(&LookText(&look)).expect("a look is JSON")))
    })
    .await
}

/// `DELETE /v1/rigs/{rig}/words/{word}`: removes a word, if it is there.
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    WordPath(rig, word): WordPath,
    headers: HeaderMap,
) -> Response {
    let route = ("DELETE", "/v1/rigs/{rig}/words/{word}", "DELETE /v1/rigs/{rig}/words/{word}");
    let asked = Asked { rig, query: None, headers };
    request_span::answer(&gateway.instruments, route, &asked.headers, async |request| {
        let done = http::submit(&gateway, request, &asked, one(&word, None).into()).await?;
        Ok((StatusCode::NO_CONTENT, [(header::ETAG, header_value(etag(done.position)))]).into_response())
    })
    .await
}

/// The update that sets or removes one word.
fn one(word: &Word, look: Option<Look>) -> Update {
    Update { words: [(word.clone(), look)].into(), ..Update::default() }
}
