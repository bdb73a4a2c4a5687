//! Fingers on a phone.

use crate::Deployment;
use crate::screen::{DESK, PHONE};

/// Three fingers on three faders, each at its own pace; a touch beside the cap moves nothing.
#[tokio::test]
async fn several_fingers_move_several_faders() {
    let deployment = Deployment::start().await;
    deployment.server.post(r#"{"1": 50, "2": 50, "3": 50, "4": 50}"#).await;
    let (phone, desk) = (deployment.open(PHONE).await, deployment.open(DESK).await);
    phone.until_level(4, 50.0).await;
    let mut fingers = Vec::new();
    for dimmer in 1..=3 {
        fingers.push(phone.middle(&format!("[data-dimmer='{dimmer}'] .cap")).await);
    }
    let height =
        phone.script("return document.querySelector('[data-dimmer=\"1\"] .travel').clientHeight", vec![]).await;
    let height = height.as_f64().unwrap();
    phone.touch("touchStart", &fingers).await;
    let shares = [0.3, -0.2, 0.1];
    for step in 1..=10 {
        let moved = fingers.iter().zip(shares).map(|((x, y), share)| (*x, y - share * height * f64::from(step) / 10.0));
        phone.touch("touchMove", &moved.collect::<Vec<_>>()).await;
    }
    phone.touch("touchEnd", &[]).await;
    let shown = phone.look().await.levels;
    for (dimmer, share) in (1..=3).zip(shares) {
        let expected = 50.0 + share * 100.0;
        let level = shown[&dimmer];
        assert!((level - expected).abs() <= 3.0, "finger {dimmer} moved to {level}, not about {expected}");
        desk.until_level(dimmer, level).await;
    }

    // Beside the cap, near the top of its track: a light must not jump at a touch.
    let (x, y) = phone.middle("[data-dimmer='4'] .cap").await;
    let beside = (x, y - 0.4 * height);
    phone.touch("touchStart", &[beside]).await;
    phone.touch("touchEnd", &[]).await;
    phone.type_keys(1, "7\u{e007}").await;
    desk.until_level(1, 7.0).await;
    assert_eq!(desk.look().await.levels[&4], 50.0);
}

/// The phone's screen shows four to six faders in a row, none cut off, each large enough for a thumb.
#[tokio::test]
async fn a_phone_shows_few_and_large_faders() {
    let deployment = Deployment::start().await;
    let phone = deployment.open(PHONE).await;
    let row = "const tops = new Map(); \
               for (const fader of document.querySelectorAll('#board [data-dimmer]')) { \
                 const { top, left, right, width } = fader.getBoundingClientRect(); \
                 if (!fader.checkVisibility() || left < 0 || right > innerWidth) continue; \
                 tops.set(Math.round(top), [...(tops.get(Math.round(top)) ?? []), width]); } \
               return Math.min(...[...tops.values()].map((row) => row.length)) + ',' + Math.min(...[...tops.values()].flat())";
    let told = phone.script(row, vec![]).await;
    let (count, width) = told.as_str().unwrap().split_once(',').unwrap();
    let (count, width): (usize, f64) = (count.parse().unwrap(), width.parse().unwrap());
    assert!((4..=6).contains(&count), "{count} in a row");
    assert!(width >= 44.0, "{width} px are no target for a finger");
}
