//! Requests to a gateway over HTTP: whole rigs. `texts.rs` adds texts and words.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use ghostlight_proto::{Problem, listed_rigs};
use ghostlight_rig::{ClientId, KindId, RigName};
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::{AddressError, address};

/// How long a gateway may take to answer. A dictionary of 16 MiB takes some seconds to be durable.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Above the largest rig and the longest list, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// A gateway, to be asked over HTTP.
#[derive(Debug)]
pub struct Api {
    url: String,
    /// The name that others see beside the changes.
    name: Option<ClientId>,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Why a request did not do what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The address is not that of a gateway.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Nobody answers there.
    #[error("no Ghostlight server answers at {url}: {why}")]
    Unavailable {
        /// The address.
        url: String,
        /// Why not.
        why: String,
    },
    /// The server has refused.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// The answer is not one of Ghostlight's.
    #[error("{url} gives an answer that Ghostlight does not: {why}")]
    NotGhostlight {
        /// The address.
        url: String,
        /// What is wrong with the answer.
        why: String,
    },
}

impl ApiError {
    /// The status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            _ => None,
        }
    }
}

/// What a gateway answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The body: JSON, as the server writes it.
    pub json: Bytes,
    /// The entity tag of the rig's position; empty if the answer has none.
    pub tag: String,
}

/// When a rig is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// In any case; the rig is made if it does not exist.
    Always,
    /// Only if the rig does not exist.
    IfMissing,
}

impl Api {
    /// The gateway at this URL. Nothing is asked yet.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn new(url: &str) -> Result<Self, AddressError> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { url: address::http(url)?, name: None, client })
    }

    /// The same gateway, for changes under this name.
    #[must_use]
    pub fn named(self, name: ClientId) -> Self {
        Self { name: Some(name), ..self }
    }

    /// Sends a request with a JSON body, unless that is empty.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn call(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Result<Answer, ApiError> {
        self.ask(self.request(method, path), body.into()).await
    }

    /// The list of rigs, as the server writes it.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn list(&self) -> Result<Bytes, ApiError> {
        Ok(self.call(Method::GET, "/v1/rigs", Bytes::new()).await?.json)
    }

    /// The names of all rigs.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn names(&self) -> Result<Vec<String>, ApiError> {
        Ok(listed_rigs(&self.list().await?))
    }

    /// A whole rig.
    ///
    /// # Errors
    /// [`ApiError`]; of the status 404 if the rig does not exist.
    pub async fn get(&self, rig: &RigName) -> Result<Answer, ApiError> {
        self.call(Method::GET, &whole(rig), Bytes::new()).await
    }

    /// Makes a rig exactly this.
    ///
    /// # Errors
    /// [`ApiError`]; of the status 412 if the rig exists and must not.
    pub async fn put(&self, rig: &RigName, json: Bytes, when: When) -> Result<(), ApiError> {
        let request = match when {
            When::Always => self.request(Method::PUT, &format!("{}&create=1", whole(rig))),
            When::IfMissing => self.request(Method::PUT, &whole(rig)).header(IF_NONE_MATCH, "*"),
        };
        self.ask(request, json).await.map(drop)
    }

    /// Removes a rig, only at this position if there is a tag.
    ///
    /// # Errors
    /// [`ApiError`]; of the status 404 if the rig does not exist, 412 if it has changed since.
    pub async fn delete(&self, rig: &RigName, tag: Option<&str>) -> Result<(), ApiError> {
        let request = self.request(Method::DELETE, &format!("/v1/rigs/{rig}"));
        let request = match tag {
            Some(tag) => request.header(IF_MATCH, tag),
            None => request,
        };
        self.ask(request, Bytes::new()).await.map(drop)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        Request::builder().method(method).uri(format!("{}{path}", self.url))
    }

    pub(crate) async fn ask(&self, request: hyper::http::request::Builder, body: Bytes) -> Result<Answer, ApiError> {
        let url = self.url.clone();
        let request = match &self.name {
            Some(name) => request.header("ghostlight-client", name.as_str()),
            None => request,
        };
        let request = if body.is_empty() { request } else { request.header(CONTENT_TYPE, "application/json") };
        let request = request
            .body(Full::from(body))
            .map_err(|error| ApiError::NotGhostlight { url: url.clone(), why: error.to_string() })?;
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, async {
            let response = self.client.request(request).await.map_err(|error| innermost(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_BYTES).collect().await.map_err(|error| innermost(&*error))?;
            Ok((head, body.to_bytes()))
        });
        let answer = answer.await.unwrap_or_else(|_| Err(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs())));
        let (head, json) = answer.map_err(|why| ApiError::Unavailable { url: url.clone(), why })?;
        if head.status.is_success() {
            let tag = head.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
            return Ok(Answer { json, tag });
        }
        Err(match serde_json::from_slice(&json) {
            Ok(problem) => ApiError::Refused(problem),
            Err(_) => ApiError::NotGhostlight { url, why: status_text(head.status) },
        })
    }

    /// The error that an answer is not one of Ghostlight's.
    pub(crate) fn strange(&self, why: &dyn std::fmt::Display) -> ApiError {
        ApiError::NotGhostlight { url: self.url.clone(), why: why.to_string() }
    }
}

fn status_text(status: StatusCode) -> String {
    format!("the status {status}, without an explanation")
}

/// The path of a whole rig: of all kinds that this version knows, without the parts of a dictionary that is being uploaded.
fn whole(rig: &RigName) -> String {
    let kinds = KindId::ALL.iter().filter(|kind| **kind != KindId::WordPart);
    let kinds: Vec<_> = kinds.map(|kind| kind.name()).collect();
    format!("/v1/rigs/{rig}?kinds={}", kinds.join(","))
}

/// The innermost cause of an error. The outer ones only say that a request failed.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
