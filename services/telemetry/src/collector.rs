//! Sends OTLP requests to a collector, as HTTP/1.1 requests or gRPC calls, with or without TLS.
//!
//! `opentelemetry_otlp` encodes, retries and reads most of the `OTEL_*` variables. It could send too, with reqwest and
//! tonic, at the price of a second HTTP client and 20 more crates. Here each request opens a connection of its own,
//! because a batch of spans or of metrics is sent only every few seconds.
//!
//! <https://opentelemetry.io/docs/specs/otlp/>, and for the variables
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderValue};
use hyper::{Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::grpc;

/// How long sending a batch may take, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer that is read. An answer only says how much was refused.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// The protocol of a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http,
    Grpc,
}

/// Where and how one kind of telemetry is sent.
pub(crate) struct Collector {
    protocol: Protocol,
    timeout: Duration,
    /// The URL of gRPC calls. For HTTP, `opentelemetry_otlp` reads the variables.
    grpc_endpoint: Option<String>,
    tls: Arc<ClientConfig>,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, timeout, .. } = self;
        f.debug_struct("Collector").field("protocol", protocol).field("timeout", timeout).finish_non_exhaustive()
    }
}

impl Collector {
    /// The collector that the environment names for a kind of telemetry ("TRACES", "METRICS"). gRPC calls go to the
    /// path `grpc_path`.
    pub(crate) fn from_environment(signal: &str, grpc_path: &str) -> io::Result<Self> {
        let protocol = match variable(signal, "PROTOCOL").as_deref() {
            Some("grpc") => Protocol::Grpc,
            _ => Protocol::Http,
        };
        let timeout = variable(signal, "TIMEOUT").and_then(|ms| ms.parse().ok()).map(Duration::from_millis);
        let is_insecure = variable(signal, "INSECURE").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let grpc_endpoint = variable(signal, "ENDPOINT").filter(|_| protocol == Protocol::Grpc);
        Ok(Self {
            protocol,
            timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
            grpc_endpoint: grpc_endpoint.map(|endpoint| grpc::url(&endpoint, is_insecure, grpc_path)),
            tls: Arc::new(tls(protocol)?),
        })
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The URL to send to; `None` if `opentelemetry_otlp` reads it from the variables.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.grpc_endpoint.as_deref()
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let uri = request.uri();
        let is_secure = uri.scheme_str() == Some("https");
        let host = uri.host().ok_or("the collector's URL has no host")?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        if is_secure {
            let stream = TlsConnector::from(self.tls.clone()).connect(ServerName::try_from(host)?, stream).await?;
            self.speak(stream, request).await
        } else {
            self.speak(stream, request).await
        }
    }

    async fn speak<S>(&self, stream: S, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = TokioIo::new(stream);
        match self.protocol {
            Protocol::Http => {
                let (mut sender, connection) = http1::handshake(stream).await?;
                let request = relative(request)?.map(Full::new);
                let (head, body) = answered(sender.send_request(request), connection).await?.into_parts();
                Ok(Response::from_parts(head, body.to_bytes()))
            }
            Protocol::Grpc => {
                let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
                let call = grpc::call(request).map(Full::new);
                grpc::outcome(answered(sender.send_request(call), connection).await?)
            }
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    /// Blocks. Exports have their own thread, which waits for the answer in any case. The connection runs on that
    /// thread too, so that it takes no time from changes.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let outcome = runtime.block_on(async { tokio::time::timeout(self.timeout, self.exchange(request)).await });
        // Does not wait for a name look-up that hangs.
        runtime.shutdown_background();
        outcome.unwrap_or_else(|_| Err("the collector did not answer in time".into()))
    }
}

/// Waits for the whole answer to a request, and drives the connection meanwhile.
async fn answered(
    response: impl Future<Output = hyper::Result<Response<Incoming>>>,
    connection: impl Future<Output = hyper::Result<()>>,
) -> Result<Response<http_body_util::Collected<Bytes>>, HttpError> {
    let response = async {
        let (head, body) = response.await?.into_parts();
        Ok(Response::from_parts(head, Limited::new(body, MAX_ANSWER_BYTES).collect().await?))
    };
    let connection = async {
        // The end of the connection is not an answer. The request reports why it ended.
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        response = response => response,
        () = connection => Err("the connection ended".into()),
    }
}

/// The request in the form of HTTP/1.1: the path in the first line, the host in a header.
fn relative(mut request: Request<Bytes>) -> Result<Request<Bytes>, HttpError> {
    let uri = request.uri();
    let host = HeaderValue::try_from(uri.authority().ok_or("the collector's URL has no host")?.as_str())?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).parse::<Uri>()?;
    request.headers_mut().insert(HOST, host);
    *request.uri_mut() = path;
    Ok(request)
}

/// TLS with the authorities that the machine trusts.
fn tls(protocol: Protocol) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    if protocol == Protocol::Grpc {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    Ok(config)
}

/// The value of an environment variable for this kind of telemetry; otherwise of the variable for all kinds.
fn variable(signal: &str, name: &str) -> Option<String> {
    let given = |name: String| std::env::var(name).ok().filter(|value| !value.is_empty());
    given(format!("OTEL_EXPORTER_OTLP_{signal}_{name}")).or_else(|| given(format!("OTEL_EXPORTER_OTLP_{name}")))
}
