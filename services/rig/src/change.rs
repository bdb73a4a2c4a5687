//! Changes, as clients ask for them, and entries, which carry them through the log.

use crate::{ClientId, Interest, Key, Levels, Position, Reversal, TraceContext, Update, Upload};

/// The client that asked for a change, and the client's number for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The name that the client gave itself.
    pub client: ClientId,
    /// The client's own number for the change, below 2^53. 0 if the client does not number its changes.
    pub seq: u64,
}

/// What a change does with the items that it does not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Action {
    /// They stay as they are.
    #[default]
    Set,
    /// Those of these kinds are forgotten, or get their initial value: afterwards the rig has, of these kinds, exactly what the
    /// change sets.
    Replace(Interest),
    /// They are forgotten with the rig, which does not exist afterwards. The default rig always exists; it is emptied.
    Remove,
}

/// What one client asked for in one request. All of it happens or none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The values to set; none, if the rig is removed.
    pub update: Update,
    /// What happens to the other items.
    pub action: Action,
    /// The client, if it wants to recognise its own echo.
    pub origin: Option<Origin>,
    /// The change happens only if none of the items that it sets has changed after this position.
    pub if_match: Option<Position>,
    /// The change happens only if the rig has been made (`true`), or has not (`false`), by a change before it.
    pub if_made: Option<bool>,
    /// The change happens once: a repeat under the same key changes nothing and gets the first answer again.
    pub idempotency_key: Option<Key>,
    /// What the change was asked for with, if that was a text: it is kept beside the values that it was understood as. A repeat
    /// under the same key is a repeat of the text, because its values may depend on the rig.
    pub said: Option<Said>,
    /// The earlier change of the same client that this one takes back or makes again. The values to set were found before, and
    /// [`if_match`](Self::if_match) makes sure that they still count.
    pub reversal: Option<Reversal>,
    /// Makes an upload the words of the rig. Such a change sets nothing else, and is alone in its entry: so the map before the
    /// entry decides what becomes of each word.
    pub dictionary: Option<Upload>,
    /// The change's place in its trace, if the change is traced.
    pub trace: Option<TraceContext>,
}

/// A text of commands, and the selection that its client sent with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The text.
    pub text: String,
    /// The text form of the client's last selection, if it sent one.
    pub selection: Option<String>,
}

impl Change {
    /// Whether the change is alone in its entry: it is about the whole rig, or about all of its words.
    fn is_alone(&self) -> bool {
        self.dictionary.is_some() || self.action != Action::Set
    }
}

impl From<Update> for Change {
    fn from(update: Update) -> Self {
        Self { update, ..Self::default() }
    }
}

impl From<Levels> for Change {
    fn from(levels: Levels) -> Self {
        Update::from(levels).into()
    }
}

/// One message in the log: the changes, at least one, that a gateway gathered for it.
///
/// A change with a key is the last of its entry. A change with a dictionary is alone in its entry, and so is one that replaces or
/// removes the rig. So the map at the entry's position holds exactly what that change asked for, and a repeat can be answered
/// from the request alone at any later time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    changes: Vec<Change>,
}

impl Entry {
    /// An entry of one change.
    pub fn new(first: Change) -> Self {
        Self { changes: vec![first] }
    }

    /// Adds a change, or gives it back if the entry does not [take](Self::takes) it.
    pub fn push(&mut self, change: Change) -> Result<(), Box<Change>> {
        if !self.takes(&change) {
            return Err(Box::new(change));
        }
        self.changes.push(change);
        Ok(())
    }

    /// Whether the entry takes this change: it is not closed, and the change need not be alone.
    pub fn takes(&self, change: &Change) -> bool {
        !self.is_closed() && !change.is_alone()
    }

    /// Whether the entry takes no more changes: the last one has a key, or is alone in its entry.
    pub fn is_closed(&self) -> bool {
        self.changes.last().is_some_and(|change| change.idempotency_key.is_some() || change.is_alone())
    }

    /// The changes, in the order in which they happen.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}
