//! The description of the interface, in a browser that keeps to its policy.

use serde_json::{Value, json};

use crate::Deployment;
use crate::screen::DESK;

#[tokio::test]
async fn the_description_is_shown_and_can_be_tried_out_under_its_policy() {
    let deployment = Deployment::start().await;
    let page = deployment.driver.open("about:blank", DESK).await;
    let note = "window.violations = []; document.addEventListener('securitypolicyviolation', \
                  ({ violatedDirective, blockedURI }) => window.violations.push(`${violatedDirective} ${blockedURI}`))";
    page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": note })).await;
    page.go(&format!("{}docs/", deployment.server.page())).await;
    let steps = [
        ("the operations", "return document.querySelectorAll('.opblock').length > 10"),
        (
            "one of them",
            "document.querySelector('#operations-full-listRigs .opblock-summary-control').click(); return true",
        ),
        ("a button to try it", "const b = document.querySelector('.try-out__btn'); b?.click(); return b !== null"),
        ("a button to send it", "const b = document.querySelector('.execute'); b?.click(); return b !== null"),
        (
            "the answer",
            "return document.querySelector('.live-responses-table .response .response-col_status')?.textContent.includes('200')",
        ),
    ];
    for (what, script) in steps {
        page.until_true(what, script).await;
    }
    assert_eq!(page.script("return window.violations", vec![]).await, Value::Array(vec![]));
}
