//! The servers that are measured.

use std::net::SocketAddr;

use axum::http::Uri;
use axum::http::uri::Scheme;

use crate::failure::Failure;
use crate::process;

/// A server that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The server's name in the report.
    pub(crate) name: &'static str,
    /// `host:port`, for the header `host`.
    pub(crate) authority: String,
    /// The address that it listens on.
    pub(crate) address: SocketAddr,
    /// Its process, if known.
    pub(crate) pid: Option<u32>,
    /// Whether it is the bare peer.
    pub(crate) bare: bool,
}

impl Target {
    /// The Ghostlight at a URL. It must be on this machine, unless `allow_remote` is set.
    pub(crate) async fn ghostlight(name: &'static str, url: &str, allow_remote: bool) -> Result<Self, Failure> {
        let not_a_url = || Failure::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| not_a_url())?;
        let host = uri.host().filter(|_| uri.scheme() == Some(&Scheme::HTTP)).ok_or_else(not_a_url)?;
        if uri.path() != "/" || uri.query().is_some() {
            return Err(not_a_url());
        }
        let port = uri.port_u16().unwrap_or(80);
        let resolved = resolve(host.trim_start_matches('[').trim_end_matches(']'), port, allow_remote).await?;
        let address = first_that_answers(&resolved).await.ok_or_else(not_a_url)?;
        let pid = address.ip().is_loopback().then(|| process::listening_on(port)).flatten();
        Ok(Self { name, authority: format!("{host}:{port}"), address, pid, bare: false })
    }

    /// The bare peer at an address of this machine.
    pub(crate) fn bare(address: SocketAddr, pid: Option<u32>) -> Self {
        let pid = pid.or_else(|| process::listening_on(address.port()));
        Self { name: "bare", authority: address.to_string(), address, pid, bare: true }
    }

    /// The note that the process is not known, for the report. Without the process there is no CPU time and no memory.
    pub(crate) fn pid_note(&self) -> Option<String> {
        let known = self.pid.is_some_and(|pid| process::cpu_time(pid).is_some());
        (!known).then(|| {
            format!(
                "{}: its process is not known or cannot be read (--pid), so CPU time and memory are left out",
                self.name
            )
        })
    }
}

/// The addresses of a host. It must be this machine, unless `allow_remote` is set.
pub(crate) async fn resolve(host: &str, port: u16, allow_remote: bool) -> Result<Vec<SocketAddr>, Failure> {
    let resolved = tokio::net::lookup_host((host, port)).await;
    let resolved: Vec<_> = resolved.map_err(|source| Failure::Resolve { host: host.to_owned(), source })?.collect();
    if !allow_remote && !resolved.iter().all(|address| address.ip().is_loopback()) {
        return Err(Failure::Remote(host.to_owned()));
    }
    Ok(resolved)
}

/// The first address that accepts a connection: a name such as `localhost` has several, and a server may listen on one
/// of them. If none accepts, the first address, and the measure then reports what went wrong.
async fn first_that_answers(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    if let [_, _, ..] = addresses {
        for &address in addresses {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return Some(address);
            }
        }
    }
    addresses.first().copied()
}
