//! Undo and redo: a client takes back its own last change, or makes it again.

use ghostlight_command::Note;
use ghostlight_proto::Code;
use ghostlight_rig::{Change, ClientId, Position, Reversal, Reverse, Reversed, Revision, Update};

use crate::http::{self, Asked};
use crate::hub::Hub;
use crate::outcome::Done;
use crate::refusal::Refusal;
use crate::request_span::Request;
use crate::{Gateway, headers};

/// How often a reversal is tried: others may change its items between finding out what stands and the fold.
const MAX_TRIES: usize = 10;

/// Takes back the last change of the client that a header names, or makes it again, and finds what that client should know.
/// `change` has the text that asks for it.
pub(crate) async fn step_back(
    gateway: &Gateway,
    request: &Request,
    asked: &Asked,
    (reverse, change): (Reverse, Change),
    dry_run: bool,
) -> Result<(Done, Vec<Note>), Refusal> {
    let Some(origin) = headers::origin(&asked.headers)? else {
        return Err(Refusal::bad_input("whose change? The header Ghostlight-Client names the client"));
    };
    let hub = http::hub(gateway, &asked.rig, |hub| hub.state().replica.map().is_empty()).await?;
    let mut change = http::conditioned(gateway, request, asked, change)?;
    if dry_run {
        let (found, position) = found(&hub, reverse, &origin.client);
        let notes = notes(reverse, found.as_ref());
        change.update = found.map(|found| found.update).unwrap_or_default();
        http::judge(gateway, &hub, asked, &change).await?;
        return Ok((Done::nothing(position, change.update), notes));
    }
    reversed(gateway, &hub, asked, (reverse, &origin.client), change).await
}

/// What takes the last change of a client back, or makes it again, at the position of the map; `None` if there is none.
fn found(hub: &Hub, reverse: Reverse, client: &ClientId) -> (Option<Reversed>, Position) {
    let state = hub.state();
    (state.history.find(reverse, client, state.replica.map()), state.replica.position())
}

/// What the client should know.
fn notes(reverse: Reverse, found: Option<&Reversed>) -> Vec<Note> {
    match found {
        None => vec![Note::Nothing(reverse)],
        Some(found) if found.left.is_empty() => Vec::new(),
        Some(found) => vec![Note::Left(found.left.clone())],
    }
}

/// Finds out what stands and changes it, until nobody has changed it in between.
async fn reversed(
    gateway: &Gateway,
    hub: &Hub,
    asked: &Asked,
    (reverse, client): (Reverse, &ClientId),
    change: Change,
) -> Result<(Done, Vec<Note>), Refusal> {
    let mut tries = 0;
    loop {
        let (found, position) = found(hub, reverse, client);
        let notes = notes(reverse, found.as_ref());
        if found.is_none() && change.idempotency_key.is_none() {
            return Ok((Done::nothing(position, Update::default()), notes));
        }
        let (reversal, update) = match found {
            Some(Reversed { reversal, update, .. }) => (reversal, update),
            // The same request may have taken the last change back before: its key tells.
            None => (Reversal { reverse, of: Revision(0) }, Update::default()),
        };
        // A client's own condition is about an earlier position, and holds for all after it.
        let if_match = change.if_match.or(Some(position));
        let try_now = Change { reversal: Some(reversal), update, if_match, ..change.clone() };
        tries += 1;
        match hub.queue.change(try_now).await {
            Ok(done) => return Ok((done, notes)),
            Err(refusal) if refusal.code() == Code::Changed && change.if_match.is_none() => {
                if !gateway.hubs.is_made(&asked.rig).await? {
                    return Err(gateway.hubs.no_such_rig(&asked.rig).await);
                }
                if tries == MAX_TRIES {
                    return Err(Refusal::unavailable("others change the same items all the time"));
                }
            }
            Err(refusal) => return Err(refusal),
        }
    }
}
