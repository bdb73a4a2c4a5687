//! The server answers as `openapi.json` says, every operation with every status that can be provoked.

use std::collections::BTreeSet;

use ghostlight_gateway::ROUTES;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::asking::{Answer, Wire, ask, call};
use crate::described::Description;
use crate::store_faults::Tmpfs;
use crate::support::{Served, folder, open_connections, until, within};

const LEVELS: &str = "/v1/rigs/{rig}/levels";
const RIG: &str = "/v1/rigs/{rig}";
const CONSOLES: &str = "/v1/rigs/{rig}/consoles";
const EVENTS: &str = "/v1/rigs/{rig}/events";
const WORDS: &str = "/v1/rigs/{rig}/words";
const WORD: &str = "/v1/rigs/{rig}/words/{word}";
const LOOKUP: &str = "/v1/rigs/{rig}/lookup";
const SAY: &str = "/v1/rigs/{rig}/say";
const UNDO: &str = "/v1/rigs/{rig}/undo";
const REDO: &str = "/v1/rigs/{rig}/redo";
const SOCKET: &str = "/v1/rigs/{rig}/ws";

/// The example of the W3C's Trace Context.
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn every_path_and_method_is_described_and_no_other() {
    let documented = Description::new().documented();
    let documented: BTreeSet<_> = documented.iter().map(|at| at.rsplit_once(' ').unwrap().0.to_owned()).collect();
    let served: BTreeSet<_> = ROUTES.iter().map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(documented, served);
}

/// A server, and what its answers are held to.
struct Checked<'a> {
    served: &'a Served,
    description: &'a mut Description,
    http: Client,
}

impl<'a> Checked<'a> {
    fn new(served: &'a Served, description: &'a mut Description) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { served, description, http }
    }

    /// Asks at a path, on the rig `main`, for an answer of this status.
    async fn expect(
        &mut self,
        status: u16,
        operation: &str,
        request: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        self.expect_of("main", status, operation, request).await
    }

    /// Asks at a path, on a rig, for an answer of this status.
    async fn expect_of(
        &mut self,
        rig: &str,
        status: u16,
        operation: &str,
        request: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let (method, path) = operation.split_once(' ').unwrap();
        let url = self.served.url(&path.replace("{rig}", rig).replace("{word}", "front%20wash"));
        let answer = ask(request(self.http.request(method.to_uppercase().parse().unwrap(), url))).await;
        assert_eq!(answer.status, status, "{operation}: {answer:?}");
        let (path, _query) = path.split_once('?').unwrap_or((path, ""));
        self.description.check(method, path, &answer);
        answer
    }

    /// Opens a WebSocket of the full protocol.
    async fn expect_socket(&mut self, path: &str) {
        let url = format!("ws://{}{}", self.served.address, path.replace("{rig}", "main"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "ghostlight.v1".parse().unwrap());
        let (_socket, response) = within("a WebSocket", connect_async(request)).await.unwrap();
        let answer =
            Answer { status: response.status().as_u16(), headers: response.headers().clone(), body: String::new() };
        assert_eq!(answer.status, 101);
        self.description.check("get", path, &answer);
    }

    /// Opens a stream of events, and looks at its head.
    async fn expect_events(&mut self) {
        let url = self.served.url("/v1/rigs/main/events");
        let response = within("a stream", self.http.get(url).send()).await.unwrap();
        let answer =
            Answer { status: response.status().as_u16(), headers: response.headers().clone(), body: String::new() };
        self.description.check("get", EVENTS, &answer);
    }
}

fn body(text: &str) -> impl FnOnce(RequestBuilder) -> RequestBuilder + use<> {
    let text = text.to_owned();
    move |request| request.header("content-type", "application/json").body(text)
}

fn header(name: &'static str, value: &str) -> impl FnOnce(RequestBuilder) -> RequestBuilder {
    move |request| request.header(name, value)
}

