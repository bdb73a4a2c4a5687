//! Before a run: empties the rig, so that the judge knows its contents.

use std::time::{Duration, Instant};

use ghostlight_proto::{ClientMessage, Hello, ServerMessage, Set};
use ghostlight_rig::{Dimmer, Interest, Position, State, Update};

use super::Options;
use super::StartError;
use super::shared::client_id;
use super::socket::{Heard, Lost, Socket};
use super::target::Target;

/// How long the gateways may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The wait before another round of attempts.
const RETRY: Duration = Duration::from_millis(200);

/// Empties the rig through the first gateway that answers; returns the rig's position after that.
pub(super) async fn prepare(options: &Options, targets: &[Target]) -> Result<Position, StartError> {
    let began = Instant::now();
    loop {
        let mut why = Lost::new();
        for target in targets {
            let left = TIMEOUT.saturating_sub(began.elapsed()).max(RETRY);
            match tokio::time::timeout(left, empty(options, target)).await {
                Ok(Ok(position)) => return Ok(position),
                Ok(Err(lost)) => why = format!("{}: {lost}", target.url),
                Err(_) => why = format!("{}: no answer within {} s", target.url, TIMEOUT.as_secs()),
            }
        }
        if began.elapsed() >= TIMEOUT {
            return Err(StartError::Unavailable(why));
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn empty(options: &Options, target: &Target) -> Result<Position, Lost> {
    let pace = options.pace;
    let mut socket = Socket::open(&target.socket, pace.connect_within).await?;
    let hello = Hello::new(client_id(options.seed, options.clients));
    socket.say(&ClientMessage::Hello(hello), pace.unanswered_after).await?;
    let state = loop {
        match heard(&mut socket).await? {
            ServerMessage::Snapshot(snapshot) if snapshot.position != Position::default() => break snapshot.state,
            _ => {}
        }
    };
    let set = Set { seq: 1, update: emptying(&state), trace: None };
    socket.say(&ClientMessage::Set(set), pace.unanswered_after).await?;
    let position = loop {
        match heard(&mut socket).await? {
            ServerMessage::Ack(ack) => break ack.position,
            ServerMessage::Error(error) => return Err(format!("{} ({})", error.message, error.code)),
            _ => {}
        }
    };
    socket.close().await;
    Ok(position)
}

async fn heard(socket: &mut Socket) -> Result<ServerMessage, Lost> {
    loop {
        match socket.next().await? {
            Heard::Message(message) => return Ok(*message),
            Heard::Unreadable(error) => return Err(error),
            Heard::SignOfLife => {}
        }
    }
}

/// The update that removes everything from a rig. It always names a dimmer, because the first change makes the rig.
fn emptying(state: &State) -> Update {
    let mut update = Update::between(state, &State::default(), Interest::all());
    update.levels.insert(Dimmer::MIN, None);
    update
}
