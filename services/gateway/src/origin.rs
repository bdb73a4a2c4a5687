//! Which requests a listener answers, by the name that they were sent to and by the page that sent them.
//!
//! A browser lets every page send requests to every server. Two headers protect a server from pages of others:
//!
//! - `Host` is the name in the URL. By DNS rebinding, a page makes a name of its own lead to this server, and is then of
//!   the server's origin. So a name has to be known here; an address cannot be rebound.
//! - `Origin` (RFC 6454) says which page sent the request. A page may read no answer that CORS does not allow it to, so
//!   only requests that change something or open a stream are checked. Programs that are not browsers send no `Origin`.

use std::str::FromStr;

use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, Request, Version, header};
use ghostlight_proto::Code;
use url::{Host, Url};

use crate::refusal::Refusal;

/// The longest part of a header that a refusal repeats, in characters. A name of DNS has 253 at most.
const MAX_SHOWN: usize = 300;

/// The name of the machine itself, which no name server gives out (RFC 6761, section 6.3).
const LOCALHOST: &str = "localhost";

/// A name in `Host` that a listener answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedHost {
    /// Every name. The server is then not protected from DNS rebinding.
    Any,
    /// This name, in lower case, without a final dot.
    Name(String),
}

impl FromStr for AllowedHost {
    type Err = String;

    /// Parses a name without scheme and port, or `*`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        match Host::parse(text) {
            Ok(Host::Domain(name)) if is_name(&name) => Ok(Self::Name(without_final_dot(&name).to_owned())),
            Ok(address @ (Host::Ipv4(_) | Host::Ipv6(_))) => Ok(Self::Name(address.to_string())),
            Ok(Host::Domain(_)) | Err(_) => {
                Err("expected a name without scheme and port, such as lights.example.com, or *".to_owned())
            }
        }
    }
}

/// Whether a name has no characters but those of host names. `_` is in names of services in containers.
fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// An origin whose pages may do everything, as browsers write it in `Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin(String);

impl FromStr for AllowedOrigin {
    type Err = String;

    /// Parses `SCHEME://HOST[:PORT]`, or `null`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "null" {
            return Ok(Self(text.to_owned()));
        }
        let url = Url::parse(text).ok().filter(is_bare);
        let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
            return Err("expected SCHEME://HOST[:PORT], or null for pages from files".to_owned());
        };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("{}://{host}{port}", url.scheme())))
    }
}

/// Whether a URL has nothing but a scheme, a host and a port.
fn is_bare(url: &Url) -> bool {
    let has_login = !url.username().is_empty() || url.password().is_some();
    matches!(url.path(), "" | "/") && !has_login && url.query().is_none() && url.fragment().is_none()
}

/// The names of a server, and the origins whose pages may use it. Addresses and `localhost` are always names of the server,
/// and its own origin may always use it.
#[derive(Clone, Debug, Default)]
pub struct Access {
    hosts: Vec<AllowedHost>,
    origins: Vec<AllowedOrigin>,
}

impl Access {
    /// A server with these further names and origins.
    pub fn new(hosts: Vec<AllowedHost>, origins: Vec<AllowedOrigin>) -> Self {
        Self { hosts, origins }
    }

    /// The allowed origins, as CORS writes them.
    pub(crate) fn origins(&self) -> Vec<HeaderValue> {
        let value = |AllowedOrigin(origin): &AllowedOrigin| HeaderValue::try_from(origin.as_str());
        self.origins.iter().map(|origin| value(origin).expect("a URL is visible ASCII")).collect()
    }

