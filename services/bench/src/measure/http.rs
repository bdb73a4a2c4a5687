//! Changes by HTTP POST, one after another on each of some kept connections.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Round, Window, all};
use crate::failure::Fault;
use crate::levels::{HTTP_DIMMERS, one, varied};
use crate::options::Effort;
use crate::tally::Tally;
use crate::target::Target;
use crate::wire::{Http, post};

pub(super) async fn round(target: &Target, connections: usize, effort: &Effort) -> Result<Round, Fault> {
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Http::connect(target).await?);
    }
    let (tally, window) = (Arc::new(Tally::new()), Window::after_warm_up(effort));
    let most = (effort.most / connections as u64).max(1);
    let mut tasks = JoinSet::new();
    for (who, http) in opened.into_iter().enumerate() {
        let poster = Poster { target: target.clone(), who, http, tally: Arc::clone(&tally), window, most };
        tasks.spawn(poster.run());
    }
    all(tasks).await?;
    Ok(Round::timed(&tally, window.took()))
}

struct Poster {
    target: Target,
    who: usize,
    http: Http,
    tally: Arc<Tally>,
    window: Window,
    most: u64,
}

impl Poster {
    async fn run(mut self) -> Result<(), Fault> {
        let dimmer = HTTP_DIMMERS + self.who as u16;
        let (mut request, mut counted) = (String::new(), 0);
        for number in self.who as u64.. {
            let level = one(dimmer, varied(number));
            post(&mut request, &self.target, &level);
            let begun = Instant::now();
            if begun >= self.window.until || counted >= self.most {
                break;
            }
            let answer = self.http.exchange(&request).await?;
            let took = begun.elapsed();
            if answer.status != 200 || answer.body != level.as_bytes() {
                return Err(Fault::wrong(
                    &format!("POST {level}: status {}, expected that level", answer.status),
                    answer.body,
                ));
            }
            if begun >= self.window.from {
                self.tally.record(self.who, took);
                counted += 1;
            }
        }
        Ok(())
    }
}
