//! Names and origins, allowed and refused.

use axum::http::request::Builder;
use ghostlight_proto::Code;

use super::*;

fn access(hosts: &[&str], origins: &[&str]) -> Access {
    let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
    Access::new(hosts, origins.iter().map(|origin| origin.parse().unwrap()).collect())
}

/// The code of the refusal, if there is one.
fn code(access: &Access, request: Builder) -> Option<Code> {
    access.check(&request.body(()).unwrap()).err().map(|refusal| refusal.code())
}

fn get(host: &str) -> Builder {
    Request::get("/").header("host", host)
}

fn post(host: &str, origin: &str) -> Builder {
    Request::post("/").header("host", host).header("origin", origin)
}

#[test]
fn addresses_localhost_and_the_names_that_are_set_are_the_server() {
    let access = access(&["lights.example.com", "Stage", "bühne.example"], &[]);
    for host in [
        "127.0.0.1:8080",
        "10.1.2.3",
        "0.0.0.0:8080",
        "[::1]:8080",
        "[fe80::1]",
        "localhost:8080",
        "LOCALHOST",
        "localhost.",
        "stage:8080",
        "STAGE.:8080",
        "lights.example.com",
        "Lights.Example.com:443",
        "xn--bhne-0ra.example",
    ] {
        assert_eq!(code(&access, get(host)), None, "{host}");
    }
    for host in [
        "rebind.example",
        "127.0.0.1.rebind.example:8080",
        "localhost.rebind.example",
        "xlocalhost",
        "a.lights.example.com",
        "example.com",
        "stage.example.com",
    ] {
        assert_eq!(code(&access, get(host)), Some(Code::UnknownHost), "{host}");
    }
}

#[test]
fn every_name_is_the_server_if_that_is_set() {
    let access = access(&["*"], &[]);
    assert_eq!(code(&access, get("rebind.example")), None);
    assert_eq!(code(&access, get("not a host")), Some(Code::BadInput), "what is no name is refused all the same");
}

#[test]
fn a_request_has_one_host() {
    let access = access(&["*"], &[]);
    for host in
        ["", "a b", "user@localhost", "localhost:port", "localhost:65536", "localhost:", "[::1", "::1", "256.1.1.1"]
    {
        assert_eq!(code(&access, get(host)), Some(Code::BadInput), "{host:?}");
    }
    assert_eq!(code(&access, get("localhost").header("host", "localhost")), Some(Code::BadInput));
    assert_eq!(code(&access, Request::get("/")), Some(Code::BadInput));
    assert_eq!(code(&access, Request::get("/").version(Version::HTTP_10)), None);
}

#[test]
fn the_target_counts_if_it_is_absolute() {
    let access = access(&[], &[]);
    let request = |target: &str| Request::get(target).header("host", "localhost");
    assert_eq!(code(&access, request("http://rebind.example/")), Some(Code::UnknownHost));
    assert_eq!(code(&access, request("http://127.0.0.1:8080/")), None);
}

#[test]
fn pages_of_the_server_itself_may_change_it() {
    let access = access(&["lights.example.com"], &[]);
    for (host, origin) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("LOCALHOST:8080", "http://localhost:8080"),
        // With a proxy for TLS, or on the usual ports.
        ("lights.example.com", "https://lights.example.com"),
        ("lights.example.com:443", "https://lights.example.com"),
        ("lights.example.com", "http://lights.example.com"),
        ("lights.example.com.", "http://lights.example.com"),
        ("lights.example.com:80", "http://lights.example.com"),
    ] {
        assert_eq!(code(&access, post(host, origin)), None, "{origin} to {host}");
    }
}

