//! Pages of others: on another origin, or under a name that was made to lead to the server.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Deployment;
use crate::page::Page;
use crate::screen::DESK;

/// A server of one empty page. Dropped, it is gone.
struct Site {
    origin: String,
    serving: JoinHandle<()>,
}

impl Site {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            while let Ok((mut browser, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let page = "<!doctype html><title>News</title>";
                    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\ncontent-length: ";
                    // The head of a request without a body fits one read; a browser that is gone needs no answer.
                    let _ = browser.read(&mut [0; 8 << 10]).await;
                    let _ = browser.write_all(format!("{head}{}\r\n\r\n{page}", page.len()).as_bytes()).await;
                    let _ = browser.shutdown().await;
                });
            }
        });
        Self { origin, serving }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What a page manages to do with the server at an address, in each way that browsers have.
const TRY: &str = r#"
    const [url, answer] = arguments;
    const socket = new Promise((done) => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}ws`);
        socket.onmessage = () => socket.close(1000);
        // A browser that is refused, or whose close frame is not answered, reports 1006.
        socket.onclose = ({ code, wasClean }) => done(wasClean && code === 1000 ? 'done' : 'refused');
    });
    const events = new Promise((done) => {
        const events = new EventSource(`${url}v1/rigs/main/events`);
        events.addEventListener('snapshot', () => { events.close(); done('done'); });
        events.onerror = () => { events.close(); done('refused'); };
    });
    const asked = (options) => fetch(`${url}v1/rigs/main`, options).then(({ ok }) => ok ? 'done' : 'refused', () => 'refused');
    const body = '{"blackout": true}';
    const patch = { method: 'PATCH', headers: { 'content-type': 'application/json' }, body };
    Promise.all([socket, events, asked({}), asked(patch)])
        .then(([socket, events, read, change]) => answer({ socket, events, read, change }));
"#;

async fn manages(page: &Page, deployment: &Deployment) -> Value {
    page.script_async(TRY, vec![json!(deployment.server.page())]).await
}

#[tokio::test]
async fn a_page_of_another_origin_does_nothing_unless_it_is_allowed() {
    let (ours, news) = (Site::start().await, Site::start().await);
    let deployment = Deployment::start_with(&["--allow-origin", &ours.origin]).await;
    deployment.server.post(r#"{"1": 50}"#).await;
    let page = deployment.driver.open(&news.origin, DESK).await;
    let nothing = json!({"socket": "refused", "events": "refused", "read": "refused", "change": "refused"});
    assert_eq!(manages(&page, &deployment).await, nothing);
    assert_eq!(deployment.server.rig().await["blackout"], false);
    page.go(&ours.origin).await;
    let everything = json!({"socket": "done", "events": "done", "read": "done", "change": "done"});
    assert_eq!(manages(&page, &deployment).await, everything);
    assert_eq!(deployment.server.rig().await["blackout"], true);
}

/// The page's own name leads to the server, so that the browser takes the server for the page's own.
#[tokio::test]
async fn a_name_that_was_made_to_lead_here_is_refused() {
    let mut deployment = Deployment::start_with(&["--admin", "127.0.0.1:0"]).await;
    let admin = deployment.server.admin().await;
    let rebind = |address: &str| format!("http://rebind.example:{}/", address.rsplit_once(':').unwrap().1);
    let (ours, admins) = (rebind(&deployment.server.address), rebind(&admin));
    let rule = "--host-resolver-rules=MAP rebind.example 127.0.0.1";
    let page = deployment.driver.open_with("about:blank", DESK, &[rule]).await;
    // Not the policy of the refusal is in question here, which would keep its scripts from everything.
    page.devtools("Page.setBypassCSP", json!({ "enabled": true })).await;
    page.go(&ours).await;
    let shows = "return document.body.textContent.includes('unknown_host')";
    page.until_true("the refusal", shows).await;
    let manages = page.script_async(TRY, vec![json!(ours)]).await;
    assert_eq!(manages, json!({"socket": "refused", "events": "refused", "read": "refused", "change": "refused"}));
    assert_eq!(deployment.server.rig().await["blackout"], false);
    page.go(&admins).await;
    page.until_true("the refusal", shows).await;
    let set = "const answer = arguments[0]; \
               fetch('/log', { method: 'PUT', body: 'off' }).then(({ status }) => answer(status), () => answer(0))";
    assert_eq!(page.script_async(set, vec![]).await, 421);
}
