//! Partitions: rigs divide as NATS divides subjects, each log has its own, and all together have all.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use ghostlight_bus::nats::{NatsEcho, NatsLog, StreamSettings};
use ghostlight_bus::{AppendError, Echo, Log, LogError, Question, Requests};
use ghostlight_proto::{RigSummary, encode_rigs, subjects};
use ghostlight_rig::{Interest, LogPosition, Partition, Partitions, Position, RigName, StoreId};
use ghostlight_servers::NatsServer;

use crate::laws::{entry, next, rig, soon};
use crate::support::{connection, server, server_with, until};

fn four() -> Partitions {
    Partitions::new(4).unwrap()
}

/// Rigs of all kinds of names; each of four partitions has many.
fn rigs() -> Vec<RigName> {
    let named = ["main", "0", "stage-left_2", &"z".repeat(63)].map(rig);
    named.into_iter().chain((0..56).map(|number| rig(&format!("rig-{}", number * number)))).collect()
}

async fn log_of(server: &NatsServer, partition: Partition) -> NatsLog {
    let settings = StreamSettings { partition, ..StreamSettings::default() };
    NatsLog::new(connection(&server.url()).await, settings)
}

async fn echo_of(server: &NatsServer, partition: Partition) -> NatsEcho {
    NatsEcho::new(connection(&server.url()).await, partition)
}

async fn requests(echo: &NatsEcho) -> Box<dyn Requests> {
    soon("the requests", echo.requests()).await.unwrap()
}

#[tokio::test]
async fn nats_divides_rigs_as_they_are_divided_here() {
    let counts = [1, 2, 3, 4, 7, 100, 1_024];
    let mappings = counts.map(|count| {
        format!("\"check.{count}.*\": \"checked.{count}.{{{{wildcard(1)}}}}.{{{{partition({count},1)}}}}\"")
    });
    let server = server_with(&format!("mappings {{ {} }}", mappings.join(", "))).await;
    let client = soon("the connection", async_nats::connect(server.url())).await.unwrap();
    let mut checked = soon("the subscription", client.subscribe("checked.>")).await.unwrap();
    for count in counts {
        for rig in rigs() {
            client.publish(format!("check.{count}.{rig}"), "".into()).await.unwrap();
            let subject = soon("the answer", checked.next()).await.unwrap().subject;
            let ours = Partitions::new(count).unwrap().of(&rig).index();
            assert_eq!(subject.as_str(), format!("checked.{count}.{rig}.{ours}"));
        }
    }
}

#[tokio::test]
async fn each_partition_has_the_entries_of_its_rigs_in_a_stream_of_its_own() {
    let server = server().await;
    let mut readers = Vec::new();
    for partition in four().all() {
        let log = log_of(&server, partition).await;
        let mark = soon("the order to begin", log.begin(LogPosition::default())).await.unwrap();
        readers.push((partition, soon("the reader", log.read(mark)).await.unwrap(), log));
    }
    // Whichever partition a process reads, it appends to all.
    let appends = rigs().into_iter().zip(0u16..).map(async |(rig, number)| {
        let (_, _, log) = &readers[usize::from(number) % 4];
        log.append(&rig, &entry(number), Position::default()).await.unwrap();
    });
    soon("the appends", join_all(appends)).await;
    for (partition, entries, _) in &mut readers {
        let mut due: Vec<_> = rigs().into_iter().zip(0u16..).filter(|(rig, _)| partition.holds(rig)).collect();
        assert!(due.len() >= 3, "{partition}");
        let mut read = Vec::new();
        while read.len() < due.len() {
            let logged = next(entries.as_mut()).await;
            assert!(partition.holds(&logged.rig), "{} in {partition}", logged.rig);
            read.push((logged.rig, logged.entry));
        }
        read.sort_by(|one, other| one.0.cmp(&other.0));
        due.sort_by(|one, other| one.0.cmp(&other.0));
        let due: Vec<_> = due.into_iter().map(|(rig, number)| (rig, entry(number))).collect();
        assert_eq!(read, due);
        assert_eq!(entries.behind(), 0, "{partition} has no more");
    }
}

#[tokio::test]
async fn an_entry_for_another_number_of_partitions_is_refused_and_lands_nowhere() {
    let server = server().await;
    let logs = join_all(four().all().map(async |partition| log_of(&server, partition).await)).await;
    for log in &logs {
        soon("the order to begin", log.begin(LogPosition::default())).await.unwrap();
    }
    let appending = [1, 2, 8].map(async |count| {
        let other = log_of(&server, Partitions::new(count).unwrap().first()).await;
        other.append(&rig("main"), &entry(1), Position::default()).await
    });
    // It is tried for as long as a new leader may take.
    for told in soon("the refusals", join_all(appending)).await {
        assert!(matches!(told, Err(AppendError::Unavailable(_))), "{told:?}");
    }
    let client = soon("the connection", async_nats::connect(server.url())).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    for partition in four().all() {
        let stream = soon("the stream", jetstream.get_stream(subjects::stream(partition))).await.unwrap();
        assert_eq!(stream.cached_info().state.messages, 0, "{partition}");
    }
}

