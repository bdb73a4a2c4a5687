//! Names that lead to the server and pages that ask it: on both listeners, byte by byte.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::asking::{call, get};
use crate::support::{Served, folder, within};

const FOREIGN: &str = "http://news.example";

/// The head and the body of the answer to a request whose bytes are these. Reads no further than the body's length.
async fn answer(address: &str, request: &str) -> (String, String) {
    let answer = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.unwrap();
        (head, String::from_utf8(body).unwrap())
    };
    within(request, answer).await
}

/// The status of an answer, and its code if it is a refusal.
async fn status(address: &str, request: &str) -> (u16, String) {
    let (head, body) = answer(address, request).await;
    let code = serde_json::from_str::<Value>(&body).ok().and_then(|body| Some(body.get("code")?.as_str()?.to_owned()));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), code.unwrap_or_default())
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// The listeners of a server: consoles', and the admin listener.
async fn listeners(served: &Served) -> [String; 2] {
    [served.address.to_string(), served.admin().await.trim_start_matches("http://").to_owned()]
}

#[tokio::test]
async fn a_name_that_somebody_makes_lead_here_is_refused_on_both_listeners() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--host", "lights.example.com", "--host", "booth.example"]).await;
    for address in listeners(&served).await {
        let port = address.rsplit(':').next().unwrap();
        let healthz = |host: &str| request("GET", "/healthz", &[("host", host)], "");
        for host in ["rebind.example", &format!("rebind.example:{port}"), "127.0.0.1.rebind.example"] {
            assert_eq!(status(&address, &healthz(host)).await, (421, "unknown_host".into()), "{host}");
        }
        for host in [&address, "[::1]", "localhost:1", "lights.example.com", "BOOTH.example.:80"] {
            assert_eq!(status(&address, &healthz(host)).await.0, 200, "{host}");
        }
        let (_, body) = answer(&address, &healthz("rebind.example")).await;
        assert!(body.contains("--host rebind.example"), "{body}");
    }
    // Nothing is behind another check: what is not there, and what would change something.
    let [address, admin] = listeners(&served).await;
    let to = |host| [("host", host), ("content-type", "application/json")];
    assert_eq!(status(&address, &request("GET", "/nothing", &to("rebind.example"), "")).await.0, 421);
    assert_eq!(status(&address, &request("POST", "/", &to("rebind.example"), r#"{"1":50}"#)).await.0, 421);
    assert_eq!(served.map().await, serde_json::from_value(json!({})).unwrap());
    let filter = answer(&admin, &request("GET", "/log", &[("host", "localhost")], "")).await.1;
    assert_eq!(status(&admin, &request("PUT", "/log", &to("rebind.example"), "trace")).await.0, 421);
    assert_eq!(answer(&admin, &request("GET", "/log", &[("host", "localhost")], "")).await.1, filter);
}

#[tokio::test]
async fn the_machine_s_own_name_needs_no_setting() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for address in listeners(&served).await {
        assert_eq!(status(&address, &request("GET", "/healthz", &[("host", name.trim())], "")).await.0, 200, "{name}");
    }
}

#[tokio::test]
async fn every_name_leads_here_if_that_is_set() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--host", "*"]).await;
    for address in listeners(&served).await {
        assert_eq!(status(&address, &request("GET", "/healthz", &[("host", "rebind.example")], "")).await.0, 200);
    }
}

#[tokio::test]
async fn a_request_has_one_host() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for address in listeners(&served).await {
        for hosts in [&[][..], &["localhost", "localhost"], &["localhost", "rebind.example"], &[""], &["a b"]] {
            let headers: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            let refused = status(&address, &request("GET", "/healthz", &headers, "")).await;
            assert_eq!(refused, (400, "bad_input".into()), "{hosts:?}");
        }
        assert_eq!(status(&address, "GET /healthz HTTP/1.0\r\n\r\n").await.0, 200, "as a script of before");
        let absolute = request("GET", "http://rebind.example/healthz", &[("host", "localhost")], "");
        assert_eq!(status(&address, &absolute).await.0, 421);
    }
}

