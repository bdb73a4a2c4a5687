//! Converts a gateway's address to those of a rig's WebSocket and of its requests.

use ghostlight_rig::RigName;
use tokio_tungstenite::tungstenite::http::Uri;

use crate::AddressError;

/// The address of the full WebSocket of `rig` at a gateway: `http://host:port` becomes
/// `ws://host:port/v1/rigs/{rig}/ws`. With `create`, changes make the rig. A path of the address stays in front: a gateway may
/// be behind one.
pub(crate) fn websocket(url: &str, rig: &RigName, create: bool) -> Result<Uri, AddressError> {
    let base = base(url)?;
    let query = if create { "?create=1" } else { "" };
    let uri = format!("ws://{base}/v1/rigs/{rig}/ws{query}");
    uri.parse().map_err(|error| malformed(url, &format!("{error}")))
}

/// The address of a gateway for requests over HTTP, without a slash at its end.
pub(crate) fn http(url: &str) -> Result<String, AddressError> {
    base(url).map(|base| format!("http://{base}"))
}

/// The host of a gateway, with its port and the path in front of it.
fn base(url: &str) -> Result<String, AddressError> {
    let malformed = |reason: &str| malformed(url, reason);
    let base: Uri = url.parse().map_err(|error| malformed(&format!("{error}")))?;
    match base.scheme_str() {
        Some("http" | "ws") => {}
        Some("https" | "wss") => return Err(AddressError::Tls(url.to_owned())),
        _ => return Err(malformed("it must start with http:// or ws://")),
    }
    let authority = base.authority().filter(|authority| !authority.host().is_empty());
    let authority = authority.ok_or_else(|| malformed("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(malformed("it must not have a name or password"));
    }
    if base.query().is_some() || url.contains('#') {
        return Err(malformed("it must not have a query or fragment"));
    }
    Ok(format!("{authority}{}", base.path().trim_end_matches('/')))
}

fn malformed(url: &str, reason: &str) -> AddressError {
    AddressError::Malformed { url: url.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main(url: &str) -> Result<String, AddressError> {
        websocket(url, &RigName::default(), false).map(|uri| uri.to_string())
    }

    #[test]
    fn a_base_leads_to_the_rigs_websocket() {
        for (url, uri) in [
            ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/rigs/main/ws"),
            ("http://127.0.0.1:8080/", "ws://127.0.0.1:8080/v1/rigs/main/ws"),
            ("ws://[::1]:80", "ws://[::1]:80/v1/rigs/main/ws"),
            ("HTTP://lights.example/stage/", "ws://lights.example/stage/v1/rigs/main/ws"),
        ] {
            assert_eq!(main(url).unwrap(), uri);
        }
        assert_eq!(http("ws://lights.example/stage/").unwrap(), "http://lights.example/stage");
    }

    #[test]
    fn what_is_no_base_is_refused_with_its_reason() {
        for (url, reason) in [
            ("", "empty"),
            ("127.0.0.1:8080", "must start with http://"),
            ("localhost", "must start with http://"),
            ("ftp://a", "must start with http://"),
            ("http://", "empty"),
            ("http://a b", "invalid"),
            ("http://me:secret@a", "password"),
            ("http://a/?b", "query or fragment"),
            ("http://a/#b", "query or fragment"),
            ("https://a", "without TLS"),
            ("wss://a", "without TLS"),
        ] {
            let error = main(url).unwrap_err().to_string();
            assert!(error.contains(reason), "{url:?}: {error}");
        }
    }
}
