//! Following a rig: readers are cursors.

use ghostlight_rig::{Origin, Position, State, Update};
use tokio::sync::watch;

use crate::view::View;

/// What has changed since a follower last looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where the map stands now.
    pub position: Position,
    /// What to do to get there.
    pub news: News,
    /// Whose changes are in it, as far as the client was told and still knows: it remembers the newest 1,024, and what
    /// it caught up with after a break comes without.
    pub origins: Vec<Origin>,
}

/// What a follower gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The newest values of all that changed; `None` for what was forgotten.
    Update(Update),
    /// All that the rig holds, in place of what was there: at first, and whenever what was there is not continued.
    State(State),
}

/// How far a follower has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) generation: u64,
    pub(crate) position: Position,
}

/// A reader of the map. It costs one cursor: it may be as slow as it likes, skips levels that are no longer the newest,
/// and always ends on the newest.
#[derive(Clone, Debug)]
pub struct Follower {
    view: watch::Receiver<View>,
    cursor: Option<Cursor>,
}

impl Follower {
    pub(crate) fn new(view: watch::Receiver<View>) -> Self {
        Self { view, cursor: None }
    }

    /// Waits until something has changed since the last call, and tells it; the first call gives the whole map. `None`
    /// after the client was shut down, when nothing is left to tell.
    ///
    /// Cancel safe: a call that is dropped has taken nothing.
    pub async fn changed(&mut self) -> Option<Change> {
        loop {
            let cursor = self.cursor;
            let view = self.view.wait_for(|view| view.is_after(cursor)).await.ok()?;
            let change = view.since(cursor);
            self.cursor = Some(view.cursor());
            // An entry in which every change was refused moves the position alone.
            if change.news != News::Update(Update::default()) {
                return Some(change);
            }
        }
    }
}