/// What a page of `origin` may do: read the map, follow it in two ways, and change it in two ways.
async fn statuses_of_a_page(address: &str, origin: &str) -> Vec<u16> {
    let headers = |more: &[(&'static str, &'static str)]| {
        let mut headers = vec![("host", address.to_owned()), ("origin", origin.to_owned())];
        headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        headers
    };
    let upgrade = headers(&[
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]);
    let json = headers(&[("content-type", "application/json")]);
    let mut statuses = Vec::new();
    for (method, path, headers, body) in [
        ("GET", "/v1/rigs/main", &headers(&[]), ""),
        ("GET", "/ws", &upgrade, ""),
        ("GET", "/v1/rigs/main/events", &headers(&[]), ""),
        ("POST", "/", &json, r#"{"1":50}"#),
        ("PATCH", "/v1/rigs/main", &json, r#"{"blackout":true}"#),
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        statuses.push(status(address, &request(method, path, &headers, body)).await.0);
    }
    statuses
}

#[tokio::test]
async fn a_page_of_another_origin_follows_and_changes_nothing() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let address = served.address.to_string();
    for origin in [FOREIGN, "null", "http://localhost", "https://127.0.0.1:1"] {
        assert_eq!(statuses_of_a_page(&address, origin).await, [200, 403, 403, 403, 403], "{origin}");
    }
    assert_eq!(get(&served, "/v1/rigs/main").await.json()["blackout"], false);
    assert_eq!(served.map().await, serde_json::from_value(json!({})).unwrap());
    // Nor is it allowed to read what it is sent.
    let headers = [("host", address.as_str()), ("origin", FOREIGN)];
    let (head, _) = answer(&address, &request("GET", "/v1/rigs/main", &headers, "")).await;
    assert!(!head.contains("access-control"), "{head}");
    let (head, body) = answer(&address, &request("OPTIONS", "/v1/rigs/main", &headers, "")).await;
    assert!(head.starts_with("http/1.1 403 ") && !head.contains("access-control"), "{head}");
    assert!(
        body.contains(r#""code":"foreign_origin""#) && body.contains(&format!("--allow-origin {FOREIGN}")),
        "{body}"
    );
    // The module is for every page to import, and is no part of a rig.
    let (head, _) = answer(&address, &request("GET", "/ghostlight.js", &headers, "")).await;
    assert!(head.contains("\r\naccess-control-allow-origin: *\r\n"), "{head}");
}

#[tokio::test]
async fn a_page_of_another_origin_does_not_change_what_is_logged() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let [_, admin] = listeners(&served).await;
    let set = |origin| request("PUT", "/log", &[("host", &admin), ("origin", origin)], "warn");
    assert_eq!(status(&admin, &set(FOREIGN)).await, (403, "foreign_origin".into()));
    assert_eq!(status(&admin, &set("null")).await, (403, "foreign_origin".into()));
    let filter = answer(&admin, &request("GET", "/log", &[("host", &admin)], "")).await.1;
    assert_ne!(filter, "warn\n");
    assert_eq!(status(&admin, &set(&format!("http://{admin}"))).await.0, 200);
}

#[tokio::test]
async fn pages_of_the_server_and_of_allowed_origins_do_everything() {
    let (_folder, path) = folder();
    let args = ["--allow-origin", FOREIGN, "--allow-origin", "null", "--host", "lights.example.com"];
    let served = Served::start(&path, &args).await;
    let address = served.address.to_string();
    for origin in [&format!("http://{address}"), FOREIGN, "null"] {
        assert_eq!(statuses_of_a_page(&address, origin).await, [200, 101, 200, 200, 200], "{origin}");
    }
    // Behind a proxy for TLS, which keeps the name.
    let headers = [
        ("host", "lights.example.com"),
        ("origin", "https://lights.example.com"),
        ("content-type", "application/json"),
    ];
    assert_eq!(status(&address, &request("POST", "/", &headers, "{}")).await.0, 200);
}

/// A browser asks first whether a page of another origin may send JSON, and which headers the page may read.
#[tokio::test]
async fn a_browser_is_told_what_pages_of_allowed_origins_may_do() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--allow-origin", FOREIGN]).await;
    let address = served.address.to_string();
    let headers = [
        ("host", address.as_str()),
        ("origin", FOREIGN),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "content-type,idempotency-key"),
    ];
    let (head, _) = answer(&address, &request("OPTIONS", "/v1/rigs/main", &headers, "")).await;
    for line in [
        "http/1.1 200 ",
        "access-control-allow-origin: http://news.example\r\n",
        "access-control-allow-headers: content-type,idempotency-key\r\n",
        "access-control-max-age: 600\r\n",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    let methods = head.split("access-control-allow-methods: ").nth(1).unwrap().lines().next().unwrap();
    for method in ["get", "post", "patch"] {
        assert!(methods.split(',').any(|allowed| allowed == method), "{methods}");
    }
    let (head, _) = answer(&address, &request("GET", "/v1/rigs/main", &headers[..2], "")).await;
    assert!(head.contains("\r\naccess-control-allow-origin: http://news.example\r\n"), "{head}");
    let exposed = head.split("access-control-expose-headers: ").nth(1).unwrap().lines().next().unwrap();
    for name in ["etag", "ghostlight-stale", "server-timing"] {
        assert!(exposed.split(',').any(|exposed| exposed == name), "{exposed}");
    }
    // An answer is not kept for pages of other origins.
    assert!(head.contains("\r\nvary: origin"), "{head}");
}

/// Whatever a browser gets is taken for what it is, and only pages load anything.
#[tokio::test]
async fn every_answer_has_a_policy() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for path in ["/", "/console.js", "/docs/", "/docs/swagger-ui-bundle.js"] {
        let answer = get(&served, path).await;
        assert!(answer.header("content-security-policy").starts_with("default-src 'self'; "), "{path}: {answer:?}");
    }
    for path in ["/v1/rigs/main", "/v1/rigs", "/v1/openapi.json", "/healthz", "/nothing", "/v1/rigs/nobody"] {
        let policy = get(&served, path).await.header("content-security-policy").to_owned();
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
    }
    for (method, path) in [("GET", "/"), ("GET", "/docs/"), ("GET", "/v1/rigs/main"), ("POST", "/"), ("DELETE", "/")] {
        let answer = call(&served, method, path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{method} {path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors '"), "{method} {path}");
    }
    let metrics = reqwest::get(served.admin().await + "/metrics").await.unwrap();
    assert_eq!(metrics.headers()["x-content-type-options"], "nosniff");
}
