//! Every path of the interface, what is not one, and the files that are carried along.

use std::collections::{BTreeMap, BTreeSet};

use ghostlight_gateway::ROUTES;
use reqwest::Client;
use serde_json::json;

use crate::asking::{Answer, ask, call, get, post};
use crate::support::{Served, folder};

/// The paths of the interface on a rig that is there, with their methods; and files that only are to be read.
fn places() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut places = BTreeMap::<_, BTreeSet<_>>::new();
    let files = ["/docs/", "/docs/swagger-ui.css", "/console.js"].map(|path| ("get", path));
    for &(method, path) in ROUTES.iter().chain(&files) {
        places.entry(path.replace("{rig}", "main")).or_default().insert(method);
    }
    places
}

#[tokio::test]
async fn another_method_is_405_and_the_right_ones_are_named() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for (path, methods) in places() {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            if methods.contains(method.to_lowercase().as_str()) {
                continue;
            }
            let answer = call(&served, method, &path).await;
            answer.problem(405, "method_not_allowed");
            let allowed: BTreeSet<_> =
                answer.header("allow").split(',').map(|name| name.trim().to_lowercase()).collect();
            let mut expected: BTreeSet<_> = methods.iter().map(ToString::to_string).collect();
            if methods.contains("get") {
                expected.insert("head".to_owned());
            }
            assert_eq!(allowed, expected, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let nowhere = ["/nothing", "/index.htm", "/v1", "/v1/", "/v1/nothing", "/v1/rigs/"];
    let near = [
        "/v1/rigs/main/",
        "/v1/rigs/main/nothing",
        "/v1/rigs/main/levels/",
        "/healthz/",
        "/docs/nothing.js",
        "/docs/a/b",
        "/%2e%2e/Cargo.toml",
    ];
    for path in nowhere.into_iter().chain(near) {
        get(&served, path).await.problem(404, "not_found");
        assert_eq!(call(&served, "HEAD", path).await.status, 404, "{path}");
        if !path.starts_with("/docs/") {
            call(&served, "POST", path).await.problem(404, "not_found");
        }
    }
    get(&served, "/v1/rigs/nobody/levels").await.problem(404, "not_found");
}

/// HEAD is GET without the body, with the same headers.
#[tokio::test]
async fn head_is_get_without_the_body() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    post(&served, "/", r#"{"1": 50}"#).await;
    let unlike_get = ["/ws", "/v1/rigs/main/ws", "/v1/rigs/main/events"];
    let alike =
        |(path, methods): &(&String, &BTreeSet<&str>)| methods.contains("get") && !unlike_get.contains(&path.as_str());
    for (path, _) in places().iter().filter(alike) {
        let request = |method: &str| {
            // A redirect is looked at as it is.
            let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
            http.request(method.parse().unwrap(), served.url(path))
        };
        let (full, head) = (ask(request("GET")).await, ask(request("HEAD")).await);
        assert_eq!((head.status, head.body.as_str()), (full.status, ""), "{path}");
        let compared = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            headers.remove("date");
            headers
        };
        assert_eq!(compared(&head), compared(&full), "{path}");
    }
}

#[tokio::test]
async fn a_browser_gets_the_page_and_software_the_map() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    post(&served, "/", r#"{"1": 50}"#).await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
    for (accept, is_page) in [
        ("", true),
        (browser, true),
        ("*/*", true),
        ("text/html, application/json", true),
        ("application/json", false),
        ("application/json, text/plain, */*", false),
    ] {
        let request = Client::new().get(served.url("/")).header("accept", accept);
        let answer = ask(request).await;
        let kind = if is_page { "text/html" } else { "application/json" };
        assert!(answer.header("content-type").starts_with(kind), "{accept}: {answer:?}");
        assert_eq!(answer.header("vary"), "accept");
        assert_eq!(answer.status, 200);
        assert!(is_page == answer.body.contains("<html") && (is_page || answer.json() == json!({"1": 50})), "{accept}");
    }
}

/// The page and whatever it loads: each with its type, an ETag that is worth something, and what keeps it safe.
#[tokio::test]
async fn the_pages_files_are_served_as_they_should_be() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let index = get(&served, "/").await;
    let mut files = BTreeSet::from(["/".to_owned(), "/index.html".to_owned()]);
    files.extend(loaded_by(&index.body, "/"));
    let scripts: Vec<_> = files.iter().filter(|file| file.ends_with(".js")).cloned().collect();
    for script in scripts {
        files.extend(loaded_by(&get(&served, &script).await.body, "/"));
    }
    assert!(files.len() >= 5, "the page loads a script, a style sheet and an icon: {files:?}");
    for file in files {
        let answer = get(&served, &file).await;
        assert_eq!(answer.status, 200, "{file}");
        let kind = match file.rsplit_once('.').map(|(_, extension)| extension) {
            None | Some("html") => "text/html",
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            Some("svg") => "image/svg+xml",
            Some(other) => panic!("{other}: {file}"),
        };
        assert!(answer.header("content-type").starts_with(kind), "{file}: {answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("content-security-policy").contains("default-src 'self'"));
        assert_eq!(answer.header("cache-control"), "no-cache");
        let tag = answer.header("etag");
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = ask(Client::new().get(served.url(&file)).header("if-none-match", &known)).await;
            assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", tag), "{file} {known}");
        }
        let other = ask(Client::new().get(served.url(&file)).header("if-none-match", "\"x\"")).await;
        assert_eq!((other.status, other.body), (200, answer.body));
    }
}

/// The files that a page, or a script's imports, name.
fn loaded_by(text: &str, folder: &str) -> Vec<String> {
    let quoted = text.split(['"', '\'']).skip(1).step_by(2);
    let files = quoted.filter(|name| [".js", ".css", ".svg"].iter().any(|end| name.ends_with(end)));
    let files = files.filter(|name| !name.contains(['\n', ' ']));
    files.map(|name| format!("{folder}{}", name.trim_start_matches(['.', '/']))).collect()
}

#[tokio::test]
async fn the_description_is_served_with_a_page_to_read_it() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    let description = get(&served, "/v1/openapi.json").await;
    assert_eq!((description.status, description.header("content-type")), (200, "application/json"));
    assert_eq!(description.body, ghostlight_proto::OPENAPI);

    let page = get(&served, "/docs").await;
    assert!(page.status == 200 && page.header("content-type").starts_with("text/html"), "{page:?}");
    let files = loaded_by(&page.body, "/docs/");
    assert!(files.len() >= 3, "{files:?}");
    for file in &files {
        let answer = get(&served, file).await;
        let kind = if file.ends_with(".js") { "text/javascript" } else { "text/css" };
        assert!(
            answer.status == 200 && answer.header("content-type").starts_with(kind),
            "{file}: {:?}",
            answer.headers
        );
        assert!(!answer.body.is_empty());
    }
    let start = get(&served, "/docs/swagger-initializer.js").await;
    assert!(start.body.contains("/v1/openapi.json"), "the page reads this server's description");
}

#[tokio::test]
async fn health_is_told() {
    let (_folder, path) = folder();
    let served = Served::start(&path, &[]).await;
    for (path, said) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = get(&served, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, said));
        assert!(answer.header("content-type").starts_with("text/plain"));
    }
    // Asking changes no level.
    assert!(served.map().await.is_empty());
}
