//! The laws of the echo.

use ghostlight_rig::Interest;
use std::time::Duration;

use futures_util::future::{join, join_all};
use ghostlight_bus::{Announcement, Announcements, Echo, Heard, Question, Request, Requests};

use super::{DEADLINE, announcement, at_once, rig, soon};

/// More than any adapter keeps for a follower that does not listen.
const FLOOD: usize = 100_000;

pub(crate) async fn a_follower_hears_everything_in_order(echo: &impl Echo) {
    let main = rig("main");
    let mut follower = follow(echo, "main").await;
    for number in 0..500 {
        echo.announce(&main, announcement(&number.to_string()));
    }
    for number in 0..500 {
        assert_eq!(hear(follower.as_mut()).await, announcement(&number.to_string()));
    }
}

pub(crate) async fn every_follower_hears_the_same(echo: &impl Echo) {
    let main = rig("main");
    let mut followers = [follow(echo, "main").await, follow(echo, "main").await, follow(echo, "main").await];
    for number in 0..100 {
        echo.announce(&main, announcement(&number.to_string()));
        // Each at its own pace: the first at once, the last at the end.
        assert_eq!(hear(followers[0].as_mut()).await, announcement(&number.to_string()));
    }
    for follower in &mut followers[1..] {
        for number in 0..100 {
            assert_eq!(hear(follower.as_mut()).await, announcement(&number.to_string()));
        }
    }
}

pub(crate) async fn a_follower_hears_its_own_rig_only(echo: &impl Echo) {
    let (main, stage) = (rig("main"), rig("stage"));
    let (mut at_main, mut at_stage) = (follow(echo, "main").await, follow(echo, "stage").await);
    echo.announce(&main, announcement("to main"));
    echo.announce(&stage, announcement("to the stage"));
    echo.announce(&main, announcement("to main again"));
    echo.announce(&stage, announcement("to the stage again"));
    assert_eq!(hear(at_main.as_mut()).await, announcement("to main"));
    assert_eq!(hear(at_main.as_mut()).await, announcement("to main again"));
    assert_eq!(hear(at_stage.as_mut()).await, announcement("to the stage"));
    assert_eq!(hear(at_stage.as_mut()).await, announcement("to the stage again"));
}

pub(crate) async fn announcing_to_nobody_is_no_harm(echo: &impl Echo) {
    let main = rig("main");
    echo.announce(&main, announcement("before anyone follows"));
    let gone = follow(echo, "main").await;
    drop(gone);
    echo.announce(&main, announcement("after the only one has gone"));

    let mut follower = follow(echo, "main").await;
    echo.announce(&main, announcement("to who follows now"));
    assert_eq!(hear(follower.as_mut()).await, announcement("to who follows now"));
}

pub(crate) async fn a_slow_follower_knows_what_it_missed_and_hears_the_newest(echo: &impl Echo) {
    let main = rig("main");
    let mut follower = follow(echo, "main").await;
    for number in 0..FLOOD {
        echo.announce(&main, announcement(&number.to_string()));
    }
    // The newest comes again and again, as a beacon does.
    let newest = announcement("the newest");
    let announcing = async {
        let mut beacons = tokio::time::interval(Duration::from_millis(20));
        loop {
            beacons.tick().await;
            echo.announce(&main, newest.clone());
        }
    };
    let listening = async {
        let (mut due, mut missed, mut times_missed) = (0, false, 0);
        loop {
            match follower.next().await.expect("the echo is there") {
                Heard::Missed => (missed, times_missed) = (true, times_missed + 1),
                Heard::Announcement(heard) if heard == newest => {
                    assert!(due == FLOOD || missed, "it was not told that it missed {due} and what follows");
                    return times_missed;
                }
                Heard::Announcement(heard) => {
                    let number: usize = std::str::from_utf8(&heard.text).unwrap().parse().unwrap();
                    assert!(number == due || (number > due && missed), "heard {number} when {due} was due");
                    (due, missed) = (number + 1, false);
                }
            }
        }
    };
    let times_missed = tokio::select! {
        () = announcing => unreachable!("it goes on"),
        times_missed = soon("the newest", listening) => times_missed,
    };
    assert!(times_missed > 0, "it heard all of {FLOOD}: its memory is not bounded");
}

pub(crate) async fn a_follower_that_is_dropped_and_asked_again_misses_nothing(echo: &impl Echo) {
    let main = rig("main");
    let mut follower = follow(echo, "main").await;
    let mut heard = Vec::new();
    for number in 0..100 {
        heard.extend(at_once(&mut follower.next()).flatten());
        echo.announce(&main, announcement(&number.to_string()));
        heard.extend(at_once(&mut follower.next()).flatten());
    }
    let rest = async {
        while heard.len() < 100 {
            tokio::select! {
                biased;
                () = tokio::task::yield_now() => {}
                one = follower.next() => heard.extend(one),
            }
        }
    };
    soon("all announcements", rest).await;
    let all: Vec<_> = (0..100).map(|number| Heard::Announcement(announcement(&number.to_string()))).collect();
    assert_eq!(heard, all);
}

