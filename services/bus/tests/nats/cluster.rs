//! Three servers that are one: any of them may go, or be cut off from the others.

use std::time::Duration;

use async_nats::jetstream;
use ghostlight_bus::nats::{NatsLog, StreamSettings};
use ghostlight_bus::{AppendError, Entries, Log};
use ghostlight_proto::subjects;
use ghostlight_rig::{Entry, LogPosition, Partition, Position, Revision};
use ghostlight_servers::{NatsCluster, NatsOptions, Proxy};
use tokio::time::{Instant, timeout};

use crate::laws::{entry, logged, rig};
use crate::support::{connection, entries_held};

/// Choosing a leader takes its time, and more of it on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for something that takes servers to agree.
async fn late<F: Future>(what: &str, future: F) -> F::Output {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Asks again until there is an answer.
async fn answer<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    late(what, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

/// A log in a stream that all servers keep, reached through these.
async fn log_at(urls: &str) -> NatsLog {
    NatsLog::new(connection(urls).await, StreamSettings { replicas: 3, ..StreamSettings::default() })
}

/// Servers, the way to each of which can be cut, and a log that is reached through them.
struct Joined {
    cluster: NatsCluster,
    ways: Vec<Proxy>,
}

impl Joined {
    async fn start() -> Self {
        let mut cluster = NatsCluster::start(&NatsOptions::default()).await.unwrap();
        let addresses: Vec<_> = (0..NatsCluster::NODES).map(|number| cluster.node(number).address()).collect();
        let ways = addresses.into_iter().map(|address| Proxy::to(address).unwrap()).collect();
        Self { cluster, ways }
    }

    /// A log that may be reached through any server, and is reached through this one at first.
    async fn log_through(&self, number: usize) -> NatsLog {
        let others = || self.ways.iter().enumerate().filter(|(other, _)| *other != number);
        others().for_each(|(_, way)| way.cut());
        let urls: Vec<_> = self.ways.iter().map(|way| format!("nats://{}", way.address())).collect();
        let log = log_at(&urls.join(",")).await;
        answer("the order to begin", async || log.begin(LogPosition::default()).await.ok()).await;
        others().for_each(|(_, way)| way.heal());
        log
    }

    /// The server that leads the stream, as those that are asked through this one see it.
    async fn leader_through(&mut self, number: usize) -> usize {
        let client = late("the connection", async_nats::connect(self.cluster.node(number).url())).await.unwrap();
        let jetstream = jetstream::new(client);
        let leader = answer("a leader of the stream", async || {
            let stream = jetstream.get_stream(subjects::stream(Partition::default())).await.ok()?;
            stream.cached_info().cluster.as_ref()?.leader.clone()
        });
        self.cluster.number_of(&leader.await).unwrap()
    }
}

/// Begins an order and reads it.
async fn begun(log: &NatsLog) -> (Position, Box<dyn Entries>) {
    let mark = answer("the order to begin", async || log.begin(LogPosition::default()).await.ok()).await;
    (mark.position, answer("the reader", async || log.read(mark).await.ok()).await)
}

/// Appends entries one after the other, each once. Those whose end is known, and those whose end is not.
async fn append(log: &NatsLog, start: Position, numbers: std::ops::Range<u16>) -> (Vec<(Revision, Entry)>, Vec<Entry>) {
    let (main, mut landed, mut unknown) = (rig("main"), Vec::new(), Vec::new());
    for number in numbers {
        let sent = entry(number);
        match late("the append", log.append(&main, &sent, start)).await {
            Ok(position) => landed.push((position.revision, sent)),
            Err(AppendError::Unknown) => unknown.push(sent),
            Err(_) => {}
        }
    }
    (landed, unknown)
}

/// Reads up to an entry, this one included.
async fn read_to(entries: &mut dyn Entries, last: &Entry) -> Vec<(Revision, Entry)> {
    let mut read = Vec::new();
    while read.last().is_none_or(|(_, entry)| entry != last) {
        let logged = logged(late("an entry", entries.next()).await.unwrap());
        read.push((logged.revision, logged.entry));
    }
    read
}

/// All that landed was read, where its append says, and once; what may have landed was read once at most.
fn assert_whole(read: &[(Revision, Entry)], landed: &[(Revision, Entry)], unknown: &[Entry]) {
    assert!(read.is_sorted_by(|a, b| a.0 < b.0), "{read:?}");
    for one in landed {
        assert!(read.contains(one), "{one:?} is not in {read:?}");
    }
    for (_, entry) in read {
        let times = read.iter().filter(|(_, other)| other == entry).count();
        assert!(times == 1 || entry == &self::entry(LAST), "{entry:?} is there {times} times");
        assert!(unknown.contains(entry) || landed.iter().any(|(_, other)| other == entry), "{entry:?} was refused");
    }
}

/// The entry that is appended last.
const LAST: u16 = 9_999;

#[tokio::test]
async fn the_server_that_leads_the_stream_may_be_killed() {
    let mut joined = Joined::start().await;
    let log = log_at(&joined.cluster.urls().join(",")).await;
    let (start, mut entries) = begun(&log).await;
    let (mut landed, mut unknown) = append(&log, start, 0..10).await;
    assert_eq!((landed.len(), unknown.len()), (10, 0));

    let leader = joined.leader_through(0).await;
    joined.cluster.node(leader).kill().await.unwrap();
    let killed = Instant::now();
    let (first, lost) = append(&log, start, 10..11).await;
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    landed.extend(first);
    unknown.extend(lost);
    let (more, lost) = append(&log, start, 11..30).await;
    landed.extend(more);
    unknown.extend(lost);
    let last = answer("an append", async || log.append(&rig("main"), &entry(LAST), start).await.ok()).await;
    landed.push((last.revision, entry(LAST)));

    let read = read_to(entries.as_mut(), &entry(LAST)).await;
    assert_whole(&read, &landed, &unknown);
    let other = joined.cluster.node((leader + 1) % NatsCluster::NODES).url();
    assert_eq!(entries_held(&other).await, read.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>());
}

/// The longest time that servers take to elect a leader.
const ELECTION: Duration = Duration::from_secs(9);

/// To leave it would cut the echo, and the stream answers on no other server either.
#[tokio::test]
async fn a_server_that_works_is_not_left_while_a_leader_is_elected() {
    let mut joined = Joined::start().await;
    begun(&log_at(&joined.cluster.urls().join(",")).await).await;
    // An election whose votes have to be repeated takes longer; then another one is looked at.
    for _ in 0..5 {
        let leader = joined.leader_through(0).await;
        let number = (leader + 1) % NatsCluster::NODES;
        let connection = connection(&joined.cluster.node(number).url()).await;
        let log = NatsLog::new(connection.clone(), StreamSettings { replicas: 3, ..StreamSettings::default() });
        let (start, _) = begun(&log).await;
        // As a machine that is dead: the others notice nothing but silence.
        joined.cluster.stall(leader);
        let stalled = Instant::now();
        answer("an append", async || log.append(&rig("main"), &entry(LAST), start).await.ok()).await;
        let (took, cuts) = (stalled.elapsed(), connection.standing().cuts);
        assert_ne!(joined.leader_through(number).await, leader);
        joined.cluster.heal(leader);
        late("all are one again", joined.cluster.wait_ready()).await.unwrap();
        if took < ELECTION {
            return assert_eq!(cuts, 0, "{took:?}");
        }
    }
    panic!("every election took longer than {ELECTION:?}");
}

#[tokio::test]
async fn a_server_that_is_cut_off_from_the_others_is_left() {
    a_server_is_left(NatsCluster::cut_off).await;
}

/// It does not lead the stream, so it tells at once that the stream has no leader.
#[tokio::test]
async fn a_server_that_is_cut_off_from_the_leader_is_left() {
    let mut joined = Joined::start().await;
    begun(&log_at(&joined.cluster.urls().join(",")).await).await;
    let number = (joined.leader_through(0).await + 1) % NatsCluster::NODES;
    let log = joined.log_through(number).await;
    let (start, _) = begun(&log).await;
    joined.cluster.cut_off(number);
    answer("an append", async || log.append(&rig("main"), &entry(LAST), start).await.ok()).await;
}

#[tokio::test]
async fn a_server_that_no_longer_hears_the_others_is_left() {
    a_server_is_left(NatsCluster::stall).await;
}

async fn a_server_is_left(cut: impl Fn(&NatsCluster, usize)) {
    let mut joined = Joined::start().await;
    begun(&log_at(&joined.cluster.urls().join(",")).await).await;
    // The worst of all: the one that leads the stream.
    let leader = joined.leader_through(0).await;
    let log = joined.log_through(leader).await;
    let (start, mut entries) = begun(&log).await;
    let (mut landed, mut unknown) = append(&log, start, 0..10).await;
    assert_eq!((landed.len(), unknown.len()), (10, 0));

    cut(&joined.cluster, leader);
    let (more, lost) = append(&log, start, 10..13).await;
    landed.extend(more);
    unknown.extend(lost);
    let last = answer("an append", async || log.append(&rig("main"), &entry(LAST), start).await.ok()).await;
    landed.push((last.revision, entry(LAST)));
    let read = read_to(entries.as_mut(), &entry(LAST)).await;
    assert_whole(&read, &landed, &unknown);

    // What the one that was cut off held for itself does not come up when it is back.
    joined.cluster.heal(leader);
    late("all are one again", joined.cluster.wait_ready()).await.unwrap();
    let all = read.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>();
    let url = joined.cluster.node(leader).url();
    answer("it holds what the others hold", async || (entries_held(&url).await == all).then_some(())).await;
}

#[tokio::test]
async fn a_leader_that_is_cut_off_is_not_believed_that_entries_are_lost() {
    let mut joined = Joined::start().await;
    let other_log = log_at(&joined.cluster.urls().join(",")).await;
    let (start, _) = begun(&other_log).await;
    let leader = joined.leader_through(0).await;
    let others: Vec<_> = (0..NatsCluster::NODES).filter(|number| *number != leader).collect();
    // One that only knows the leader, and one that only knows the others.
    let log = log_at(&joined.cluster.node(leader).url()).await;
    let urls: Vec<_> = others.iter().map(|number| joined.cluster.node(*number).url()).collect();
    let other_log = log_at(&urls.join(",")).await;
    let (_, mut other_entries) = begun(&other_log).await;
    let (_, mut entries) = begun(&log).await;
    let (landed, _) = append(&log, start, 0..5).await;
    assert_eq!(landed.len(), 5);
    read_to(other_entries.as_mut(), &entry(4)).await;
    read_to(entries.as_mut(), &entry(4)).await;

    joined.cluster.cut_off(leader);
    let appending = answer("an append", async || other_log.append(&rig("main"), &entry(10), start).await.ok());
    let newest = tokio::select! {
        _ = appending => late("the entry", other_entries.next()).await.unwrap(),
        read = entries.next() => panic!("{read:?}"),
    };
    let newest = logged(newest);
    let newest = LogPosition { position: Position { revision: newest.revision, ..start }, stamp: newest.stamp };
    // Whoever has read that and now comes to the one that was cut off is not told that it is gone.
    let mut reader = None;
    let asking = async {
        for _ in 0..20 {
            let begun = log.begin(newest).await;
            assert!(begun.as_ref().is_ok_and(|mark| *mark == newest) || begun.is_err(), "{begun:?}");
            if let Ok(new) = log.read(newest).await {
                reader = Some(new);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = late("the answers", asking) => {}
        read = entries.next() => panic!("{read:?}"),
    }
    assert!(reader.is_none(), "it is read where nobody leads");

    joined.cluster.heal(leader);
    assert_eq!(read_to(entries.as_mut(), &entry(10)).await.len(), 1);
    assert_eq!(answer("the order to begin", async || log.begin(newest).await.ok()).await, newest);
}
