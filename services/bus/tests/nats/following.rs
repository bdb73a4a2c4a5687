//! Followers and questions, between processes and past their ends.

use std::time::{Duration, Instant};

use futures_util::future::join;
use ghostlight_bus::nats::NatsEcho;
use ghostlight_bus::{Announcements, Echo, Heard, Question, Requests};
use ghostlight_rig::{Interest, Partition};
use ghostlight_servers::{NatsServer, Proxy};

use crate::laws::{announcement, at_once, rig, soon};
use crate::support::{connection, server};

/// More than waits to be sent.
const FLOOD: usize = 50_000;

/// An echo in a process of its own.
async fn echo(server: &NatsServer) -> NatsEcho {
    NatsEcho::new(connection(&server.url()).await, Partition::default())
}

/// An echo that can be cut off.
async fn far_echo(server: &NatsServer) -> (Proxy, NatsEcho) {
    let proxy = Proxy::to(server.address()).unwrap();
    let echo = NatsEcho::new(connection(&format!("nats://{}", proxy.address())).await, Partition::default());
    (proxy, echo)
}

async fn follow(echo: &NatsEcho) -> Box<dyn Announcements> {
    soon("the announcements", echo.follow(&rig("main"))).await.unwrap()
}

async fn requests(echo: &NatsEcho) -> Box<dyn Requests> {
    soon("the requests", echo.requests()).await.unwrap()
}

/// Answers every question with the same.
async fn answer_all(requests: &mut dyn Requests, answer: &'static str) {
    loop {
        requests.next().await.unwrap().answer(answer.into());
    }
}

/// Announces the same again and again, as beacons do, until the follower has heard it; what it heard before that.
async fn heard_before(text: &str, speaker: &NatsEcho, follower: &mut dyn Announcements) -> Vec<Heard> {
    let beacon = announcement(text);
    let speaking = async {
        let mut beacons = tokio::time::interval(Duration::from_millis(20));
        loop {
            beacons.tick().await;
            speaker.announce(&rig("main"), beacon.clone());
        }
    };
    let hearing = async {
        let mut before = Vec::new();
        loop {
            match soon(text, follower.next()).await.unwrap() {
                Heard::Announcement(heard) if heard == beacon => return before,
                other => before.push(other),
            }
        }
    };
    tokio::select! {
        () = speaking => unreachable!("it goes on"),
        before = hearing => before,
    }
}