/// Clients name rigs, so there is no end of names. `allocated` tells how many bytes are in use.
pub(crate) async fn a_name_that_nobody_follows_any_more_costs_nothing(echo: &impl Echo, allocated: impl Fn() -> usize) {
    const NAMES: usize = 10_000;
    let follow_and_drop = async |from: usize| {
        for number in from..from + NAMES {
            let name = format!("rig-{number}");
            let follower = follow(echo, &name).await;
            echo.announce(&rig(&name), announcement("to the only one"));
            drop(follower);
        }
    };
    // The first names also fill buffers and tables that stay.
    follow_and_drop(0).await;
    let before = allocated();
    follow_and_drop(NAMES).await;
    // A connection may need a moment to forget.
    let is_forgotten = async {
        while allocated().saturating_sub(before) > NAMES {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let forgotten = tokio::time::timeout(DEADLINE, is_forgotten).await;
    assert!(forgotten.is_ok(), "{NAMES} names cost {} bytes", allocated().saturating_sub(before));
}

pub(crate) async fn every_question_gets_its_own_answer(echo: &impl Echo) {
    let mut requests = soon("the requests", echo.requests()).await.unwrap();
    let questions: Vec<_> = (0..20)
        .map(|number| Question::Snapshot(rig(&format!("rig-{number}")), Interest::default()))
        .chain([Question::Rigs])
        .collect();
    let asking = join_all(questions.iter().cloned().map(|question| echo.ask(question)));
    let answering = async {
        // The last comes first.
        let mut asked = Vec::new();
        while asked.len() < questions.len() {
            asked.push(question(requests.as_mut()).await);
        }
        for request in asked.into_iter().rev() {
            let answer = answer_to(&request.question);
            request.answer(answer.into());
        }
    };
    let (answers, ()) = soon("the answers", join(asking, answering)).await;
    for (question, answer) in questions.iter().zip(answers) {
        assert_eq!(answer, Ok(answer_to(question).into()));
    }
}

fn answer_to(question: &Question) -> String {
    match question {
        Question::Snapshot(rig, _) => format!("the map of {rig}"),
        Question::Rigs | Question::RigsBeside(_) => "the rigs".to_owned(),
    }
}

pub(crate) async fn a_question_is_not_lost_when_the_service_is_asked_again(echo: &impl Echo) {
    let mut requests = soon("the requests", echo.requests()).await.unwrap();
    for round in 0..20 {
        // Who waits long for an answer asks again, so that a question of a round before may be there twice.
        while let Some(again) = at_once(&mut requests.next()) {
            assert!(round > 0, "nobody has asked");
            again.unwrap().answer("again".into());
        }
        let answering = async {
            let request = loop {
                tokio::select! {
                    biased;
                    () = tokio::task::yield_now() => {}
                    request = requests.next() => break request.unwrap(),
                }
            };
            request.answer("here".into());
        };
        let (answer, ()) = soon("the answer", join(echo.ask(Question::Rigs), answering)).await;
        assert_eq!(answer, Ok("here".into()));
    }
}

pub(crate) async fn without_a_service_asking_fails(echo: &impl Echo) {
    let answer = soon("the failure", echo.ask(Question::Rigs)).await;
    assert!(answer.is_err(), "{answer:?}");
}

pub(crate) async fn once_the_service_is_gone_asking_fails(echo: &impl Echo) {
    let gone = soon("the requests", echo.requests()).await.unwrap();
    drop(gone);
    let answer = soon("the failure", echo.ask(Question::Rigs)).await;
    assert!(answer.is_err(), "{answer:?}");

    // The next service answers again.
    let mut requests = soon("the requests", echo.requests()).await.unwrap();
    let answering = async { question(requests.as_mut()).await.answer("back".into()) };
    let (answer, ()) = soon("the answer", join(echo.ask(Question::Rigs), answering)).await;
    assert_eq!(answer, Ok("back".into()));
}

pub(crate) async fn a_question_that_is_thrown_away_fails(echo: &impl Echo) {
    let mut requests = soon("the requests", echo.requests()).await.unwrap();
    let throwing_away = async { drop(question(requests.as_mut()).await) };
    let (answer, ()) = soon("the failure", join(echo.ask(Question::Rigs), throwing_away)).await;
    assert!(answer.is_err(), "{answer:?}");
}

async fn follow(echo: &impl Echo, name: &str) -> Box<dyn Announcements> {
    soon("the announcements", echo.follow(&rig(name))).await.unwrap()
}

async fn hear(follower: &mut dyn Announcements) -> Announcement {
    match soon("an announcement", follower.next()).await {
        Some(Heard::Announcement(announcement)) => announcement,
        other => panic!("heard {other:?}"),
    }
}

async fn question(requests: &mut dyn Requests) -> Request {
    soon("a question", requests.next()).await.expect("questions go on")
}
