//! The addresses of the servers and the login, as the URLs give them.

use std::str::FromStr;

use async_nats::{ConnectOptions, ServerAddr};
use ghostlight_url::redacted;
use percent_encoding::percent_decode_str;

use super::connect_error::ConnectError;

/// The parsed URLs.
pub(super) struct Addresses {
    /// The servers without the login, so that what the client logs of them has no secret.
    pub(super) servers: Vec<ServerAddr>,
    login: Option<Login>,
    /// Whether a URL requires TLS.
    pub(super) is_encrypted: bool,
}

/// The login of this process. All servers of one log know the same users.
#[derive(PartialEq, Eq)]
enum Login {
    Password { user: String, password: String },
    Token(String),
}

impl Addresses {
    /// Parses URLs that are separated by commas.
    pub(super) fn parse(urls: &str) -> Result<Self, ConnectError> {
        let mut addresses = Self { servers: Vec::new(), login: None, is_encrypted: false };
        for text in urls.split(',').map(str::trim) {
            let (server, login) = parse(text).ok_or_else(|| ConnectError::Url(redacted(text)))?;
            addresses.is_encrypted |= server.tls_required();
            addresses.servers.push(server);
            let known = addresses.login.is_none() || login.is_none() || addresses.login == login;
            if !known {
                return Err(ConnectError::Logins);
            }
            addresses.login = addresses.login.or(login);
        }
        Ok(addresses)
    }

    /// Adds the login to the options. If one URL requires TLS, all servers do, including those that the client
    /// discovers.
    pub(super) fn log_in(&self, options: ConnectOptions) -> ConnectOptions {
        let options = options.require_tls(self.is_encrypted);
        match &self.login {
            Some(Login::Password { user, password }) => options.user_and_password(user.clone(), password.clone()),
            Some(Login::Token(token)) => options.token(token.clone()),
            None => options,
        }
    }
}

/// Splits a URL into a server and a login. The client itself would ignore the login.
fn parse(text: &str) -> Option<(ServerAddr, Option<Login>)> {
    let mut url = ServerAddr::from_str(text).ok()?.into_inner();
    let is_place = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    let is_known = matches!(url.scheme(), "nats" | "tls") && has_host && is_place;
    let decode = |part: &str| percent_decode_str(part).decode_utf8().ok().map(String::from);
    let login = match (url.username(), url.password()) {
        _ if !is_known => return None,
        ("", None) => None,
        (user, Some(password)) => Some(Login::Password { user: decode(user)?, password: decode(password)? }),
        (token, None) => Some(Login::Token(decode(token)?)),
    };
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some((ServerAddr::from_url(url).ok()?, login))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(urls: &str) -> (Vec<String>, Option<Login>, bool) {
        let Addresses { servers, login, is_encrypted } = Addresses::parse(urls).unwrap();
        (servers.iter().map(|server| server.as_url_str().to_owned()).collect(), login, is_encrypted)
    }

    #[test]
    fn urls_tell_where_the_servers_are_and_who_we_are() {
        let password =
            |user: &str, password: &str| Some(Login::Password { user: user.to_owned(), password: password.to_owned() });
        for (urls, servers, login, is_encrypted) in [
            ("localhost", vec!["nats://localhost"], None, false),
            ("nats://a/", vec!["nats://a/"], None, false),
            ("nats://a:4222, tls://b:4223", vec!["nats://a:4222", "tls://b:4223"], None, true),
            ("nats://[::1]:4222", vec!["nats://[::1]:4222"], None, false),
            ("nats://me:secret@a,nats://b", vec!["nats://a", "nats://b"], password("me", "secret"), false),
            ("nats://b,nats://me:secret@a", vec!["nats://b", "nats://a"], password("me", "secret"), false),
            ("me:p%40ss%3A%2F%C3%A9@a:1", vec!["nats://a:1"], password("me", "p@ss:/é"), false),
            ("tls://to%2Fken@a", vec!["tls://a"], Some(Login::Token("to/ken".to_owned())), true),
        ] {
            let servers = servers.into_iter().map(str::to_owned).collect();
            assert!(read(urls) == (servers, login, is_encrypted), "{urls}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_telling_a_secret() {
        for (urls, shown) in [
            ("", ""),
            ("nats://a,", ""),
            ("http://a", "http://a"),
            ("ws://a", "ws://a"),
            ("nats://", "nats://"),
            ("http//a:1", "http//a:1"),
            ("nats://me:se?cret@a", "nats://me@a"),
            ("nats://me:secret@a:port", "nats://me@a:port"),
            ("me:secret@a:port", "me@a:port"),
            ("secr%FFet@a", "...@a"),
            ("nats://a,http://me:se@cret@a", "http://me@a/"),
        ] {
            assert_eq!(Addresses::parse(urls).err(), Some(ConnectError::Url(shown.to_owned())), "{urls}");
        }
        let two = Addresses::parse("nats://me:secret@a,nats://me:other@b").err();
        assert_eq!(two, Some(ConnectError::Logins));
    }
}
