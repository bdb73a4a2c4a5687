//! HTTP requests on one kept connection.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use ghostlight_proto::{LevelsText, parse_etag, parse_levels};
use ghostlight_rig::{Dimmer, Level, Levels, Position};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONNECTION, CONTENT_TYPE, ETAG, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::target::Target;

/// Above the largest map, in bytes.
const LARGEST: usize = 4 << 20;

/// A kept connection to one gateway process, which answers all its requests.
pub(super) struct Http {
    target: Target,
    sender: SendRequest<Full<Bytes>>,
    within: Duration,
    /// Ends with the connection.
    _drives: JoinSet<()>,
}

/// The outcome of a change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Acked(Position),
    Refused(String),
    /// The change may have happened, or the gateway is going away. It can be asked for again under its key.
    Unknown(String),
}

/// The outcome of reading the map.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The whole map, and its position.
    Map(Position, BTreeMap<Dimmer, Level>),
    /// The gateway cannot answer at the moment.
    Unavailable,
    /// The answer is wrong.
    Wrong(String),
}

impl Http {
    /// Connects to a gateway.
    pub(super) async fn connect(target: &Target, connect_within: Duration, within: Duration) -> Result<Self, String> {
        let connecting = async {
            let stream = TcpStream::connect(&*target.authority).await.map_err(|error| error.to_string())?;
            stream.set_nodelay(true).map_err(|error| error.to_string())?;
            handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())
        };
        let (sender, connection) = timely(connect_within, connecting).await?;
        let mut drives = JoinSet::new();
        drives.spawn(async move {
            // A failure here fails the request too.
            let _ = connection.await;
        });
        Ok(Self { target: target.clone(), sender, within, _drives: drives })
    }

    /// Asks for a change. It happens once under its key.
    pub(super) async fn post(&mut self, key: &str, levels: &Levels) -> Answer {
        let body = serde_json::to_vec(&LevelsText(levels)).unwrap_or_default();
        let request = self.request(Method::POST).header(CONTENT_TYPE, "application/json");
        let request = request.header("idempotency-key", key).body(Full::from(body));
        let (response, body) = match self.exchange(request).await {
            Ok(answer) => answer,
            Err(lost) => return Answer::Unknown(lost),
        };
        match (response.status(), position_of(&response)) {
            (StatusCode::OK, Some(position)) => Answer::Acked(position),
            (StatusCode::GATEWAY_TIMEOUT, _) => Answer::Unknown("its outcome is unknown".to_owned()),
            (StatusCode::SERVICE_UNAVAILABLE, _) if is_last(&response) => {
                Answer::Unknown("the gateway is going away".to_owned())
            }
            (status, _) => Answer::Refused(format!("{status}: {}", String::from_utf8_lossy(&body))),
        }
    }

    /// Reads the whole map.
    pub(super) async fn get(&mut self) -> Result<Read, String> {
        let request = self.request(Method::GET).body(Full::default());
        let (response, body) = self.exchange(request).await?;
        let wrong = |why: &str| Read::Wrong(format!("{why}: {}", String::from_utf8_lossy(&body)));
        let status = response.status();
        Ok(match (status, position_of(&response), parse_levels(&body)) {
            (StatusCode::OK, Some(position), Ok(levels)) => {
                Read::Map(position, levels.into_iter().filter_map(|(dimmer, level)| Some((dimmer, level?))).collect())
            }
            (StatusCode::OK, None, _) => wrong("a map without a position"),
            (StatusCode::OK, Some(_), Err(error)) => wrong(&error.to_string()),
            _ if status.is_server_error() => Read::Unavailable,
            _ => wrong(status.as_str()),
        })
    }

    fn request(&self, method: Method) -> hyper::http::request::Builder {
        Request::builder().method(method).uri(&self.target.levels).header(HOST, &self.target.authority)
    }

    async fn exchange(
        &mut self,
        request: hyper::http::Result<Request<Full<Bytes>>>,
    ) -> Result<(Response<()>, Bytes), String> {
        let exchange = async {
            let request = request.map_err(|error| error.to_string())?;
            self.sender.ready().await.map_err(|error| error.to_string())?;
            let response = self.sender.send_request(request).await.map_err(|error| error.to_string())?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, LARGEST).collect().await.map_err(|error| error.to_string())?;
            Ok((Response::from_parts(head, ()), body.to_bytes()))
        };
        timely(self.within, exchange).await
    }
}

/// Whether the gateway closes the connection after this response, as it does when it stops.
fn is_last(response: &Response<()>) -> bool {
    response.headers().get(CONNECTION).is_some_and(|value| value == "close")
}

fn position_of(response: &Response<()>) -> Option<Position> {
    parse_etag(response.headers().get(ETAG)?.to_str().ok()?)
}

async fn timely<T>(within: Duration, future: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(within, future).await.unwrap_or_else(|_| Err(format!("no answer within {within:?}")))
}
