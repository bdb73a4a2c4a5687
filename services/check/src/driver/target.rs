//! A gateway's address, and the paths of a rig there.

use ghostlight_rig::RigName;
use tokio_tungstenite::tungstenite::http::Uri;

use super::StartError;

/// A gateway, and the paths of one rig there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The URL as it was given.
    pub(super) url: String,
    /// `host:port`.
    pub(super) authority: String,
    /// The URL of the full WebSocket, where changes make the rig.
    pub(super) socket: Uri,
    /// The path of the rig.
    pub(super) rig: String,
    /// The path of the levels. A change there makes the rig.
    pub(super) levels: String,
}

impl Target {
    /// The rig at `http://host:port`. A path in the URL is kept, because a gateway may be behind one.
    pub(super) fn new(url: &str, rig: &RigName) -> Result<Self, StartError> {
        let malformed =
            || StartError::Option(format!("{url:?} is not the address of a gateway, such as http://127.0.0.1:8080"));
        let base: Uri = url.parse().map_err(|_| malformed())?;
        let host = base.host().filter(|host| !host.is_empty()).ok_or_else(malformed)?;
        let is_plain = base.scheme_str() == Some("http") && base.query().is_none() && !url.contains(['@', '#']);
        if !is_plain {
            return Err(malformed());
        }
        let authority = format!("{host}:{}", base.port_u16().unwrap_or(80));
        let path = base.path().trim_end_matches('/');
        let rig = format!("{path}/v1/rigs/{rig}");
        let socket = format!("ws://{authority}{rig}/ws?create=1").parse().map_err(|_| malformed())?;
        Ok(Self { url: url.to_owned(), authority, socket, levels: format!("{rig}/levels?create=1"), rig })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_the_rig() {
        let target = |url| Target::new(url, &RigName::new("check").unwrap());
        let at = target("http://[::1]:8080/stage/").unwrap();
        assert_eq!(at.authority, "[::1]:8080");
        assert_eq!(at.socket.to_string(), "ws://[::1]:8080/stage/v1/rigs/check/ws?create=1");
        assert_eq!(at.levels, "/stage/v1/rigs/check/levels?create=1");
        assert_eq!(target("http://lights").unwrap().authority, "lights:80");
        for bad in ["", "lights:8080", "https://lights", "http://", "http://me@lights", "http://a/?b", "http://a/#b"] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }
}
