//! Followers of a rig: readers are cursors.

use ghostlight_rig::Update;
use tokio::sync::watch;

use crate::change::{Change, Cursor, News};
use crate::view::View;

/// A reader of the map. It costs one cursor: it may be slow, skips levels that are no longer the newest, and always
/// ends on the newest.
#[derive(Clone, Debug)]
pub struct Follower {
    view: watch::Receiver<View>,
    cursor: Option<Cursor>,
}

impl Follower {
    pub(crate) fn new(view: watch::Receiver<View>) -> Self {
        Self { view, cursor: None }
    }

    /// Waits until the map has changed since the last call, and returns the change; the first call returns the whole
    /// map. `None` after the client was shut down and every change was returned.
    ///
    /// Cancel safe: a dropped call loses no change.
    pub async fn changed(&mut self) -> Option<Change> {
        loop {
            let cursor = self.cursor;
            let view = self.view.wait_for(|view| view.is_after(cursor)).await.ok()?;
            let change = view.since(cursor);
            self.cursor = Some(view.cursor());
            // An entry whose changes were all refused moves only the position.
            if change.news != News::Update(Update::default()) {
                return Some(change);
            }
        }
    }
}
