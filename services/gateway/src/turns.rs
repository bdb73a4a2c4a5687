//! Turns between connections: each contributes one change, then the next one does.

use std::collections::{HashMap, VecDeque};

/// What waits, by connection. A connection that sends much waits for its own changes, and nobody else does.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    /// The connections with something that waits, the next one first.
    order: VecDeque<u64>,
    waiting: HashMap<u64, VecDeque<T>>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { order: VecDeque::new(), waiting: HashMap::new() }
    }
}

impl<T> Turns<T> {
    /// Adds something behind all that waits of the same connection. A connection that had nothing waiting is the last one.
    pub(crate) fn push(&mut self, connection: u64, item: T) {
        let own = self.waiting.entry(connection).or_default();
        if own.is_empty() {
            self.order.push_back(connection);
        }
        own.push_back(item);
    }

    /// Takes the first item of the connection whose turn it is, if `fits` says so. The turn then passes to the next
    /// connection.
    pub(crate) fn take_if(&mut self, fits: impl FnOnce(&T) -> bool) -> Option<T> {
        let connection = *self.order.front()?;
        let own = self.waiting.get_mut(&connection)?;
        if !fits(own.front()?) {
            return None;
        }
        let item = own.pop_front();
        self.order.pop_front();
        if own.is_empty() {
            self.waiting.remove(&connection);
        } else {
            self.order.push_back(connection);
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_connection_that_sends_much_does_not_keep_others_waiting() {
        let mut turns = Turns::default();
        (0..1_000).for_each(|number| turns.push(1, (1, number)));
        turns.push(2, (2, 0));
        turns.push(3, (3, 0));
        turns.push(2, (2, 1));
        let taken: Vec<_> = std::iter::from_fn(|| turns.take_if(|_| true)).take(6).collect();
        assert_eq!(taken, [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (1, 2)]);
    }

    #[test]
    fn what_does_not_fit_keeps_its_turn() {
        let mut turns = Turns::default();
        [(1, "large"), (2, "small")].into_iter().for_each(|(connection, item)| turns.push(connection, item));
        assert_eq!(turns.take_if(|item| *item == "small"), None);
        assert_eq!(turns.take_if(|_| true), Some("large"));
        assert_eq!(turns.take_if(|_| true), Some("small"));
        assert_eq!(turns.take_if(|_| true), None);
        assert!(
            turns.waiting.is_empty() && turns.order.is_empty(),
            "nothing is kept of connections that wait for nothing"
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_the_order_of_a_connection_stays_and_none_waits_for_two_turns_of_another(
            steps in prop::collection::vec(prop::option::of(0..5_u64), 0..200),
        ) {
            let (mut turns, mut pushed, mut taken) = (Turns::default(), HashMap::<u64, u32>::new(), HashMap::<u64, u32>::new());
            let mut passed = HashMap::<(u64, u64), u32>::new();
            let drain = std::iter::repeat_n(None, steps.len());
            for step in steps.iter().copied().chain(drain) {
                if let Some(connection) = step {
                    let number = pushed.entry(connection).or_default();
                    turns.push(connection, (connection, *number));
                    *number += 1;
                } else if let Some((connection, number)) = turns.take_if(|_| true) {
                    let next = taken.entry(connection).or_default();
                    prop_assert_eq!(number, *next);
                    *next += 1;
                    passed.retain(|(waits, _), _| *waits != connection);
                    for &waits in &turns.order {
                        if waits != connection {
                            let times = passed.entry((waits, connection)).or_default();
                            *times += 1;
                            prop_assert!(*times <= 1, "{} waited for two turns of {}", waits, connection);
                        }
                    }
                }
            }
            prop_assert_eq!(pushed, taken);
        }
    }
}
