//! Requests about one rig to a gateway's HTTP interface, for the commands about its words.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use ghostlight_proto::Problem;
use ghostlight_rig::ClientId;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::output;
use super::target::{EX_UNAVAILABLE, EX_USAGE, Target};

/// How long a gateway may take for an answer. A dictionary of 16 MiB takes some seconds to be durable.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// The HTTP interface of one rig at a gateway.
#[derive(Debug)]
pub(super) struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    /// The URL of the rig.
    rig: String,
    name: Option<ClientId>,
}

/// What a gateway refused.
#[derive(Debug)]
pub(super) struct Refused {
    /// The problem; `None` if the answer has none that can be read.
    pub(super) problem: Option<Box<Problem>>,
    /// What happened, for people.
    pub(super) detail: String,
    /// The exit code of the command.
    pub(super) code: ExitCode,
}

impl Refused {
    fn new(detail: String, code: u8) -> Self {
        Self { problem: None, detail, code: ExitCode::from(code) }
    }

    /// Prints what happened on the standard error; the exit code.
    pub(super) fn complain(self) -> ExitCode {
        output::complain(format_args!("{}", self.detail));
        self.code
    }
}

impl Api {
    /// The interface of the rig of a target.
    ///
    /// # Errors
    /// If its URL cannot be used.
    pub(super) fn of(target: Target) -> Result<Self, Refused> {
        let url = target.url.trim_end_matches('/');
        let uri: Option<Uri> = url.parse().ok();
        let is_http = uri.is_some_and(|uri| uri.scheme_str() == Some("http") && uri.query().is_none());
        if !is_http {
            return Err(Refused::new(format!("{url:?} is not of the form http://HOST:PORT"), EX_USAGE));
        }
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { client, rig: format!("{url}/v1/rigs/{}", target.rig), name: target.client })
    }

    /// Sends a request to a path below the rig's, with a JSON body unless it is empty. Returns the body of the answer.
    ///
    /// # Errors
    /// [`Refused`], if no gateway answers or the answer is not a success.
    pub(super) async fn call(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Result<Bytes, Refused> {
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, self.send(method, path, body.into())).await;
        let unavailable =
            |why: &str| Refused::new(format!("no gateway answers at {}: {why}", self.rig), EX_UNAVAILABLE);
        let (status, body) = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(unavailable(&cause(&*error))),
            Err(_) => return Err(unavailable("it takes too long")),
        };
        if status.is_success() {
            return Ok(body);
        }
        let problem: Option<Box<Problem>> = serde_json::from_slice(&body).ok();
        let detail =
            problem.as_ref().map_or_else(|| format!("the answer is {status}"), |problem| problem.detail.clone());
        Err(Refused { problem, ..Refused::new(detail, 1) })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Box<dyn Error + Send + Sync>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.rig));
        if let Some(name) = &self.name {
            request = request.header("ghostlight-client", name.as_str());
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let answer = self.client.request(request.body(Full::new(body))?).await?;
        Ok((answer.status(), answer.into_body().collect().await?.to_bytes()))
    }
}

/// The innermost cause of an error.
fn cause(error: &(dyn Error + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), cause)
}
