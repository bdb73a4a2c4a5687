//! What is remembered of announcements, and the origins of changes.

use ghostlight_rig::{Change, ClientId, Origin, Update};
use proptest::prelude::*;

use super::*;
use crate::feed::RigFeed;
use crate::testing::*;

/// A feed at the beginning of a service's rig.
fn followed() -> (Service, RigFeed) {
    let (service, feed) = (Service::new(), feed());
    service.answer(&feed);
    (service, feed)
}

fn attribution(client: &str, seq: u64, dimmers: &[u16]) -> Attribution {
    let origin = Origin { client: ClientId::new(client).unwrap(), seq };
    Attribution { origin, reversal: None, items: dimmers.iter().map(|&number| Item::Level(dimmer(number))).collect() }
}

fn since(feed: &RigFeed, revision: u64) -> Vec<Attribution> {
    feed.state().attributions_since(Revision(revision))
}

#[test]
fn a_later_change_takes_items_away_from_earlier_ones() {
    let (mut service, feed) = followed();
    service.tell(&feed, by("desk", 1, levels([(1, 10), (2, 10)])));
    service.tell(&feed, levels([(3, 30)]));
    service.tell(&feed, by("phone", 7, levels([(2, 20), (3, 20)])));
    let [desk, phone] = [attribution("desk", 1, &[1]), attribution("phone", 7, &[2, 3])];
    assert_eq!(since(&feed, 0), [desk, phone.clone()]);
    for revision in [1, 2] {
        assert_eq!(since(&feed, revision), std::slice::from_ref(&phone));
    }
    service.tell(&feed, levels([(3, 40)]));
    assert_eq!(since(&feed, 2), [attribution("phone", 7, &[2])], "also one without an origin");
    assert_eq!(since(&feed, 3), []);
}

#[test]
fn origins_are_known_only_if_every_entry_in_between_was_heard() {
    let (mut service, feed) = followed();
    service.tell(&feed, by("desk", 1, levels([(1, 10)])));
    service.change(by("lost", 1, levels([(2, 20)])));
    service.answer(&feed);
    assert_eq!(since(&feed, 0), [], "the last one was not heard");
    assert_eq!(since(&feed, 1), []);
    service.tell(&feed, by("desk", 2, levels([(3, 30)])));
    assert_eq!(since(&feed, 2), [attribution("desk", 2, &[3])]);
    assert_eq!(since(&feed, 1), [], "one in between was not heard");
    assert_eq!(since(&feed, 0), []);
}

/// Up to the bounds there are origins, and from there on the step is sent without.
#[test]
fn large_steps_have_no_origins() {
    /// How many origins there are since the beginning, after these entries.
    fn origins_after(entries: Vec<Vec<Change>>) -> usize {
        let (mut service, feed) = followed();
        for changes in entries {
            let announcement = announced(service.fold(&entry(changes)));
            feed.take(&service.name, &announcement);
        }
        since(&feed, 0).len()
    }
    let own = |number: u16| by("desk", number.into(), levels([(number, 10)]));
    let nameless = |number: u16| Change::from(levels([(number, 10)]));
    let of_entries = |entries| (1..=entries).map(|n| vec![if n == 1 { own(n) } else { nameless(n) }]).collect();
    assert_eq!(origins_after(of_entries(256)), 1);
    assert_eq!(origins_after(of_entries(257)), 0, "too many entries");

    let pairs = |entries: u16| (1..=entries).map(|n| vec![own(2 * n - 1), own(2 * n)]).collect::<Vec<_>>();
    assert_eq!(origins_after(pairs(128)), 256);
    assert_eq!(origins_after([pairs(128), vec![vec![own(999)]]].concat()), 0, "too many changes");

    let many = |items: u16| vec![by("desk", 1, levels((1..=items).map(|number| (number, 10))))];
    assert_eq!(origins_after(vec![many(4_000), vec![by("desk", 2, levels((1..=96).map(|n| (n, 20))))]]), 2);
    assert_eq!(origins_after(vec![many(4_000), vec![by("desk", 2, levels((1..=97).map(|n| (n, 20))))]]), 0);
    assert_eq!(origins_after(vec![many(4_096)]), 1);
    assert_eq!(origins_after(vec![many(4_097)]), 0, "too many items");
}

#[test]
fn so_many_entries_are_remembered_and_the_origins_of_fewer() {
    let mut state = FeedState::default();
    let most = REMEMBERED_ENTRIES as u64;
    for revision in 1..=most + 1 {
        let text = Bytes::from(revision.to_string());
        state.remember(
            text.clone(),
            Folded {
                position: Position::new(1, revision),
                prev: Revision(revision - 1),
                verdicts: Arc::default(),
                attributions: [attribution("desk", revision, &[1])].into(),
                fold: Duration::ZERO,
                heard: Instant::now(),
            },
        );
        assert!(state.knows_again(&text));
    }
    let is_known = |revision| state.folded(Position::new(1, revision)).is_some();
    assert_eq!([1, 2, most / 2, most, most + 1].map(is_known), [false, true, true, true, true]);
    let with_origins = state.folded.iter().filter(|folded| !folded.attributions.is_empty()).count();
    assert_eq!((with_origins, state.heard.len()), (ATTRIBUTED_ENTRIES, KNOWN_AGAIN));
    assert!(!state.folded.back().unwrap().attributions.is_empty(), "those of the newest are kept");
    state.forget();
    assert_eq!((state.folded.len(), state.heard.len()), (0, 0));
}

/// A change of the test: its client, if it names one, and the dimmers that it sets.
type Wanted = (Option<u8>, Vec<u16>);

proptest! {
    /// From wherever a reader comes, each origin has exactly the items that nobody has set since.
    #[test]
    fn every_origin_has_the_items_that_it_set_last(
        entries in prop::collection::vec(
            prop::collection::vec((prop::option::of(0..3_u8), prop::collection::vec(1..7_u16, 1..4)), 1..4),
            1..12,
        ),
    ) {
        let (mut service, feed) = followed();
        let mut all: Vec<(u64, u64, Wanted)> = Vec::new();
        for (revision, changes) in (1..).zip(entries) {
            let mut asked = Vec::new();
            for (client, mut dimmers) in changes {
                dimmers.sort_unstable();
                dimmers.dedup();
                let update: Update = levels(dimmers.iter().map(|&number| (number, 10)));
                let seq = all.len() as u64;
                asked.push(match client {
                    Some(client) => by(&format!("client-{client}"), seq, update),
                    None => update.into(),
                });
                all.push((revision, seq, (client, dimmers)));
            }
            let announcement = announced(service.fold(&entry(asked)));
            feed.take(&service.name, &announcement);
        }
        for from in 0..service.rig.position().revision.0 {
            let later = |seq: u64, number: &u16| all.iter().any(|(_, other, (_, set))| *other > seq && set.contains(number));
            let named = all.iter().filter(|(revision, ..)| *revision > from).filter_map(|(_, seq, (client, dimmers))| {
                let left: Vec<_> = dimmers.iter().copied().filter(|number| !later(*seq, number)).collect();
                Some(attribution(&format!("client-{}", (*client)?), *seq, &left))
            });
            prop_assert_eq!(since(&feed, from), named.collect::<Vec<_>>());
        }
    }
}
