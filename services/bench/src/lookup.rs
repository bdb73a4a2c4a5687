//! The words that look-ups find, and what is answered.

use crate::failure::Fault;
use crate::target::Target;
use crate::wire::{Http, request};

/// The words of a run with their looks. No rig is likely to have them.
const WORDS: [(&str, &str); 2] =
    [("ghostlightbenchone", r#"{"60001":100,"60002":50}"#), ("ghostlightbenchtwo", r#"{"60002":80,"60003":12.5}"#)];

/// The body of a look-up.
pub(crate) const TEXT: &str = r#"{"text":"ghostlightbenchone ghostlightbenchtwo"}"#;

/// What is answered: for each dimmer the highest level.
pub(crate) const ANSWER: &str =
    r#"{"text":"ghostlightbenchone ghostlightbenchtwo","topics":{"60001":100,"60002":80,"60003":12.5},"unknown":[]}"#;

/// Sets the words, unless the server is the bare peer.
pub(crate) async fn make_words(target: &Target) -> Result<(), Fault> {
    each_word(target, "PUT", 200).await
}

/// Removes the words.
pub(crate) async fn remove_words(target: &Target) -> Result<(), Fault> {
    each_word(target, "DELETE", 204).await
}

async fn each_word(target: &Target, method: &str, status: u16) -> Result<(), Fault> {
    if target.bare {
        return Ok(());
    }
    let (mut http, mut text) = (Http::connect(target).await?, String::new());
    for (word, look) in WORDS {
        let body = if method == "PUT" { look } else { "" };
        request(&mut text, target, method, &format!("/v1/rigs/main/words/{word}"), body);
        let answer = http.exchange(&text).await?;
        if answer.status != status {
            return Err(Fault::wrong(&format!("{method} of a word: status {}", answer.status), answer.body));
        }
    }
    Ok(())
}
