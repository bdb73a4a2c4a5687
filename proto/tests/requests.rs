//! The texts beside messages: requests for snapshots, lists of consoles, and items.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use ghostlight_proto::{ItemsText, decode_snapshot_request, encode_consoles, encode_snapshot_request};
use ghostlight_rig::{Dimmer, Interest, Item, ItemName, Roster};

#[test]
fn a_request_for_a_snapshot_names_kinds_or_means_the_default_ones() {
    let some = Interest::named(["levels", "made_up"]);
    assert_eq!(encode_snapshot_request(some), r#"{"kinds":["levels","made_up"]}"#);
    for kinds in [some, Interest::NONE, Interest::all()] {
        assert_eq!(decode_snapshot_request(&encode_snapshot_request(kinds)), kinds);
    }
    assert_eq!(decode_snapshot_request(br#"{"kinds":["tomorrow","levels"]}"#), Interest::named(["levels"]));
    for unreadable in ["", "{}", "[]", r#"{"kinds":7}"#] {
        assert_eq!(decode_snapshot_request(unreadable.as_bytes()), Interest::default(), "{unreadable}");
    }
}

#[test]
fn nobody_is_a_list_too() {
    assert_eq!(encode_consoles(&Roster::default()), r#"{"total":0,"consoles":[]}"#);
}

/// A name of digits stays a name, so that a list of names has one type.
#[test]
fn dimmers_are_listed_as_numbers_and_names_as_strings() {
    let named = |name| Item::MadeUp(ItemName::new(name).unwrap());
    let items = [Item::Level(Dimmer::MIN), named("7"), named("one"), Item::Master];
    let text = serde_json::to_string(&ItemsText(&items)).unwrap();
    assert_eq!(text, r#"{"levels":[1],"master":true,"made_up":["7","one"]}"#);
}