/// The headers that open a WebSocket.
fn upgrade(request: RequestBuilder) -> RequestBuilder {
    let request = request.header("connection", "upgrade").header("upgrade", "websocket");
    request.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

async fn reads(checked: &mut Checked<'_>) {
    let map = checked.expect(200, "get /", header("accept", "application/json")).await;
    let tag = map.header("etag").to_owned();
    let page = checked.expect(200, "get /", |request| request).await;
    assert!(page.header("content-type").starts_with("text/html"));
    let known = |request: RequestBuilder| request.header("accept", "application/json").header("if-none-match", &tag);
    checked.expect(304, "get /", known).await;
    checked.expect(400, "get /?output=2", header("accept", "application/json")).await;
    for path in [LEVELS, RIG] {
        let get = format!("get {path}");
        checked.expect(200, &get, |request| request).await;
        checked.expect(200, &format!("{get}?output=1"), |request| request).await;
        checked.expect(304, &get, header("if-none-match", &tag)).await;
        checked.expect(400, &format!("{get}?output=yes"), |request| request).await;
        checked.expect(200, &format!("{get}?_=1790000000&output=1"), |request| request).await;
        checked.expect_of("Main", 400, &get, |request| request).await;
        checked.expect_of("nobody", 404, &get, |request| request).await;
    }
    words(checked).await;
    checked.expect(200, &format!("get {CONSOLES}"), |request| request).await;
    checked.expect_of("Main", 400, &format!("get {CONSOLES}"), |request| request).await;
    checked.expect(200, "get /v1/rigs", |request| request).await;
    for (status, path) in [(200, "/healthz"), (200, "/readyz"), (200, "/v1/openapi.json"), (308, "/docs")] {
        checked.expect(status, &format!("get {path}"), |request| request).await;
    }
    checked.expect_events().await;
    checked.expect_of("Main", 400, &format!("get {EVENTS}"), |request| request).await;
    for path in ["/ws", SOCKET] {
        checked.expect_socket(path).await;
        let other = |request| upgrade(request).header("sec-websocket-protocol", "mqtt");
        checked.expect(400, &format!("get {path}"), other).await;
        let bare = header("sec-websocket-protocol", "ghostlight.v1");
        checked.expect(426, &format!("get {path}"), bare).await;
    }
}

/// Reads of words, of which there is one at the least.
async fn words(checked: &mut Checked<'_>) {
    checked.expect(200, &format!("put {WORD}"), body(r#"{"1": 100, "2": 12.5}"#)).await;
    for path in [WORDS, WORD] {
        let get = format!("get {path}");
        let tag = checked.expect(200, &get, |request| request).await.header("etag").to_owned();
        checked.expect(304, &get, header("if-none-match", &tag)).await;
        checked.expect_of("Main", 400, &get, |request| request).await;
        checked.expect_of("nobody", 404, &get, |request| request).await;
    }
    checked.expect(200, &format!("get {WORDS}?prefix=f&after=a&limit=1"), |request| request).await;
    checked.expect(400, &format!("get {WORDS}?limit=0"), |request| request).await;
    for operation in [format!("post {LOOKUP}"), "get /get_topics".to_owned(), "post /get_topics".to_owned()] {
        checked.expect(200, &operation, body(r#"{"text": "Front-wash, blue!"}"#)).await;
        checked.expect(200, &operation, |request| request.header("content-type", "text/plain").body("wash")).await;
        checked.expect(400, &operation, body(r#"{"txt": "wash"}"#)).await;
        if operation.starts_with("post") {
            checked.expect(408, &operation, endless).await;
        }
        checked.expect(413, &operation, body(&" ".repeat((64 << 10) + 1))).await;
    }
    checked.expect_of("nobody", 404, &format!("post {LOOKUP}"), body(r#"{"text": ""}"#)).await;
}

/// A body that never ends.
fn endless(request: RequestBuilder) -> RequestBuilder {
    let rest = futures_util::stream::once(async { Ok::<_, String>("{") });
    let rest = futures_util::StreamExt::chain(rest, futures_util::stream::pending());
    request.header("content-type", "application/json").body(reqwest::Body::wrap_stream(rest))
}

async fn writes(checked: &mut Checked<'_>) {
    let levels = |levels: &str| levels.to_owned();
    let update = |levels: &str| format!(r#"{{"levels": {levels}}}"#);
    changes(checked, "post /", levels).await;
    changes(checked, &format!("post {LEVELS}"), levels).await;
    let patch = format!("patch {RIG}");
    changes(checked, &patch, update).await;
    let put = format!("put {RIG}");
    changes(checked, &put, update).await;
    removals(checked).await;
    let named = body(r#"{"labels": {"1": "Front wash", "2": null}, "master": 80.5, "blackout": true}"#);
    let named = |request| named(request).header("ghostlight-client", "lights.py");
    checked.expect(200, &patch, named).await;
    let merge = |request: RequestBuilder| request.header("content-type", "application/merge-patch+json");
    checked.expect(200, &patch, |request| merge(request).body(r#"{"blackout": false}"#)).await;
    checked.expect(400, &patch, body(r#"{"labels": {"0": 1}, "master": 101, "blackout": 1}"#)).await;
    checked.expect(400, &patch, |request| body("{}")(request).header("ghostlight-client", "")).await;
    let look = |levels: &str| levels.replace("null", "0");
    changes(checked, &format!("put {WORD}"), look).await;
    changes(checked, &format!("put {WORDS}"), |levels| format!(r#"{{"wash": {}}}"#, look(levels))).await;
    changes(checked, &format!("post {SAY}"), text).await;
    reversals(checked).await;
    let delete = format!("delete {WORD}");
    let tag = checked.expect(204, &delete, |request| request).await.header("etag").to_owned();
    checked.expect(204, &delete, header("idempotency-key", "gone")).await;
    let other = |request| header("idempotency-key", "gone")(request).header("if-none-match", "*");
    checked.expect(422, &delete, other).await;
    checked.expect(412, &delete, header("if-match", &tag)).await;
    checked.expect(409, &delete, header("ghostlight-sent", "1000")).await;
    checked.expect_of("Main", 400, &delete, |request| request).await;
    checked.expect_of("third", 404, &delete, |request| request).await;
    checked.expect(400, &format!("post {SAY}"), body(r#"{"text": "1 att 50"}"#)).await;
    checked
        .expect(200, &format!("post {SAY}?dry_run=1"), |request| {
            request.header("content-type", "text/plain").body("1 thru 3 at 50")
        })
        .await;
    let post = format!("post {LEVELS}");
    checked.expect_of("second", 200, &format!("{post}?create=1"), body("{}")).await;
    let (put_word, put_words) = (format!("put {WORD}"), format!("put {WORDS}"));
    let say = format!("post {SAY}");
    let wash = r#"{"wash": {}}"#;
    let full = r#"{"text": "1 full"}"#;
    for (operation, text) in
        [(post, "{}"), (patch, "{}"), (put, "{}"), (put_word, "{}"), (put_words, wash), (say, full)]
    {
        checked.expect_of("third", 404, &operation, body(text)).await;
        checked.expect_of("third", 507, &format!("{operation}?create=1"), body(text)).await;
    }
}

/// A text that sets these levels, which are not always levels.
fn text(levels: &str) -> String {
    let commands = levels.trim_matches(['{', '}']).replace('"', "").replace("null", "out").replace(": ", " at ");
    serde_json::json!({"text": commands.replace("at out", "out")}).to_string()
}

/// What taking back a change is answered, and making it again.
async fn reversals(checked: &mut Checked<'_>) {
    let named = |request: RequestBuilder| request.header("ghostlight-client", "lights.py");
    let set = |level: &str| {
        let body = body(&format!(r#"{{"levels": {{"7": {level}}}}}"#));
        move |request| named(body(request))
    };
    let patch = format!("patch {RIG}");
    let tag = checked.expect(200, &patch, set("10")).await.header("etag").to_owned();
    checked.expect(200, &patch, set("20")).await;
    let [undo, redo] = [UNDO, REDO].map(|path| format!("post {path}"));
    for (operation, key) in [(&undo, "undo"), (&redo, "redo")] {
        checked.expect(400, operation, |request| request).await;
        checked.expect(408, operation, |request| named(endless(request))).await;
        checked.expect(409, operation, |request| named(header("ghostlight-sent", "1000")(request))).await;
        checked.expect(412, operation, |request| named(header("if-match", &tag)(request))).await;
        checked.expect(413, operation, body(&" ".repeat((1 << 20) + 1))).await;
        checked.expect(200, &format!("{operation}?dry_run=1"), named).await;
        checked.expect(200, operation, |request| named(header("idempotency-key", key)(request))).await;
        checked.expect_of("nobody", 404, operation, named).await;
    }
    for (operation, key) in [(&undo, "redo"), (&redo, "undo")] {
        checked.expect(422, operation, |request| named(header("idempotency-key", key)(request))).await;
    }
}

/// What removing rigs is answered.
async fn removals(checked: &mut Checked<'_>) {
    let (make, delete) = (format!("post {LEVELS}?create=1"), format!("delete {RIG}"));
    let made = checked.expect_of("gone", 200, &make, body(r#"{"1": 50}"#)).await;
    checked.expect_of("gone", 200, &make, body(r#"{"1": 51}"#)).await;
    checked.expect_of("gone", 412, &delete, header("if-match", made.header("etag"))).await;
    checked.expect_of("gone", 409, &delete, header("ghostlight-sent", "1000")).await;
    checked.expect_of("gone", 400, &delete, header("idempotency-key", "k")).await;
    checked.expect_of("gone", 204, &delete, |request| request).await;
    checked.expect_of("gone", 404, &delete, |request| request).await;
}

/// What an operation makes of changes of levels, written as it takes them.
async fn changes(checked: &mut Checked<'_>, operation: &str, write: impl Fn(&str) -> String) {
    let body = |levels: &str| body(&write(levels));
    let first = checked.expect(200, operation, body(r#"{"1": 50, "2": 12.345, "3": null}"#)).await;
    let tag = first.header("etag").to_owned();
    checked.expect(400, operation, body(r#"{"0": 1, "2": 101}"#)).await;
    let many = format!("{{{}}}", (0..50).map(|n| format!(r#""x{n}": 1"#)).collect::<Vec<_>>().join(","));
    checked.expect(400, operation, body(&many)).await;
    checked.expect(200, operation, body(r#"{"1": 51}"#)).await;
    let stale = |request| body(r#"{"1": 52}"#)(request).header("if-match", tag);
    checked.expect(412, operation, stale).await;
    checked.expect(409, operation, |request| body(r#"{"1": 52}"#)(request).header("ghostlight-sent", "1000")).await;
    let most = if operation.ends_with("/words") { 16 << 20 } else { 1 << 20 };
    let spaces = " ".repeat(most + 1);
    let too_large = |request: RequestBuilder| request.header("content-type", "application/json").body(spaces);
    checked.expect(413, operation, too_large).await;
    checked.expect(415, operation, |request| request.body("{}")).await;
    let key = operation.replace(' ', "-");
    let keyed = |levels: &str| {
        let (body, key) = (body(levels), key.clone());
        move |request| body(request).header("idempotency-key", key)
    };
    checked.expect(200, operation, keyed(r#"{"1": 50}"#)).await;
    checked.expect(200, operation, keyed(r#"{"1": 50}"#)).await;
    checked.expect(422, operation, keyed(r#"{"1": 51}"#)).await;
    checked.expect(408, operation, endless).await;
    // Whatever becomes of it, a traced change is answered in its trace.
    for (status, levels) in [(200, r#"{"1": 50}"#), (400, r#"{"0": 1}"#)] {
        let traced = |request| body(levels)(request).header("traceparent", TRACEPARENT);
        let answer = checked.expect(status, operation, traced).await;
        let (trace, _) = TRACEPARENT.split_at("00-".len() + 32);
        assert!(answer.header("traceparent").starts_with(trace), "{answer:?}");
    }
}

/// What is sent to a name that is not the server's, and what pages of others send.
async fn refuses(checked: &mut Checked<'_>) {
    for (method, path) in ROUTES {
        checked.expect(421, &format!("{method} {path}"), header("host", "rebind.example")).await;
    }
    let foreign = || header("origin", "http://news.example");
    let mut changes = vec!["post /".to_owned(), "post /get_topics".to_owned()];
    changes.extend([LEVELS, LOOKUP, SAY, UNDO, REDO].map(|path| format!("post {path}")));
    changes.extend([format!("patch {RIG}"), format!("put {RIG}"), format!("delete {RIG}")]);
    changes.extend([format!("put {WORD}"), format!("put {WORDS}"), format!("delete {WORD}")]);
    for operation in changes.into_iter().chain([format!("get {EVENTS}")]) {
        checked.expect(403, &operation, foreign()).await;
    }
    for path in ["/ws", SOCKET] {
        checked.expect(403, &format!("get {path}"), |request| foreign()(upgrade(request))).await;
    }
}

/// With no place for one more connection, every operation is answered 503.
async fn no_place(description: &mut Description) {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-connections", "1"]).await;
    let _idle = Wire::open(&served).await;
    let open = || open_connections(served.pid(), served.address.port());
    until("the connection is there", async || (open() == 1).then_some(())).await;
    let mut checked = Checked::new(&served, description);
    for (method, path) in ROUTES.iter().filter(|(_, path)| !["/healthz", "/docs", "/v1/openapi.json"].contains(path)) {
        checked.expect(503, &format!("{method} {path}"), |request| request).await;
    }
}

/// With nothing saved any more, changes are answered 503, and the server is not ready.
async fn no_room(description: &mut Description) {
    let disk = Tmpfs::mount("2m");
    let served = Served::start(disk.0.path(), &[]).await;
    std::fs::write(disk.0.path().join("ballast"), vec![0; 4 << 20]).expect_err("the disk is full now");
    let mut checked = Checked::new(&served, description);
    let mut first = 1;
    until("a change is refused", async || {
        let levels: Vec<_> = (first..first + 500).map(|dimmer| format!(r#""{dimmer}": 50"#)).collect();
        first += 500;
        let change = checked.http.post(checked.served.url("/")).header("content-type", "application/json");
        (ask(change.body(format!("{{{}}}", levels.join(",")))).await.status != 200).then_some(())
    })
    .await;
    checked.expect(503, "post /", body(r#"{"1": 50}"#)).await;
    checked.expect(503, &format!("patch {RIG}"), body(r#"{"master": 50}"#)).await;
    checked.expect(503, &format!("put {RIG}"), body(r#"{"master": 50}"#)).await;
    checked.expect(503, "get /readyz", |request| request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_as_described() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &["--max-rigs", "2", "--stall-seconds", "0.5"]).await;
    let mut description = Description::new();
    let mut checked = Checked::new(&served, &mut description);
    reads(&mut checked).await;
    writes(&mut checked).await;
    reads(&mut checked).await;
    refuses(&mut checked).await;
    no_place(&mut description).await;
    no_room(&mut description).await;
    // What is described for paths and methods that are not here.
    for answer in [call(&served, "GET", "/nothing").await, call(&served, "DELETE", "/").await] {
        description.check_problem(&answer);
    }
    let unseen: Vec<_> = description.documented().difference(&description.seen).cloned().collect();
    // That the outcome is unknown takes a store that does not answer: unknown.rs has one.
    let of = |method: &str, path: &str| format!("{method} {path} 504");
    // The client of these tests sends no endless body with a GET.
    let endless_get = "get /get_topics 408".to_owned();
    let expected = [
        of("delete", RIG),
        of("delete", WORD),
        endless_get,
        of("patch", RIG),
        of("post", "/"),
        of("post", LEVELS),
        of("post", REDO),
        of("post", SAY),
        of("post", UNDO),
        of("put", RIG),
        of("put", WORDS),
        of("put", WORD),
    ];
    assert_eq!(unseen, expected);
}