#[tokio::test]
async fn what_another_partition_has_saved_is_refused_before_anything_is_made() {
    let server = server().await;
    let client = soon("the connection", async_nats::connect(server.url())).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let first = log_of(&server, four().first()).await;
    let saved = soon("the order to begin", first.begin(LogPosition::default())).await.unwrap();
    for partition in four().all().skip(1) {
        let log = log_of(&server, partition).await;
        let claimed = soon("the refusal", log.claim(StoreId(1), saved)).await;
        for told in [claimed, soon("the refusal", log.begin(saved)).await.map(drop)] {
            let Err(LogError::Unfit(why)) = told else { panic!("{told:?}") };
            assert!(why.contains(&format!("not of partition {partition}")), "{why}");
        }
        let stream = soon("the answer", jetstream.get_stream(subjects::stream(partition))).await;
        assert!(stream.is_err(), "{partition}");
    }
    assert_eq!(soon("the order to begin", first.begin(saved)).await, Ok(saved));
}

/// Answers the questions of a partition: the list of its rigs, and each rig's name for its map.
async fn answer(partition: Partition, mut requests: Box<dyn Requests>) {
    while let Some(request) = requests.next().await {
        let text = match &request.question {
            Question::Snapshot(rig, _) => format!("{rig} of {partition}").into(),
            Question::Rigs | Question::RigsBeside(_) => list(|rig| partition.holds(rig)),
        };
        request.answer(text);
    }
}

/// A list of the rigs that are wanted.
fn list(is_wanted: impl Fn(&RigName) -> bool) -> bytes::Bytes {
    let mut names: Vec<_> = rigs().into_iter().filter(is_wanted).collect();
    names.sort();
    encode_rigs(names.into_iter().map(|name| RigSummary { name, position: Position::default(), dimmers: 1 }))
}

#[tokio::test]
async fn all_partitions_together_have_all_rigs_and_one_that_is_missing_is_no_shorter_list() {
    let server = server().await;
    let mut answering = Vec::new();
    for partition in four().all() {
        let requests = requests(&echo_of(&server, partition).await).await;
        answering.push(tokio::spawn(answer(partition, requests)));
    }
    let gateway = echo_of(&server, four().first()).await;
    assert_eq!(soon("the list", gateway.ask(Question::Rigs)).await, Ok(list(|_| true)));
    for rig in rigs() {
        let partition = four().of(&rig);
        let map = soon("the map", gateway.ask(Question::Snapshot(rig.clone(), Interest::default()))).await;
        assert_eq!(map, Ok(format!("{rig} of {partition}").into()));
        let beside = soon("the list", gateway.ask(Question::RigsBeside(rig))).await;
        assert_eq!(beside, Ok(list(|rig| partition.holds(rig))));
    }

    // A gateway that is set to another number hears of none.
    let other = echo_of(&server, Partition::default()).await;
    assert!(soon("the failure", other.ask(Question::Rigs)).await.is_err());

    let gone = four().of(&rig("main"));
    answering.remove(usize::from(gone.index())).abort();
    until("the failure", async || gateway.ask(Question::Rigs).await.is_err()).await;
    let told = soon("the failure", gateway.ask(Question::Rigs)).await.unwrap_err();
    assert!(told.to_string().contains(&format!("partition {gone}")), "{told}");
    for rig in rigs() {
        let asked = soon("the answer", gateway.ask(Question::RigsBeside(rig.clone()))).await;
        assert_eq!(asked.is_ok(), four().of(&rig) != gone, "{rig}");
    }
}

#[tokio::test]
async fn a_question_for_a_rig_of_another_partition_is_not_taken() {
    let server = server().await;
    let (main, ours) = (rig("main"), four().of(&rig("main")));
    let other = rigs().into_iter().find(|rig| !ours.holds(rig)).unwrap();
    let mut requests = requests(&echo_of(&server, ours).await).await;
    let client = soon("the connection", async_nats::connect(server.url())).await.unwrap();
    // As somebody asks who divides rigs otherwise, and then as a gateway does; again until it is heard.
    let right = subjects::snapshot(&main, four());
    let wrong = right.replace("main", other.as_str());
    let asking = async {
        loop {
            for subject in [&wrong, &right] {
                client.publish_with_reply(subject.clone(), client.new_inbox(), "".into()).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = asking => unreachable!("it goes on"),
        request = soon("the question", requests.next()) => {
            assert_eq!(request.unwrap().question, Question::Snapshot(main, Interest::default()));
        }
    }
}
