//! What is too large for one message is refused if it is a change, and comes in parts if it is an answer.

use async_nats::HeaderMap;
use futures_util::StreamExt;
use futures_util::future::join;
use ghostlight_bus::nats::{Connection, NatsEcho, NatsLog, StreamSettings};
use ghostlight_bus::{AppendError, Echo, Log, Question};
use ghostlight_proto::{encode_entry, subjects};
use ghostlight_rig::{Change, Dimmer, Entry, Interest, Level, Levels, Partition};
use ghostlight_servers::NatsServer;

use crate::laws::{begun, next, rig, soon};
use crate::support::{connection, server_with, until};

/// The largest message of the servers here, headers included.
const MAX: usize = 16 << 10;

async fn connected() -> (NatsServer, Connection) {
    let server = server_with(&format!("max_payload: {MAX}")).await;
    let connection = connection(&server.url()).await;
    until("the server is known", async || connection.max_payload() == Some(MAX)).await;
    (server, connection)
}

/// An entry that sets so many dimmers.
fn wide(dimmers: u16) -> Entry {
    let level = Level::from_hundredths(5_000);
    Entry::new(Change::from((1..=dimmers).map(|dimmer| (Dimmer::new(dimmer).unwrap(), level)).collect::<Levels>()))
}

#[tokio::test]
async fn an_entry_is_taken_whole_or_known_to_be_too_large() {
    let (_server, connection) = connected().await;
    let log = NatsLog::new(connection, StreamSettings::default());
    let (start, mut entries) = begun(&log).await;
    let main = rig("main");
    // From well below the limit to well above it, in steps smaller than an entry's headers.
    let around = (1..).map(wide).skip_while(|entry| encode_entry(entry).len() + 400 < MAX).take(60);
    let (mut taken, mut refused) = (0, 0);
    for sent in around {
        match soon("the append", log.append(&main, &sent, start)).await {
            Ok(_) => {
                assert_eq!(refused, 0, "a smaller one was too large");
                assert_eq!(next(entries.as_mut()).await.entry, sent);
                taken += 1;
            }
            Err(AppendError::TooLarge(most)) => {
                assert_eq!(most, MAX);
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(taken > 0 && refused > 0, "{taken} {refused}");
}

#[tokio::test]
async fn an_answer_of_any_size_arrives_whole() {
    let (server, asking) = connected().await;
    let asking = NatsEcho::new(asking, Partition::default());
    let answering = NatsEcho::new(connection(&server.url()).await, Partition::default());
    let mut requests = soon("the requests", answering.requests()).await.unwrap();
    for size in [0, 1, MAX - 5_000, MAX - 4_096, MAX - 100, MAX, MAX + 1, 2 * (MAX - 4_096), 20 * MAX] {
        let text: String =
            (0_u32..).flat_map(|number| number.to_string().into_bytes()).take(size).map(char::from).collect();
        let answer = async {
            let request = soon("a question", requests.next()).await.unwrap();
            request.answer(text.clone().into());
        };
        let asked = join(asking.ask(Question::Snapshot(rig("main"), Interest::default())), answer);
        let (answer, ()) = soon("the answer", asked).await;
        assert!(answer == Ok(text.into()), "{size} bytes");
    }
}

#[tokio::test]
async fn an_answer_of_which_a_part_is_lost_is_asked_for_again() {
    let (server, asking) = connected().await;
    let asking = NatsEcho::new(asking, Partition::default());
    let service = soon("the connection", async_nats::connect(server.url())).await.unwrap();
    let mut questions = service.subscribe(subjects::all_snapshots(Partition::default())).await.unwrap();
    service.flush().await.unwrap();
    let answering = async {
        for sent in [vec![0, 2], vec![0, 1], vec![0, 1, 2]] {
            let to = soon("a question", questions.next()).await.unwrap().reply.unwrap();
            for part in sent {
                let (text, after) = [("{\"1\":5", 8), ("0,\"2\":", 2), ("0}", 0)][part];
                let mut headers = HeaderMap::new();
                if after > 0 {
                    headers.insert(subjects::MORE, after.to_string());
                }
                service.publish_with_headers(to.clone(), headers, text.into()).await.unwrap();
            }
        }
    };
    let asked = async {
        loop {
            if let Ok(answer) = asking.ask(Question::Snapshot(rig("main"), Interest::default())).await {
                return answer;
            }
        }
    };
    let (answer, ()) = soon("the answer", join(asked, answering)).await;
    assert_eq!(answer, "{\"1\":50,\"2\":0}");
}