#[tokio::test]
async fn whoever_follows_hears_at_once_what_another_process_announces() {
    let server = server().await;
    let (speaker, listener) = (echo(&server).await, echo(&server).await);
    // Both connections are there.
    heard_before("beacon", &speaker, follow(&listener).await.as_mut()).await;
    for number in 0..200 {
        let mut follower = follow(&listener).await;
        let sent = announcement(&number.to_string());
        speaker.announce(&rig("main"), sent.clone());
        loop {
            match soon("the announcement", follower.next()).await {
                Some(Heard::Announcement(heard)) if heard == sent => break,
                Some(Heard::Announcement(earlier)) => assert_ne!(number, 0, "{earlier:?}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_question_reaches_at_once_whoever_takes_them() {
    let server = server().await;
    let (asking, answering) = (echo(&server).await, echo(&server).await);
    // A question that reaches nobody is asked again a little later, so that all of these would take too long.
    let asking_many = async {
        for _ in 0..200 {
            let mut requests = requests(&answering).await;
            let answer = async { requests.next().await.unwrap().answer("here".into()) };
            let (answer, ()) = join(asking.ask(Question::Rigs), answer).await;
            assert_eq!(answer, Ok("here".into()));
        }
    };
    soon("all answers", asking_many).await;
}

#[tokio::test]
async fn a_follower_that_was_cut_off_knows_it_and_hears_again() {
    let server = server().await;
    let speaker = echo(&server).await;
    let (proxy, listener) = far_echo(&server).await;
    let mut follower = follow(&listener).await;
    heard_before("before", &speaker, follower.as_mut()).await;
    for round in ["first", "second"] {
        proxy.cut();
        speaker.announce(&rig("main"), announcement("while it is cut off"));
        let mut next = soon("the loss", follower.next()).await.unwrap();
        // Beacons may have been on their way.
        while next == Heard::Announcement(announcement("before")) {
            next = soon("the loss", follower.next()).await.unwrap();
        }
        assert_eq!(next, Heard::Missed);
        assert!(at_once(&mut follower.next()).is_none(), "there is nothing more to hear");
        proxy.heal();
        let before = heard_before(round, &speaker, follower.as_mut()).await;
        assert_eq!(before, [], "it was told already");
        // What is left of these beacons.
        heard_before("before", &speaker, follower.as_mut()).await;
    }
}

#[tokio::test]
async fn what_a_state_service_could_not_announce_is_known_to_be_missing() {
    let server = server().await;
    let (proxy, speaker) = far_echo(&server).await;
    let listener = echo(&server).await;
    let mut follower = follow(&listener).await;
    heard_before("before", &speaker, follower.as_mut()).await;
    proxy.cut();
    for number in 0..FLOOD {
        speaker.announce(&rig("main"), announcement(&number.to_string()));
    }
    proxy.heal();
    let heard = heard_before("after", &speaker, follower.as_mut()).await;
    // Whatever came, came in order, and that something is missing is told.
    let numbers: Vec<usize> = heard.iter().filter_map(number_of).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    assert!(numbers.len() < FLOOD, "all was kept");
    assert!(heard.contains(&Heard::Missed), "nobody said that it is no more than {}", numbers.len());
}

/// The number that was announced.
fn number_of(heard: &Heard) -> Option<usize> {
    let Heard::Announcement(heard) = heard else { return None };
    std::str::from_utf8(&heard.text).ok()?.parse().ok()
}

#[tokio::test]
async fn a_question_is_answered_by_another_state_service_when_one_stops() {
    let server = server().await;
    let asking = echo(&server).await;
    let (first, second) = (echo(&server).await, echo(&server).await);
    let (mut stops, mut stays) = (requests(&first).await, requests(&second).await);
    let asking_both = async {
        let mut answers = std::collections::BTreeSet::new();
        while answers.len() < 2 {
            answers.insert(asking.ask(Question::Rigs).await.unwrap());
        }
    };
    tokio::select! {
        () = answer_all(stops.as_mut(), "first") => {}
        () = answer_all(stays.as_mut(), "second") => {}
        () = soon("answers of both", asking_both) => {}
    }
    drop(stops);
    let asking_the_other = async {
        for _ in 0..50 {
            assert_eq!(asking.ask(Question::Rigs).await, Ok("second".into()));
        }
    };
    tokio::select! {
        () = answer_all(stays.as_mut(), "second") => {}
        () = soon("the answers", asking_the_other) => {}
    }
}

#[tokio::test]
async fn a_question_is_answered_at_once_by_another_state_service_when_one_hangs() {
    let server = server().await;
    let asking = echo(&server).await;
    let (proxy, hanging) = far_echo(&server).await;
    let working = echo(&server).await;
    let _hangs = requests(&hanging).await;
    let mut works = requests(&working).await;
    proxy.stall();
    let asked = async {
        // The server chooses: half of the questions meet the one that hangs.
        for _ in 0..20 {
            let asked = Instant::now();
            for question in [Question::Rigs, Question::Snapshot(rig("main"), Interest::default())] {
                assert_eq!(asking.ask(question).await, Ok("here".into()));
            }
            let took = asked.elapsed();
            assert!(took < Duration::from_millis(500), "{took:?}");
        }
    };
    tokio::select! {
        () = answer_all(works.as_mut(), "here") => {}
        () = soon("the answers", asked) => {}
    }
}