    /// Decides whether a request may be answered.
    ///
    /// # Errors
    /// The refusal, which names the setting that would allow the request.
    pub(crate) fn check<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        let target = Target::of(request)?;
        if let Some(target) = &target {
            self.check_host(target)?;
        }
        if is_read(request) {
            return Ok(());
        }
        let mut origins = request.headers().get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) => self.check_origin(origin, target.as_ref()),
            (Some(_), Some(_)) => Err(Refusal::bad_input("Origin comes more than once")),
        }
    }

    fn check_host(&self, target: &Target) -> Result<(), Refusal> {
        let Host::Domain(name) = &target.host else { return Ok(()) };
        let is_allowed = |host: &AllowedHost| match host {
            AllowedHost::Any => true,
            AllowedHost::Name(known) => known == name,
        };
        if name == LOCALHOST || self.hosts.iter().any(is_allowed) {
            return Ok(());
        }
        let name = shown(name);
        let detail = format!("{name} is not a name of this server; the setting --host {name} makes it one");
        Err(Refusal::new(Code::UnknownHost, detail))
    }

    fn check_origin(&self, origin: &HeaderValue, target: Option<&Target>) -> Result<(), Refusal> {
        let text = String::from_utf8_lossy(origin.as_bytes());
        let is_allowed = self.origins.iter().any(|AllowedOrigin(allowed)| *allowed == text);
        if is_allowed || target.is_some_and(|target| target.is_origin(&text)) {
            return Ok(());
        }
        let origin = shown(&text);
        let pages =
            if origin == "null" { "a page from a file or in a sandbox".into() } else { format!("pages of {origin}") };
        let detail = format!("{pages} may not do this; the setting --allow-origin {origin} allows it");
        Err(Refusal::new(Code::ForeignOrigin, detail))
    }
}

/// Whether a request only reads, so that CORS alone decides which page gets the answer.
fn is_read<B>(request: &Request<B>) -> bool {
    let is_stream = request.headers().contains_key(header::UPGRADE) || request.uri().path().ends_with("/events");
    !is_stream && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Where a request was sent.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    /// A name is in lower case, without a final dot.
    host: Host<String>,
    /// `None` for the port of the scheme, which the server does not know if a proxy is before it.
    port: Option<u16>,
}

impl Target {
    /// Reads where a request was sent; `None` for one of HTTP/1.0 without `Host`, which no browser sends.
    ///
    /// A target in absolute form counts in the place of `Host` (RFC 9112, section 3.2.2).
    fn of<B>(request: &Request<B>) -> Result<Option<Self>, Refusal> {
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (None, _) if request.version() < Version::HTTP_11 => return Ok(None),
            (None, _) => return Err(Refusal::bad_input("a request has the header Host (RFC 9112)")),
            (Some(_), Some(_)) => return Err(Refusal::bad_input("Host comes more than once")),
            (Some(host), None) => host,
        };
        let authority = match request.uri().authority() {
            Some(authority) => Some(authority.clone()),
            None => Authority::try_from(host.as_bytes()).ok(),
        };
        let target = authority.as_ref().and_then(Self::parse);
        target.map(Some).ok_or_else(|| Refusal::bad_input("Host is not HOST or HOST:PORT"))
    }

    fn parse(authority: &Authority) -> Option<Self> {
        let (host, port) = (authority.host(), authority.port_u16());
        // What else an authority may have: a user before the host, and a port that is not a number.
        let rest = authority.as_str().strip_prefix(host)?;
        if rest.is_empty() != port.is_none() {
            return None;
        }
        // Most requests, without the rules for international names.
        if let Ok(address) = host.parse() {
            return Some(Self { host: Host::Ipv4(address), port });
        }
        let host = match Host::parse(host).ok()? {
            Host::Domain(name) => Host::Domain(without_final_dot(&name).to_owned()),
            address => address,
        };
        Some(Self { host, port })
    }

    /// Whether pages of this origin come from where the request was sent. Behind a proxy for TLS the origin has another
    /// scheme than the server, so the scheme only gives the port that is left out.
    fn is_origin(&self, origin: &str) -> bool {
        let Ok(url) = Url::parse(origin) else { return false };
        let Some(usual) = usual_port(url.scheme()).filter(|_| is_bare(&url)) else { return false };
        let host = match url.host() {
            Some(Host::Domain(name)) => Host::Domain(without_final_dot(name).to_owned()),
            Some(address) => address.to_owned(),
            None => return false,
        };
        self.host == host && self.port.unwrap_or(usual) == url.port().unwrap_or(usual)
    }
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// A name with a final dot is the same name (RFC 1034, section 3.1).
fn without_final_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// The beginning of a header's text, without characters that a terminal might take for commands.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests;
