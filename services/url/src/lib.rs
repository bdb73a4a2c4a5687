//! URLs of NATS servers and databases: the secrets in them, and their text without these.
//!
//! A secret is a password, or a token in the place of a user (`nats://TOKEN@host`), or a parameter that is named like a
//! password. A NATS URL may lack its scheme. `sqlite:` names a file, which has no secrets.

use percent_encoding::percent_decode_str;
use url::Url;

/// The text of a URL as it may be shown. Text that is not a URL is shown without all that could be a secret.
///
/// ```
/// # use ghostlight_url::redacted;
/// assert_eq!(redacted("postgres://user:secret@host/show?sslpassword=secret"), "postgres://user@host/show?sslpassword");
/// assert_eq!(redacted("nats://token@host:4222"), "nats://...@host:4222");
/// ```
pub fn redacted(text: &str) -> String {
    match Url::parse(text) {
        _ if text.starts_with("sqlite:") => text.to_owned(),
        Ok(url) if url.has_host() && secrets(text).is_empty() => text.to_owned(),
        Ok(url) if url.has_host() => redacted_url(url),
        _ => redacted_text(text),
    }
}

/// The secrets in a URL, decoded.
pub fn secrets(text: &str) -> Vec<Vec<u8>> {
    if text.starts_with("sqlite:") {
        return Vec::new();
    }
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let (scheme, place) = place.split_once("://").unwrap_or(("nats", place));
    let login = place.rsplit_once('@').and_then(|(login, _)| match login.split_once(':') {
        Some((_, password)) => Some(password),
        None => matches!(scheme, "nats" | "tls").then_some(login),
    });
    let parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    let parameters = parameters.filter(|(name, _)| is_password(name)).map(|(_, value)| value);
    login.into_iter().chain(parameters).map(|secret| percent_decode_str(secret).collect()).collect()
}

fn redacted_url(mut url: Url) -> String {
    // A URL with a host takes both.
    if user_is_token(&url) {
        url.set_username("...").expect("the URL has a host");
    }
    url.set_password(None).expect("the URL has a host");
    let query = url.query().map(redacted_query);
    url.set_query(query.as_deref());
    url.into()
}

fn redacted_parameter(parameter: &str) -> &str {
    match parameter.split_once('=') {
        Some((name, _)) if is_password(name) => name,
        _ => parameter,
    }
}

/// All before the last `@` may be a login, and of a login only the user is shown.
fn redacted_text(text: &str) -> String {
    let (login, rest) = text.rsplit_once('@').map_or((None, text), |(login, rest)| (Some(login), rest));
    let mut shown = String::new();
    if let Some(login) = login {
        let (scheme, login) = login.split_at(login.find("://").map_or(0, |end| end + "://".len()));
        let user = login.split_once(':').map_or("...", |(user, _)| user);
        shown = format!("{scheme}{user}@");
    }
    match rest.split_once('?') {
        Some((place, query)) => shown + place + "?" + &redacted_query(query),
        None => shown + rest,
    }
}

fn redacted_query(query: &str) -> String {
    query.split('&').map(redacted_parameter).collect::<Vec<_>>().join("&")
}

fn user_is_token(url: &Url) -> bool {
    matches!(url.scheme(), "nats" | "tls") && url.password().is_none() && !url.username().is_empty()
}

fn is_password(parameter: &str) -> bool {
    parameter.to_ascii_lowercase().contains("pass")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        for (text, shown) in [
            ("postgres://u:s3cret@localhost:5432/show", "postgres://u@localhost:5432/show"),
            ("postgres://u:s3cret@localhost:notaport/show", "postgres://u@localhost:notaport/show"),
            ("postgres://u:s3@cret@h/d", "postgres://u@h/d"),
            ("postgres://u:s3?cr=et@h/d", "postgres://u@h/d"),
            ("postgresql://localhost/d?password=s3cret&port=5", "postgresql://localhost/d?password&port=5"),
            ("postgres:///d?host=/run&password=s3cret", "postgres:///d?host=/run&password"),
            ("nats://s3cret@a", "nats://...@a"),
            ("tls://me:s3cret@a:4222", "tls://me@a:4222"),
            ("nats://me:s3cret@a:port", "nats://me@a:port"),
            ("me:s3cret@a:port", "me@a:port"),
            ("s3%FFcret@a", "...@a"),
            ("http://me:s3@cret@a", "http://me@a/"),
            ("me:s3?cret@a", "me@a"),
        ] {
            assert_eq!(redacted(text), shown, "{text}");
        }
    }

    #[test]
    fn a_text_without_secrets_stays() {
        for text in [
            "",
            "a:4222",
            "nats://a:4222",
            "http://a",
            "http//a:1",
            "sqlite:a@b:c.db",
            "sqlite://a:b@c.db",
            "postgres://h/d",
            "postgres://u@h/d?application_name=x",
            "postgres:///d?host=/run",
        ] {
            assert_eq!(redacted(text), text);
            assert_eq!(secrets(text), [] as [Vec<u8>; 0], "{text}");
        }
    }

    #[test]
    fn secrets_are_decoded() {
        for (text, secret) in [
            ("nats://gate%40way:s3cret@nats:4222", "s3cret"),
            ("me:s3%63ret@nats:4222", "s3cret"),
            ("tls://t%6Fken@nats", "token"),
            ("postgres:///d?host=/run&password=s3%63ret", "s3cret"),
            ("postgresql://ghost%3Alight:s3cret@/d?sslmode=disable", "s3cret"),
        ] {
            assert_eq!(secrets(text), [secret.as_bytes()], "{text}");
        }
    }
}
