//! Rigs in the page: their list, switching between them, and making one.

use reqwest::{Client, Method};

use crate::Deployment;
use crate::screen::DESK;

/// The names in a list of rigs.
const LISTED: &str = "return [...document.querySelectorAll('#rigs a')].map((link) => link.textContent).join(' ')";

#[tokio::test]
async fn the_page_lists_switches_and_makes_rigs_and_says_when_one_is_gone() {
    let deployment = Deployment::start().await;
    let server = &deployment.server;
    let request = async |method: Method, path: &str| {
        let url = format!("{}{path}", server.page().trim_end_matches('/'));
        let request = Client::new().request(method, url).header("content-type", "application/json");
        assert!(request.body(r#"{"levels":{"1":42}}"#).send().await.unwrap().status().is_success(), "{path}");
    };
    request(Method::PATCH, "/v1/rigs/stage?create=1").await;
    let page = deployment.open(DESK).await;
    page.until_true("both rigs are listed", &format!("{LISTED} === 'main stage'")).await;

    // To another rig, as a person does it.
    page.script("document.querySelector('#rigs a[href=\"?rig=stage\"]').click()", vec![]).await;
    page.until_true("the other rig", "return document.getElementById('rig')?.textContent === 'stage'").await;
    page.until_level(1, 42.0).await;

    // It is removed under the page's feet, and asked for again.
    request(Method::DELETE, "/v1/rigs/stage").await;
    let asks = "return document.getElementById('missing').open";
    page.until_true("that it is gone", asks).await;
    let text = page.script("return document.getElementById('missing-text').textContent", vec![]).await;
    assert_eq!(text, "The rig stage does not exist any more.");
    page.click("#make-rig").await;
    page.until_true("that it is there again", "return !document.getElementById('missing').open").await;
    let shown = page.until_live().await;
    assert_eq!(shown.levels.get(&1), None, "it is a new one: {shown:?}");

    // A typo makes nothing by itself.
    page.go(&format!("{}?rig=stagr", server.page())).await;
    page.until_true("the question", asks).await;
    let text = page.script("return document.getElementById('missing-text').textContent", vec![]).await;
    assert_eq!(text, "The rig stagr does not exist.");
    page.script("document.querySelector('#rigs-instead a[href=\"?rig=stage\"]').click()", vec![]).await;
    page.until_true("the rig that was meant", "return document.getElementById('rig')?.textContent === 'stage'").await;
    page.until_true("it is not listed", &format!("{LISTED} === 'main stage'")).await;
}