#[test]
fn pages_of_others_may_not() {
    let access = access(&["lights.example.com"], &[]);
    for (host, origin) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8081"),
        ("127.0.0.1:8080", "http://127.0.0.1"),
        ("127.0.0.1:8080", "http://localhost:8080"),
        ("127.0.0.1:8080", "https://news.example"),
        ("127.0.0.1:8080", "null"),
        ("127.0.0.1:8080", ""),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/evil"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080@news.example"),
        ("127.0.0.1:8080", "ftp://127.0.0.1:8080"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080, http://news.example"),
        ("lights.example.com", "https://lights.example.com:8443"),
        ("lights.example.com", "https://evil.lights.example.com"),
        ("lights.example.com:80", "https://lights.example.com"),
    ] {
        assert_eq!(code(&access, post(host, origin)), Some(Code::ForeignOrigin), "{origin} to {host}");
    }
    let twice = post("127.0.0.1:8080", "http://127.0.0.1:8080").header("origin", "http://127.0.0.1:8080");
    assert_eq!(code(&access, twice), Some(Code::BadInput));
}

#[test]
fn pages_of_allowed_origins_may() {
    let access =
        access(&[], &["null", "HTTPS://Lights.Example.com:443/", "http://127.0.0.1:3000", "tauri://localhost"]);
    for origin in ["null", "https://lights.example.com", "http://127.0.0.1:3000", "tauri://localhost"] {
        assert_eq!(code(&access, post("127.0.0.1:8080", origin)), None, "{origin}");
    }
    for origin in ["http://lights.example.com", "https://lights.example.com:8443", "http://127.0.0.1:3001"] {
        assert_eq!(code(&access, post("127.0.0.1:8080", origin)), Some(Code::ForeignOrigin), "{origin}");
    }
}

#[test]
fn the_origin_counts_for_changes_and_streams_and_not_for_other_reads() {
    let access = access(&[], &[]);
    let request = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8080");
        request.header("origin", "http://news.example")
    };
    for (method, path) in
        [("GET", "/"), ("HEAD", "/"), ("GET", "/v1/rigs/main"), ("GET", "/ghostlight.js"), ("GET", "/ws")]
    {
        assert_eq!(code(&access, request(method, path)), None, "{method} {path}");
    }
    for method in ["POST", "PATCH", "PUT", "DELETE", "OPTIONS", "ANYTHING"] {
        assert_eq!(code(&access, request(method, "/")), Some(Code::ForeignOrigin), "{method}");
    }
    assert_eq!(code(&access, request("GET", "/v1/rigs/main/events")), Some(Code::ForeignOrigin));
    assert_eq!(code(&access, request("GET", "/ws").header("upgrade", "websocket")), Some(Code::ForeignOrigin));
}

/// A script is not a page: it sends no origin.
#[test]
fn a_request_without_an_origin_may_do_everything() {
    let request = Request::post("/").header("host", "127.0.0.1:8080");
    assert_eq!(code(&access(&[], &[]), request), None);
}

#[test]
fn a_refusal_names_the_setting() {
    let detail = |request: Builder| {
        let refusal = access(&[], &[]).check(&request.body(()).unwrap()).unwrap_err();
        refusal.detail().to_owned()
    };
    assert!(detail(get("lights.example.com:8080")).contains("--host lights.example.com "));
    assert!(detail(post("127.0.0.1", "http://news.example")).contains("--allow-origin http://news.example "));
    assert!(detail(post("127.0.0.1", "null")).contains("--allow-origin null "));
    assert!(detail(post("127.0.0.1", &"x".repeat(10_000))).len() < 1_000);
}

#[test]
fn what_is_no_name_or_origin_is_no_setting() {
    for text in ["", "http://lights.example.com", "lights.example.com:8080", "a b", "a/b", "*.example.com", "(none)"] {
        assert!(text.parse::<AllowedHost>().is_err(), "{text:?}");
    }
    for text in ["", "*", "lights.example.com", "file:///home", "http://a/b", "http://a?b", "http://a@b", "http://"] {
        assert!(text.parse::<AllowedOrigin>().is_err(), "{text:?}");
    }
}
