//! Requests over HTTP, one after another on each of some kept connections.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Round, Window, all};
use crate::failure::Fault;
use crate::levels::{HTTP_DIMMERS, one, varied};
use crate::lookup::{ANSWER, TEXT, make_words};
use crate::options::Effort;
use crate::tally::Tally;
use crate::target::Target;
use crate::wire::{Http, post};

/// Writes the request of a connection with this number. Returns the body that has to be answered.
type Ask = dyn Fn(usize, u64, &mut String) -> Cow<'static, str> + Send + Sync;

/// Changes by POST.
pub(super) async fn changes(target: &Target, connections: usize, effort: &Effort) -> Result<Round, Fault> {
    let asked = target.clone();
    let ask = move |who: usize, number, request: &mut String| {
        let level = one(HTTP_DIMMERS + who as u16, varied(number));
        post(request, &asked, "/", &level);
        level.into()
    };
    round(target, connections, effort, Arc::new(ask)).await
}

/// Look-ups of a text of two words.
pub(super) async fn lookups(target: &Target, connections: usize, effort: &Effort) -> Result<Round, Fault> {
    make_words(target).await?;
    let asked = target.clone();
    let ask = move |_, _, request: &mut String| {
        post(request, &asked, "/v1/rigs/main/lookup", TEXT);
        ANSWER.into()
    };
    round(target, connections, effort, Arc::new(ask)).await
}

async fn round(target: &Target, connections: usize, effort: &Effort, ask: Arc<Ask>) -> Result<Round, Fault> {
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Http::connect(target).await?);
    }
    let (tally, window) = (Arc::new(Tally::new()), Window::after_warm_up(effort));
    let most = (effort.most / connections as u64).max(1);
    let mut tasks = JoinSet::new();
    for (who, http) in opened.into_iter().enumerate() {
        let poster = Poster { who, http, ask: Arc::clone(&ask), tally: Arc::clone(&tally), window, most };
        tasks.spawn(poster.run());
    }
    all(tasks).await?;
    Ok(Round::timed(&tally, window.took()))
}

struct Poster {
    who: usize,
    http: Http,
    ask: Arc<Ask>,
    tally: Arc<Tally>,
    window: Window,
    most: u64,
}

impl Poster {
    async fn run(mut self) -> Result<(), Fault> {
        let (mut request, mut counted) = (String::new(), 0);
        for number in self.who as u64.. {
            let expected = (self.ask)(self.who, number, &mut request);
            let begun = Instant::now();
            if begun >= self.window.until || counted >= self.most {
                break;
            }
            let answer = self.http.exchange(&request).await?;
            let took = begun.elapsed();
            if answer.status != 200 || answer.body != expected.as_bytes() {
                return Err(Fault::wrong(&format!("status {}, expected {expected}", answer.status), answer.body));
            }
            if begun >= self.window.from {
                self.tally.record(self.who, took);
                counted += 1;
            }
        }
        Ok(())
    }
}
